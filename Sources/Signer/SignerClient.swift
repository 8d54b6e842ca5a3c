// The exchange's end of the signer's socket.

public import Ethereum
internal import Formats
internal import Glibc
internal import Synchronization

/// Asks a signer to sign, and believes nothing: what comes back must be the transaction asked for,
/// signed by the account that is expected.
///
/// **Every call blocks** until the answer, an error or the timeout: call from a thread of its own,
/// and never on Swift's cooperative pool. Calls from several threads go one after another. After a
/// failure the next call connects anew; asking for the same transaction again is always safe, and
/// gives the same bytes.
public final class SignerClient: Sendable {
  private let path: String
  private let timeoutMilliseconds: Int64
  private let state: Mutex<State>

  private struct State: Sendable {
    /// -1 while there is no connection.
    var descriptor: Int32 = -1
    var account: Address?
    /// Whether what is connected has said that it is the account's, and speaks our protocol.
    var isGreeted = false
  }

  /// Does not connect yet.
  /// - Parameters:
  ///   - account: whose signatures are expected; nil for the account of the first answer to
  ///     `hello`, which is kept.
  ///   - timeoutMilliseconds: of a call, without the wait for calls before it.
  public init(socketPath: String, account: Address? = nil, timeoutMilliseconds: Int = 5_000) {
    path = socketPath
    self.timeoutMilliseconds = Int64(timeoutMilliseconds)
    state = Mutex(State(account: account))
  }

  deinit { state.withLock { Self.disconnect(&$0) } }

  /// Whose key the signer holds, and for which chain. Blocks.
  public func hello() throws(SignerError) -> SignerIdentity {
    try state.withLock { state throws(SignerError) in try hello(&state) }
  }

  /// The transaction with its signature. Blocks.
  ///
  /// `.refused` is the signer's last word until its policy, its day's sums or the transaction
  /// change; after `.unavailable` it is not known whether it was signed: ask again.
  public func sign(_ transaction: Transaction1559) throws(SignerError) -> SignedTransaction {
    try state.withLock { state throws(SignerError) in try sign(transaction, &state) }
  }

  /// Whether `sign` would sign the transaction now, at the nonce that it has: returns, or throws
  /// `.refused` with what `sign` would say. Blocks.
  ///
  /// The signer keeps nothing of it, so it promises nothing: until `sign` is called, time and other
  /// payments go on. For a transaction that is not to be signed yet, at the nonce it would have.
  public func check(_ transaction: Transaction1559) throws(SignerError) {
    try state.withLock { state throws(SignerError) in
      // A signature proves who answers and that it was understood; this answer proves nothing.
      if !state.isGreeted { _ = try hello(&state) }
      let answer = try ask(.check(unsigned: transaction.signingPayload), &state)
      do throws(JSONError) { try answer.finish() } catch {
        Self.disconnect(&state)
        throw .wrongAnswer(error.description)
      }
    }
  }

  private func sign(
    _ transaction: Transaction1559, _ state: inout State
  ) throws(SignerError) -> SignedTransaction {
    let account: Address
    if let known = state.account { account = known } else { account = try hello(&state).address }
    var answer = try ask(.sign(unsigned: transaction.signingPayload), &state)
    do throws(JSONError) {
      let raw = try answer.text("raw")
      let hash = try answer.text("hash")
      try answer.finish()
      guard let bytes = try? Hex.decode(raw), let signed = try? SignedTransaction(raw: bytes)
      else { throw JSONError("raw is no signed transaction") }
      guard signed.transaction == transaction else { throw JSONError("another transaction") }
      guard signed.sender == account else { throw JSONError("signed by \(signed.sender)") }
      guard Hash32(hex: hash) == signed.hash else { throw JSONError("another hash") }
      return signed
    } catch {
      Self.disconnect(&state)
      throw .wrongAnswer(error.description)
    }
  }

  private func hello(_ state: inout State) throws(SignerError) -> SignerIdentity {
    var answer = try ask(.hello, &state)
    do throws(JSONError) {
      let text = try answer.text("address")
      guard let address = try? Address(text) else { throw JSONError("address is none") }
      let identity = SignerIdentity(address: address, chainID: try answer.integer("chain_id"))
      guard try answer.integer("protocol") == SignerProtocol.version else {
        throw JSONError("another protocol")
      }
      try answer.finish()
      guard state.account == nil || state.account == address else {
        throw JSONError("the key of \(address)")
      }
      state.account = address
      state.isGreeted = true
      return identity
    } catch {
      Self.disconnect(&state)
      throw .wrongAnswer(error.description)
    }
  }

