// The signer's end of the socket: frames in, judged, written down, signed, frames out.

public import Ethereum
internal import Foundation
internal import Glibc
internal import Synchronization

/// A frame: four bytes of length, most significant first, then JSON.
enum SignerFrame {
  /// A transaction with 64 KB of data in hex; the exchange's have a few hundred bytes.
  static let maximumBytes = 256 << 10

  static func write(_ descriptor: Int32, _ message: [UInt8]) -> Bool {
    let count = UInt32(message.count)
    let head = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> UInt32($0)) }
    return PrivateFile.write(descriptor, head + message)
  }

  /// Nil where the peer went, was too slow, or said too much.
  static func read(_ descriptor: Int32) -> [UInt8]? {
    guard let head = take(descriptor, 4) else { return nil }
    let count = head.reduce(0) { $0 << 8 | Int($1) }
    guard count > 0, count <= maximumBytes else { return nil }
    return take(descriptor, count)
  }

  private static func take(_ descriptor: Int32, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes {
        recv(descriptor, $0.baseAddress! + filled, count - filled, 0)
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      filled += got
    }
    return bytes
  }

  static func setTimeout(_ descriptor: Int32, seconds: Int) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  /// Calls `body` with the address of a socket's path; nil where the path is too long for one.
  static func withAddress<R>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}

struct SignerRequest: Codable {
  /// `hello` or `sign`.
  var op: String
  /// Of `sign`: the signing payload in hex.
  var unsigned: String?
}

struct SignerAnswer: Codable {
  struct Hello: Codable {
    var address: String
    var chainID: UInt64
    var protocolVersion: Int
  }

  struct Refused: Codable {
    var code: String
    var message: String
  }

  var hello: Hello?
  /// The signed transaction in hex.
  var raw: String?
  var refused: Refused?
}

/// Signs what the rules allow. One request at a time, so that two cannot pass the same limit.
public final class SignerServer: Sendable {
  /// The exchange has one connection, an operator's look another.
  static let maximumConnections = 8
  /// A peer that sends half a frame is cut off; one that is silent between frames stays.
  static let frameSeconds = 10

  private struct State: ~Copyable {
    let key: SecretKey
    var rules: SignerRules
    let log: SignerLog
    /// A record that may or may not be in the file: nothing is signed after it.
    var isBroken = false
  }

  private let state: Mutex<State>
  private let path: String
  private let socket: Int32
  /// The user whose processes may ask.
  private let peer: UInt32
  private let connections = Mutex<Set<Int32>>([])
  private let isStopping = Mutex(false)
  private let clock: @Sendable () -> Int64
  public let address: Address

  /// Opens the log and listens.
  /// - Parameter peer: the user that the exchange runs as; our own where none is given. Another user cannot
  ///   read our files, which is better.
  /// - Parameter clock: seconds since 1970; the machine's where none is given.
  public init(
    key: consuming SecretKey, policy: SignerPolicy, log: String, socket path: String,
    peer: UInt32? = nil, clock: (@Sendable () -> Int64)? = nil
  ) throws(SignerFileError) {
    self.peer = peer ?? geteuid()
    address = key.address
    self.path = path
    self.clock = clock ?? { Int64(Date().timeIntervalSince1970) }
    var rules = SignerRules(policy: policy, wallet: key.address)
    let signed = try SignerLog(path: log, wallet: key.address, chainID: policy.chainID) {
      rules.record($0)
    }
    socket = try Self.listen(path, isShared: self.peer != geteuid())
    state = Mutex(State(key: key, rules: rules, log: signed))
  }

