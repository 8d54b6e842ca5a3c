// A group: the commands of one commit, chained to the group before it.

internal import Crypto
public import Engine

/// Where the journal stands: the last group, and how many commands there are up to its end. An
/// anchor outside the database (the tape) proves the whole journal by these three.
public struct JournalHead: Sendable, Equatable {
  /// Groups are numbered from 1; 0 is the empty journal.
  public var sequence: Int64
  /// Commands up to the end of that group.
  public var commands: UInt64
  public var hash: [UInt8]

  public init(sequence: Int64, commands: UInt64, hash: [UInt8]) {
    self.sequence = sequence
    self.commands = commands
    self.hash = hash
  }

  public static var empty: JournalHead {
    JournalHead(sequence: 0, commands: 0, hash: [UInt8](repeating: 0, count: 32))
  }
}

/// One row of `core.journal`.
public struct JournalGroup: Sendable, Equatable {
  public var sequence: Int64
  /// The number of its first command, from 1.
  public var firstCommand: UInt64
  public var commandCount: Int
  /// The engine's time at its end.
  public var time: Microseconds
  public var previousHash: [UInt8]
  public var hash: [UInt8]
  /// The codec's version, then the commands.
  public var body: [UInt8]

  public init(
    after head: JournalHead, commandCount: Int, time: Microseconds, body: [UInt8]
  ) {
    sequence = head.sequence + 1
    firstCommand = head.commands + 1
    self.commandCount = commandCount
    self.time = time
    previousHash = head.hash
    self.body = body
    hash = []
    hash = computeHash()
  }

  /// A row as it was read; check it with `verify(after:)`.
  public init(
    sequence: Int64, firstCommand: UInt64, commandCount: Int, time: Microseconds,
    previousHash: [UInt8], hash: [UInt8], body: [UInt8]
  ) {
    self.sequence = sequence
    self.firstCommand = firstCommand
    self.commandCount = commandCount
    self.time = time
    self.previousHash = previousHash
    self.hash = hash
    self.body = body
  }

  public var head: JournalHead {
    JournalHead(
      sequence: sequence, commands: firstCommand &+ UInt64(max(commandCount, 0)) &- 1, hash: hash)
  }

  /// SHA-256 over mark, previous hash, sequence, first command, count, time, length of body, body.
  /// Everything that the row says is hashed, lengths too, so no boundary is ambiguous.
  public func computeHash() -> [UInt8] {
    var header = ByteWriter()
    header.raw("uncross-journal-1".utf8)
    header.raw(previousHash)
    header.fixed(UInt64(bitPattern: sequence))
    header.fixed(firstCommand)
    header.fixed(UInt64(commandCount))
    header.fixed(UInt64(bitPattern: time))
    header.fixed(UInt64(body.count))
    var hasher = SHA256()
    header.bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    body.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    return Array(hasher.finalize())
  }

  /// Throws unless this group follows `head` and its hash is its content's.
  public func verify(after head: JournalHead) throws(JournalError) {
    guard sequence == head.sequence + 1, firstCommand == head.commands + 1, commandCount > 0,
      previousHash == head.hash
    else { throw .broken(sequence, "does not follow the group before it") }
    guard hash == computeHash() else { throw .broken(sequence, "hash is not its content's") }
  }

  /// The commands, in order.
  public func commands() throws(JournalError) -> [Command] {
    var reader = ByteReader(body)
    do throws(ByteError) {
      let version = try reader.byte()
      guard (1...CommandCodec.version).contains(version) else {
        throw reader.fail(
          "its form has version \(version), this program reads up to \(CommandCodec.version):"
            + " start a newer one")
      }
      var commands: [Command] = []
      commands.reserveCapacity(min(commandCount, body.count))
      for _ in 0..<commandCount {
        commands.append(try CommandCodec.decode(&reader, version: version))
      }
      guard reader.isAtEnd else { throw reader.fail("bytes after the last command") }
      return commands
    } catch {
      throw .broken(sequence, "\(error)")
    }
  }
}

/// What stops the core, or keeps it from starting. None of these is repaired silently.
public enum JournalError: Error, Sendable, CustomStringConvertible {
  /// A stored group is not what was written.
  case broken(Int64, String)
  /// A snapshot does not give the state it says.
  case snapshotBroken(Int64, String)
  /// Another process leads.
  case notLeader(String)
  /// The database is behind what was acknowledged or published.
  case lostHistory(String)
  /// The database holds another group at this place.
  case fork(String)
  /// The wall clock moved against the monotonic one.
  case clockJump(String)
  /// The world failed for good.
  case failed(String)

  public var description: String {
    switch self {
    case .broken(let sequence, let reason): "journal group \(sequence): \(reason)"
    case .snapshotBroken(let sequence, let reason): "snapshot at group \(sequence): \(reason)"
    case .notLeader(let reason): "not the leader: \(reason)"
    case .lostHistory(let reason): "lost_history: \(reason)"
    case .fork(let reason): "fork: \(reason)"
    case .clockJump(let reason): reason
    case .failed(let reason): reason
    }
  }

  /// The name in logs and `docs/operations.md`.
  public var code: String {
    switch self {
    case .broken: "journal_broken"
    case .snapshotBroken: "snapshot_broken"
    case .notLeader: "not_leader"
    case .lostHistory: "lost_history"
    case .fork: "journal_fork"
    case .clockJump: "clock_jump"
    case .failed: "failed"
    }
  }
}
