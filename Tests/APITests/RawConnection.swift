// A client's socket for tests that are no good client: it sends what it is told, when it is told.

import Client
import Foundation
import Wire

@testable import API

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

struct SocketFailure: Error, CustomStringConvertible {
  var description: String
}

/// One TCP connection to this machine. Its waits block threads of their own.
final class RawConnection: Sendable {
  /// What a wait for the server may take at most.
  static let patienceMilliseconds: Int32 = 20_000

  private let descriptor: Int32

  /// `receiveBuffer` bounds what the kernel takes in for a client that does not read. The client's
  /// address is 127.0.0.`lastByte`.
  init(port: Int, from lastByte: UInt8 = 1, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw SocketFailure(description: "no socket") }
    if var size = receiveBuffer {
      setsockopt(
        descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    let result =
      lastByte == 1
      ? 0
      : Self.withAddress(lastByte, port: 0) { bind(descriptor, $0, $1) }
    guard result == 0, Self.withAddress(1, port: port, { connect(descriptor, $0, $1) }) == 0 else {
      throw SocketFailure(description: "no connection: \(errno)")
    }
  }

  private static func withAddress(
    _ lastByte: UInt8, port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = (UInt32(0x7f00_0000) + UInt32(lastByte)).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  deinit { close(descriptor) }

  /// Sends what the kernel takes without waiting; false where not all of it.
  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      == bytes.count
  }

  /// No more is sent.
  func finish() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// What came until `isEnough` of it, or until the server closed; throws where neither happens.
  func receive(until isEnough: @escaping @Sendable (String) -> Bool) async throws -> String {
    try await blocking { [self] in
      var text = ""
      while !isEnough(text) {
        guard let more = try receiveOnce(Self.patienceMilliseconds) else {
          throw SocketFailure(description: "nothing more came after: \(text)")
        }
        if more.isEmpty { return text }
        text += String(decoding: more, as: UTF8.self)
      }
      return text
    }
  }

  /// One answer: its head, and a body of the length that the head names.
  func answer() async throws -> String {
    try await receive { text in
      guard let end = text.range(of: "\r\n\r\n") else { return false }
      if text.hasPrefix("HTTP/1.1 100") { return true }
      guard let field = text.range(of: "\r\ncontent-length: ", options: .caseInsensitive),
        field.upperBound < end.lowerBound,
        let length = Int(text[field.upperBound...].prefix { $0.isNumber })
      else { return true }
      return text[end.upperBound...].utf8.count >= length
    }
  }

  /// Waits until the server has closed; throws where it does not. What comes before is dropped.
  func closed() async throws { _ = try await receive { _ in false } }

  /// Waits for the server's reset and reads nothing; false where another end comes, or none.
  func isReset() async throws -> Bool {
    try await blocking { [self] in
      var wait = pollfd(fd: descriptor, events: 0, revents: 0)
      guard poll(&wait, 1, Self.patienceMilliseconds) > 0 else { return false }
      var error: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
      return error == ECONNRESET
    }
  }

  /// Waits as `closed` and sends one more byte each time that nothing happens for a while.
  func closedWhileTrickling(_ byte: UInt8, everyMilliseconds wait: Int32) async throws {
    try await blocking { [self] in
      for _ in 0..<Self.patienceMilliseconds / wait {
        if let more = try receiveOnce(wait) {
          if more.isEmpty { return }
        } else {
          send([byte])
        }
      }
      throw SocketFailure(description: "the server let it trickle on")
    }
  }

  /// Nil where nothing came in time; empty at the end.
  private func receiveOnce(_ milliseconds: Int32) throws -> [UInt8]? {
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&wait, 1, milliseconds) > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    // A reset is an end too.
    return count > 0 ? Array(bytes[..<count]) : []
  }

  private func blocking<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }
}

extension Venue {
  func connect(from lastByte: UInt8 = 1, receiveBuffer: Int32? = nil) throws -> RawConnection {
    try RawConnection(port: port, from: lastByte, receiveBuffer: receiveBuffer)
  }

  /// A signed request's head, for a body of which only the digest is known.
  func head(
    _ method: String, _ target: String, body: [UInt8] = [], as name: String,
    _ lines: [String] = []
  ) -> String {
    guard
      let fields = try? Self.signer(name).sign(
        method: method, target: target, body: body, created: clock.seconds)
    else { preconditionFailure("a test's target holds a control character") }
    let all =
      ["\(method) \(target) HTTP/1.1", "Host: test"] + lines
      + fields.all.map { "\($0.name): \($0.value)" }
    return all.joined(separator: "\r\n") + "\r\n\r\n"
  }
}
