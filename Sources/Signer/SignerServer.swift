// The signer's door: one thread, one unix socket, a few connections that cannot hold up each other.

internal import CSigner
internal import Ethereum
internal import Formats
internal import Glibc

/// Answers requests over a unix socket until it is told to stop.
///
/// One loop on the caller's thread owns all connections and the desk, so requests are judged one
/// after another. It waits only in `poll` and for the disk.
public struct SignerServer: ~Copyable {
  enum Limits {
    /// The exchange needs one, an operator another.
    static let connections = 8
    /// From a frame's first byte to its last, and for an answer to be taken.
    static let frameMilliseconds: Int64 = 5_000
    static let backlog: Int32 = 16
  }

  /// Who is answered.
  struct Peer {
    let user: UInt32
    /// Not the signer's own: then the socket is within the reach of others, and the look at who has
    /// connected is what keeps them out.
    let isOther: Bool

    var socketMode: mode_t { isOther ? 0o666 : 0o600 }
  }

  private let path: String
  private let listener: Descriptor
  /// Device and number of the socket's file, which is removed at the end if it is still ours.
  private let file: (device: UInt64, number: UInt64)
  private var desk: SignerDesk
  private var connections: [Connection] = []
  private let peer: Peer
  private let frameMilliseconds: Int64

  // MARK: Opening

  /// Listens at `path`, whose directory must be the process's user's alone (mode 0700). A socket
  /// that a killed signer left is replaced; one that somebody listens on is not.
  /// - Parameter client: the only user who is answered, if not the process's own; the directory may
  ///   then be entered by others, but not written to.
  public init(
    path: String, desk: consuming SignerDesk, client: SignerClientUser? = nil
  ) throws(SignerServerError) {
    try self.init(
      path: path, desk: desk, peer: Peer(user: client?.id ?? geteuid(), isOther: client != nil),
      frameMilliseconds: Limits.frameMilliseconds)
  }

  init(
    path: String, desk: consuming SignerDesk, peer: Peer, frameMilliseconds: Int64
  ) throws(SignerServerError) {
    guard path.utf8.count <= UnixSocket.maximumPathByteCount else { throw .pathTooLong }
    // Held until it listens: of two that start at once, one finds the other.
    let directory = try Self.lockedDirectory(of: path, peer)
    try Self.removeStale(path)
    listener = try Self.listen(path, peer)
    var status = stat()
    _ = lstat(path, &status)
    file = (UInt64(status.st_dev), UInt64(status.st_ino))
    _ = consume directory
    self.path = path
    self.desk = desk
    self.peer = peer
    self.frameMilliseconds = frameMilliseconds
  }

  deinit {
    var status = stat()
    if lstat(path, &status) == 0, UInt64(status.st_dev) == file.device,
      UInt64(status.st_ino) == file.number
    {
      unlink(path)
    }
    for connection in connections { close(connection.descriptor) }
  }

  private static func lockedDirectory(
    of path: String, _ peer: Peer
  ) throws(SignerServerError) -> Descriptor {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let number = open(ProtectedFile.directory(of: path), flags)
    guard number >= 0 else { throw .file(.last("open")) }
    let directory = Descriptor(number)
    let status: stat
    do throws(FileFault) {
      status = try ProtectedFile.status(of: directory)
    } catch { throw .file(error) }
    let (user, mode) = (status.st_uid, status.st_mode & 0o777)
    if peer.isOther {
      guard user == geteuid(), mode & 0o022 == 0 else {
        throw .directoryWritableByOthers(user: user, mode: mode)
      }
    } else {
      guard user == geteuid(), mode == 0o700 else {
        throw .directoryOpenToOthers(user: user, mode: mode)
      }
    }
    while flock(number, LOCK_EX) != 0 {
      guard errno == EINTR else { throw .file(.last("flock")) }
    }
    return directory
  }

