// The program's end: within ten seconds, whoever would hold it up.

import Client
import Foundation
import Glibc
import Testing
import Wire

@Suite struct StopTests {
  /// On default settings: connections that say nothing, half a head, half a body, a stream that
  /// nobody reads and answers that nobody takes.
  @Test func aStopEndsWithinTenSecondsWhateverClientsDo() async throws {
    try await ExchangeProcess.with { exchange in
      try await exchange.start()
      let port = try #require(exchange.api.flatMap { URL(string: $0)?.port })
      var clients: [SilentClient] = []
      for _ in 0..<20 { clients.append(try SilentClient(port: port)) }
      clients[0].send("GET /healthz HTTP/1.1\r\n")
      let fields = try exchange.operatorSigner().sign(
        method: "POST", target: "/v1/operator/users", body: Array(repeating: 0x20, count: 1_000),
        created: Int64(Date().timeIntervalSince1970))
      clients[1].send(
        "POST /v1/operator/users HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n"
          + fields.all.map { "\($0.name): \($0.value)\r\n" }.joined()
          + "Expect: 100-continue\r\n\r\n")
      #expect(try await clients[1].hears("100 Continue"))
      clients[1].send("{")
      clients[2].send("GET /v1/markets/ETH-USDC/events HTTP/1.1\r\nHost: test\r\n\r\n")
      #expect(try await clients[2].hears("200 OK"))
      clients[3].send(
        String(repeating: "GET /v1/openapi.json HTTP/1.1\r\nHost: test\r\n\r\n", count: 50))
      #expect(try await clients[3].hears("200 OK"))
      #expect(try await exchange.terminate() == 0)
      #expect(exchange.printed.contains("all of it is durable"))
      #expect(clients.count == 20)
    }
  }

  /// Servers beside it that hang: it is cut then, and says so.
  @Test func aStopEndsWithinTenSecondsWhateverServersDo() async throws {
    try await ExchangeProcess.with { exchange in
      try await exchange.start()
      var stopped: [Int32] = []
      defer { for child in stopped { kill(child, SIGKILL) } }
      for program in ["deno", "postgres"] {
        stopped += try exchange.signalChildren(named: program, SIGSTOP)
      }
      #expect(try await exchange.terminate() == 75)
      #expect(exchange.printed.contains("the stop was cut after 9 s"))
    }
  }
}

/// A socket that sends what it is told and reads no more than it must.
private final class SilentClient {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    // What the kernel takes in for it is little.
    var size: Int32 = 4_096
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw TestFailure("no connection: errno \(errno)") }
  }

  deinit { close(descriptor) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }

  /// Looks at what came first, and leaves it unread.
  func hears(_ text: String) async throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 256)
    try await wait("an answer") {
      let count = recv(
        descriptor, &buffer, buffer.count, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
      return count >= 12 + text.utf8.count
    }
    return String(decoding: buffer, as: UTF8.self).contains(text)
  }
}
