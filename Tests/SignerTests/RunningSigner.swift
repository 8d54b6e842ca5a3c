// A signer on a thread of the test, and peers that speak to it byte by byte.

import Ethereum
import Foundation
import Glibc
import Synchronization

@testable import Signer

/// A server that runs until its owner ends.
final class RunningSigner: Sendable {
  let path: String
  private let stopReader: Int32
  private let stopWriter: Int32
  private let ended = Outcome()

  /// - Parameters:
  ///   - user: who is answered; the tests' own user by default.
  ///   - isOther: whether the signer takes it for another than its own.
  init(
    in directory: TemporaryDirectory, policy: SignerPolicy, user: UInt32 = geteuid(),
    isOther: Bool = false, frameMilliseconds: Int64 = 5_000
  ) throws {
    let path = directory.file("socket")
    self.path = path
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Unexpected("no pipe") }
    let stop = ends[0]
    stopReader = stop
    stopWriter = ends[1]
    let log = directory.file("log")
    let (start, end) = (Outcome(), ended)
    Thread.detachNewThread {
      do {
        let desk = try SignerDesk(key: Accounts.key(), policy: policy, log: log, .fitting(log))
        var server = try SignerServer(
          path: path, desk: desk, peer: SignerServer.Peer(user: user, isOther: isOther),
          frameMilliseconds: frameMilliseconds)
        start.give(nil)
        do throws(SignerServerError) { try server.run(until: stop) } catch {
          end.give(error)
        }
      } catch {
        start.give(error)
      }
      end.give(nil)
    }
    if let error = start.wait() { throw error }
  }

  /// Ends it and waits; the error it ended with.
  @discardableResult func stop() -> (any Error)? {
    var byte: UInt8 = 1
    _ = write(stopWriter, &byte, 1)
    return ended.wait()
  }

  deinit {
    stop()
    close(stopWriter)
    close(stopReader)
  }
}

private final class Outcome: Sendable {
  private let error = Mutex<(any Error)?>(nil)
  private let isGiven = DispatchSemaphore(value: 0)

  /// The first error stays.
  func give(_ error: (any Error)?) {
    self.error.withLock { $0 = $0 ?? error }
    isGiven.signal()
  }

  func wait() -> (any Error)? {
    isGiven.wait()
    isGiven.signal()
    return error.withLock { $0 }
  }
}

/// A connection without manners.
final class RawPeer: Sendable {
  let descriptor: Int32

  init(_ path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let number = descriptor
    guard number >= 0, UnixSocket.call(path, { connect(number, $0, $1) }) else {
      throw Unexpected("no connection: errno \(errno)")
    }
    // An answer that does not come fails the test instead of holding it up.
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(
      number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// False where the other end is closed.
  @discardableResult func send(_ bytes: [UInt8]) -> Bool {
    Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }

  func send(text: String) { send(Self.head(text.utf8.count) + Array(text.utf8)) }

  static func head(_ count: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
  }

  /// Nil where the connection is closed before so many bytes.
  func receive(_ count: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < count {
      var piece = [UInt8](repeating: 0, count: count - bytes.count)
      let received = recv(descriptor, &piece, piece.count, 0)
      guard received > 0 else { return nil }
      bytes += piece.prefix(received)
    }
    return bytes
  }

  /// The next answer's text; nil where the connection is closed.
  func answer() -> String? {
    guard
      let head = receive(4), let body = receive(Int(UInt32(bigEndianBytes: head[...])))
    else { return nil }
    return String(decoding: body, as: UTF8.self)
  }

  func ask(_ text: String) -> String? {
    send(text: text)
    return answer()
  }

  /// Waits until the other end has closed it.
  func isClosed() -> Bool { receive(1) == nil && errno != EAGAIN }
}