  private static func removeStale(_ path: String) throws(SignerServerError) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      guard errno == ENOENT else { throw .file(.last("lstat")) }
      return
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
    let probe: Descriptor
    do throws(FileFault) { probe = try UnixSocket.make() } catch { throw .file(error) }
    // Only a refusal says that nobody listens; EAGAIN is a listener with a full queue.
    guard !UnixSocket.connect(probe, to: path), errno == ECONNREFUSED else { throw .inUse }
    guard unlink(path) == 0 else { throw .file(.last("unlink")) }
  }

  private static func listen(_ path: String, _ peer: Peer) throws(SignerServerError) -> Descriptor {
    do throws(FileFault) {
      let listener = try UnixSocket.make()
      let number = listener.number
      guard UnixSocket.call(path, { bind(number, $0, $1) }) else { throw .last("bind") }
      // Nobody can connect before `listen`.
      guard chmod(path, peer.socketMode) == 0 else { throw .last("chmod") }
      guard Glibc.listen(number, Limits.backlog) == 0 else { throw .last("listen") }
      return listener
    } catch { throw .file(error) }
  }

  public var identity: SignerIdentity {
    SignerIdentity(address: desk.account, chainID: desk.chainID)
  }

  // MARK: The loop

  /// Serves until the descriptor `stop` is readable. Throws where the log cannot be written, after
  /// which nothing may be signed before a new start.
  public mutating func run(until stop: Int32) throws(SignerServerError) {
    while true {
      var polled = [
        pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
        pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0),
      ]
      polled += connections.map {
        pollfd(
          fd: $0.descriptor, events: Int16($0.output.isEmpty ? POLLIN : POLLOUT), revents: 0)
      }
      let count = poll(&polled, nfds_t(polled.count), timeout())
      guard count >= 0 || errno == EINTR else { throw .file(.last("poll")) }
      if count > 0 {
        if polled[0].revents != 0 { return }
        for index in connections.indices where polled[index + 2].revents != 0 {
          try serve(index)
        }
      }
      closeEnded()
      if count > 0, polled[1].revents != 0 { try accept() }
    }
  }

  /// Until the first deadline, for `poll`; -1 for none.
  private func timeout() -> Int32 {
    guard let first = connections.compactMap(\.deadline).min() else { return -1 }
    return Int32(clamping: max(0, first - UnixSocket.milliseconds()))
  }

  private mutating func closeEnded() {
    let now = UnixSocket.milliseconds()
    connections.removeAll { connection in
      let isEnded = connection.isEnded || connection.deadline.map { $0 <= now } ?? false
      if isEnded { close(connection.descriptor) }
      return isEnded
    }
  }

  private mutating func accept() throws(SignerServerError) {
    let descriptor = Glibc.accept(listener.number, nil, nil)
    guard descriptor >= 0 else {
      // The peer is gone already, or another turn will do.
      guard [EAGAIN, EINTR, ECONNABORTED].contains(errno) else { throw .file(.last("accept")) }
      return
    }
    var user: UInt32 = 0
    guard
      fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0,
      uncross_signer_peer_user(descriptor, &user) == 0, user == peer.user, makeRoom()
    else {
      close(descriptor)
      return
    }
    connections.append(Connection(descriptor))
  }

  /// Closes the connection that has waited longest without a request, if all places are taken;
  /// false if all are at work. Its client connects again.
  private mutating func makeRoom() -> Bool {
    guard connections.count >= Limits.connections else { return true }
    let idle = connections.indices.filter { connections[$0].deadline == nil }
    guard let longest = idle.min(by: { connections[$0].lastUse < connections[$1].lastUse }) else {
      return false
    }
    close(connections.remove(at: longest).descriptor)
    return true
  }

  // MARK: One connection

  private struct Connection {
    let descriptor: Int32
    /// Of the frame that is arriving: its head, then its body; never more.
    var input: [UInt8] = []
    /// What is left of an answer; until it is taken nothing more is read.
    var output: ArraySlice<UInt8> = []
    /// For the frame that is arriving or the answer that is leaving.
    var deadline: Int64?
    var lastUse = UnixSocket.milliseconds()
    var isEnded = false
    /// End it when the answer is out.
    var isLast = false

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Of the frame's body, once its head is there.
    var bodyByteCount: Int? {
      guard input.count >= SignerProtocol.headByteCount else { return nil }
      return Int(UInt32(bigEndianBytes: input.prefix(SignerProtocol.headByteCount)))
    }

    /// Takes what has arrived of the frame's missing bytes.
    mutating func read() {
      let whole = SignerProtocol.headByteCount + (bodyByteCount ?? 0)
      var piece = [UInt8](repeating: 0, count: whole - input.count)
      let count = recv(descriptor, &piece, piece.count, 0)
      if count > 0 {
        input += piece.prefix(count)
      } else if count == 0 || errno != EAGAIN && errno != EINTR {
        isEnded = true
      }
    }

    mutating func write() {
      let count = output.withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        output = output.dropFirst(count)
      } else if errno != EAGAIN && errno != EINTR {
        isEnded = true
      }
      if output.isEmpty { isEnded = isEnded || isLast }
    }
  }

  /// One step of a connection: at most one request.
  private mutating func serve(_ index: Int) throws(SignerServerError) {
    let now = UnixSocket.milliseconds()
    if connections[index].output.isEmpty {
      connections[index].read()
      guard let count = connections[index].bodyByteCount else {
        if !connections[index].input.isEmpty, connections[index].deadline == nil {
          connections[index].deadline = now + frameMilliseconds
        }
        return
      }
      if connections[index].deadline == nil {
        connections[index].deadline = now + frameMilliseconds
      }
      var answer: JSONValue?
      if count > SignerProtocol.maximumByteCount {
        // Where the next frame begins is not known.
        connections[index].isLast = true
        answer = SignerProtocol.refused(.malformed)
      } else if connections[index].input.count == SignerProtocol.headByteCount + count {
        answer = try self.answer(
          Array(connections[index].input.dropFirst(SignerProtocol.headByteCount)))
      }
      guard let answer else { return }
      connections[index].input = []
      connections[index].output = SignerProtocol.frame(answer)[...]
      connections[index].deadline = UnixSocket.milliseconds() + frameMilliseconds
    }
    connections[index].write()
    if connections[index].output.isEmpty {
      connections[index].deadline = nil
      connections[index].lastUse = UnixSocket.milliseconds()
    }
  }

  private mutating func answer(_ body: [UInt8]) throws(SignerServerError) -> JSONValue {
    guard let request = try? SignerProtocol.Request(body) else {
      return SignerProtocol.refused(.malformed)
    }
    switch request {
    case .hello:
      return SignerProtocol.ok([
        .init("address", .text("\(desk.account)")), .init("chain_id", .number(desk.chainID)),
        .init("protocol", .number(SignerProtocol.version)),
      ])
    case .check(let unsigned):
      return desk.check(unsigned: unsigned).map(SignerProtocol.refused) ?? SignerProtocol.ok([])
    case .sign(let unsigned):
      let answer: SignerDesk.Answer
      do throws(SignerLogError) {
        answer = try desk.sign(unsigned: unsigned)
      } catch { throw .log(error) }
      switch answer {
      case .refused(let refusal): return SignerProtocol.refused(refusal)
      case .signed(let signed):
        return SignerProtocol.ok([
          .init("raw", .text(Hex.encode(signed.raw))), .init("hash", .text("\(signed.hash)")),
        ])
      }
    }
  }
}

/// Why the signer does not listen, or listens no more.
public enum SignerServerError: Error, Equatable, Sendable {
  case file(FileFault)
  case pathTooLong
  /// The socket's directory is not ours alone.
  case directoryOpenToOthers(user: UInt32, mode: UInt32)
  /// The socket's directory is not ours, or others could replace the socket.
  case directoryWritableByOthers(user: UInt32, mode: UInt32)
  /// Something else has the socket's name.
  case notASocket
  /// Somebody listens there.
  case inUse
  /// The log was not written: nothing left, and nothing may leave before a new start.
  case log(SignerLogError)
}

extension SignerServerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let fault): fault.description
    case .pathTooLong: "its path has more than \(UnixSocket.maximumPathByteCount) bytes"
    case .directoryOpenToOthers(let user, let mode):
      "its directory must be ours with mode 700; it is user \(user)'s with mode "
        + String(mode, radix: 8)
    case .directoryWritableByOthers(let user, let mode):
      "its directory must be ours, and only we may write to it; it is user \(user)'s with mode "
        + String(mode, radix: 8)
    case .notASocket: "something that is no socket has this name"
    case .inUse: "somebody listens there"
    case .log(let error): "the log cannot be written: \(error)"
    }
  }
}