  // MARK: One exchange of frames

  /// The fields of `ok`.
  private func ask(
    _ request: SignerProtocol.Request, _ state: inout State
  ) throws(SignerError) -> SignerFields {
    let deadline = UnixSocket.milliseconds() + timeoutMilliseconds
    let body: [UInt8]
    do throws(SignerError) {
      try connect(&state)
      let frame = SignerProtocol.frame(request.json)
      guard frame.count <= SignerProtocol.headByteCount + SignerProtocol.maximumByteCount else {
        throw .refused(code: SignerRefusal.malformed.rawValue, message: "too long for a request")
      }
      try send(frame, state.descriptor, deadline)
      let head = try receive(SignerProtocol.headByteCount, state.descriptor, deadline)
      let count = Int(UInt32(bigEndianBytes: head[...]))
      guard count <= SignerProtocol.maximumByteCount else { throw .wrongAnswer("a frame too long") }
      body = try receive(count, state.descriptor, deadline)
    } catch {
      Self.disconnect(&state)
      throw error
    }
    let refusal: SignerError
    do throws(JSONError) {
      var fields = try SignerFields(parsing: body, .signer)
      if let ok = fields.take("ok") {
        try fields.finish()
        return try SignerFields(ok)
      }
      guard let refused = fields.take("refused") else { throw JSONError("no answer") }
      try fields.finish()
      var words = try SignerFields(refused)
      refusal = .refused(code: try words.text("code"), message: try words.text("message"))
      try words.finish()
    } catch {
      Self.disconnect(&state)
      throw .wrongAnswer(error.description)
    }
    throw refusal
  }

  /// Uses the connection that is there, unless the signer has closed it.
  private func connect(_ state: inout State) throws(SignerError) {
    if state.descriptor >= 0 {
      var polled = pollfd(fd: state.descriptor, events: Int16(POLLIN), revents: 0)
      // Between calls nothing may arrive.
      if poll(&polled, 1, 0) == 0 { return }
      Self.disconnect(&state)
    }
    do throws(FileFault) {
      let descriptor = try UnixSocket.make()
      guard UnixSocket.connect(descriptor, to: path) else { throw .last("connect") }
      state.descriptor = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0)
      guard state.descriptor >= 0 else { throw .last("fcntl") }
    } catch { throw .unavailable("\(path): \(error)") }
  }

  private static func disconnect(_ state: inout State) {
    if state.descriptor >= 0 { close(state.descriptor) }
    state.descriptor = -1
    state.isGreeted = false
  }

  private func send(
    _ bytes: [UInt8], _ descriptor: Int32, _ deadline: Int64
  ) throws(SignerError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      try wait(POLLOUT, descriptor, deadline)
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno != EAGAIN && errno != EINTR {
        throw .unavailable("send: \(UnixSocket.reason(errno))")
      }
    }
  }

  private func receive(
    _ count: Int, _ descriptor: Int32, _ deadline: Int64
  ) throws(SignerError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      try wait(POLLIN, descriptor, deadline)
      var piece = [UInt8](repeating: 0, count: count - bytes.count)
      let received = recv(descriptor, &piece, piece.count, 0)
      if received > 0 {
        bytes += piece.prefix(received)
      } else if received == 0 {
        throw .unavailable("the signer has closed the connection")
      } else if errno != EAGAIN && errno != EINTR {
        throw .unavailable("recv: \(UnixSocket.reason(errno))")
      }
    }
    return bytes
  }

  private func wait(
    _ events: Int32, _ descriptor: Int32, _ deadline: Int64
  ) throws(SignerError) {
    while true {
      let left = deadline - UnixSocket.milliseconds()
      guard left > 0 else {
        throw .unavailable("no answer within \(timeoutMilliseconds) ms")
      }
      var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      let count = poll(&polled, 1, Int32(clamping: left))
      if count > 0 { return }
      guard count == 0 || errno == EINTR else {
        throw .unavailable("poll: \(UnixSocket.reason(errno))")
      }
    }
  }
}

/// Why there is no signed transaction.
public enum SignerError: Error, Equatable, Sendable {
  /// No signer, no answer in time, or the connection broke. Whether it was signed is not known: ask
  /// again for the same transaction.
  case unavailable(String)
  /// The signer's answer is no. The codes are `SignerRefusal`'s; a newer signer may know more.
  case refused(code: String, message: String)
  /// What answered is not the signer that is expected, or is wrong: do not ask again, look.
  case wrongAnswer(String)
}