  private static func listen(
    _ path: String, isShared: Bool
  ) throws(SignerFileError) -> Int32 {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
    var status = stat()
    guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == geteuid(), status.st_mode & (isShared ? 0o022 : 0o077) == 0
    else {
      throw SignerFileError(
        directory,
        "must be a directory of this user's that others cannot "
          + (isShared ? "write" : "enter: mode 0700"))
    }
    // A socket that nobody answers was left by a signer that was killed.
    if lstat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFSOCK else {
        throw SignerFileError(path, "is there and is no socket")
      }
      let probe = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(probe) }
      let isAnswered = SignerFrame.withAddress(path) { connect(probe, $0, $1) == 0 } ?? false
      guard !isAnswered else { throw SignerFileError(path, "another signer listens there") }
      unlink(path)
    }
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = Glibc.socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { throw PrivateFile.failure(path, "no socket") }
    // No instant at which others could connect; where another user may, the kernel tells who asks.
    let mask = umask(isShared ? 0 : 0o177)
    defer { umask(mask) }
    guard
      SignerFrame.withAddress(path, { bind(descriptor, $0, $1) == 0 }) ?? false,
      Glibc.listen(descriptor, 8) == 0
    else {
      close(descriptor)
      throw PrivateFile.failure(path, "cannot listen")
    }
    return descriptor
  }

  /// Serves until `stop`. Blocks.
  public func run() {
    while !isStopping.withLock({ $0 }) {
      let peer = accept(socket, nil, nil)
      guard peer >= 0 else {
        if errno == EINTR || errno == ECONNABORTED { continue }
        break
      }
      let isTaken = connections.withLock { open in
        guard open.count < Self.maximumConnections else { return false }
        open.insert(peer)
        return true
      }
      guard isTaken, isAllowed(peer) else {
        if isTaken { connections.withLock { _ = $0.remove(peer) } }
        close(peer)
        continue
      }
      Thread.detachNewThread { [self] in
        serve(peer)
        connections.withLock { _ = $0.remove(peer) }
        close(peer)
      }
    }
    close(socket)
    unlink(path)
  }

  /// Ends `run`; requests in hand are answered.
  public func stop() {
    isStopping.withLock { $0 = true }
    shutdown(socket, Int32(SHUT_RDWR))
    for peer in connections.withLock({ $0 }) { shutdown(peer, Int32(SHUT_RD)) }
  }

  /// The kernel says whose process it is.
  private func isAllowed(_ connection: Int32) -> Bool {
    // `struct ucred`: process, user, group.
    var credentials: (UInt32, UInt32, UInt32) = (0, .max, .max)
    var size = socklen_t(MemoryLayout.size(ofValue: credentials))
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0
      && credentials.1 == peer
  }

  private func serve(_ peer: Int32) {
    while !isStopping.withLock({ $0 }) {
      // Silence is fine; half a frame is not.
      SignerFrame.setTimeout(peer, seconds: 0)
      var first: UInt8 = 0
      guard recv(peer, &first, 1, Int32(MSG_PEEK)) == 1 else { return }
      SignerFrame.setTimeout(peer, seconds: Self.frameSeconds)
      guard let message = SignerFrame.read(peer) else { return }
      let answer = self.answer(message)
      guard let bytes = try? JSONEncoder().encode(answer), SignerFrame.write(peer, Array(bytes))
      else { return }
    }
  }

  private func answer(_ message: [UInt8]) -> SignerAnswer {
    guard let request = try? JSONDecoder().decode(SignerRequest.self, from: Data(message)) else {
      return Self.refusal(.malformed)
    }
    switch request.op {
    case "hello":
      let chainID = state.withLock { $0.rules.policy.chainID }
      return SignerAnswer(
        hello: .init(address: "\(address)", chainID: chainID, protocolVersion: 1))
    case "sign":
      guard let text = request.unsigned, let payload = try? Hex.decode(text),
        let transaction = try? Transaction1559(signingPayload: payload)
      else { return Self.refusal(.malformed) }
      return sign(transaction)
    default: return Self.refusal(.malformed)
    }
  }

  private static func refusal(_ refusal: SignerRefusal) -> SignerAnswer {
    SignerAnswer(refused: .init(code: refusal.rawValue, message: refusal.meaning))
  }

  private func sign(_ transaction: Transaction1559) -> SignerAnswer {
    state.withLock { state in
      do throws(SignerRefusal) {
        let record = try state.rules.judge(transaction, at: clock())
        guard !state.isBroken else { return Self.broken }
        do throws(SignerFileError) {
          try state.log.append(record)
        } catch {
          state.isBroken = true
          return Self.broken
        }
        state.rules.record(record)
        let signed = transaction.signed(by: state.key)
        // Once more from the bytes: what leaves is what was asked for, signed by this key.
        guard let again = try? SignedTransaction(raw: signed.raw), again.transaction == transaction,
          again.sender == address
        else { preconditionFailure("a signature that does not recover was about to leave") }
        return SignerAnswer(raw: Hex.encode(signed.raw))
      } catch {
        return Self.refusal(error)
      }
    }
  }

  private static let broken = SignerAnswer(
    refused: .init(code: "log_broken", message: "the signer's file cannot be written: restart it"))
}
