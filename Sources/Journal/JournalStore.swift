// The journal in Postgres: leadership, appending, reading, snapshots. One connection, one thread.

internal import Crypto
public import Engine
public import Postgres

/// A connection that reads the journal, and writes it once it leads.
public struct JournalStore: ~Copyable {
  private let connection: PostgresConnection
  /// This process's term; 0 before it leads.
  public private(set) var term: Int64 = 0

  // "uncross leader" hashed down by hand: one number for all instances on one database.
  private static let leaderKey: Int64 = 0x756e_6c65_6164

  /// Opens a connection for reading.
  public init(_ conninfo: String) throws(PostgresError) {
    let opened = try PostgresConnection(conninfo)
    try opened.prepare(
      "append", "select core.append_group($1, $2, $3, $4, $5, $6, $7, $8)",
      [
        PostgresType.int8, PostgresType.int8, PostgresType.int8, PostgresType.int4,
        PostgresType.timestamptz, PostgresType.bytea, PostgresType.bytea, PostgresType.bytea,
      ])
    // A group is acknowledged because it is on disk, and fenced because each statement of the fence
    // sees what was committed before it: neither is left to a server's or role's settings.
    try opened.execute(
      """
      set default_transaction_isolation = 'read committed';
      select set_config('synchronous_commit', 'on', false)
      where current_setting('synchronous_commit') = 'off';
      """)
    connection = opened
  }

  /// Takes the lead: the session's advisory lock first, then a new term. False where another holds
  /// the lock.
  public mutating func lead() throws(PostgresError) -> Bool {
    let locked = try connection.query(
      "select pg_try_advisory_lock(\(Self.leaderKey))::int::int8", PostgresParameters())
    guard locked.int64(0, 0) == 1 else { return false }
    let raised = try connection.query("select core.raise_term()", PostgresParameters())
    term = raised.int64(0, 0)
    return true
  }

  /// The term of whoever led last.
  public func currentTerm() throws(PostgresError) -> Int64 {
    try connection.query("select term from core.leader", PostgresParameters()).int64(0, 0)
  }

  public func head() throws(PostgresError) -> JournalHead {
    let result = try connection.query(
      "select seq, first_command + commands - 1, hash from core.journal order by seq desc limit 1",
      PostgresParameters())
    guard result.rowCount == 1 else { return .empty }
    return Self.head(result)
  }

  /// The hash and command count at one group; nil where there is no such group.
  public func head(at sequence: Int64) throws(PostgresError) -> JournalHead? {
    if sequence == 0 { return .empty }
    var parameters = PostgresParameters()
    parameters.int8(sequence)
    let result = try connection.query(
      "select seq, first_command + commands - 1, hash from core.journal where seq = $1", parameters)
    guard result.rowCount == 1 else { return nil }
    return Self.head(result)
  }

  private static func head(_ result: borrowing PostgresResult) -> JournalHead {
    JournalHead(
      sequence: result.int64(0, 0), commands: UInt64(bitPattern: result.int64(0, 1)),
      hash: result.bytes(0, 2))
  }

  /// One group, one commit, one round trip. SQLSTATE UX001 says that this term is over, UX002 (or
  /// 23505) that the group does not follow the journal's last.
  public func append(_ group: JournalGroup) throws(PostgresError) {
    // A journal that nobody has led has term 0 too.
    guard term > 0 else {
      throw PostgresError(sqlstate: "UX001", message: "this session does not lead")
    }
    var parameters = PostgresParameters(capacity: group.body.count + 256)
    parameters.int8(group.sequence)
    parameters.int8(term)
    parameters.int8(Int64(group.firstCommand))
    parameters.int4(Int32(group.commandCount))
    parameters.timestamp(group.time)
    parameters.bytea(group.previousHash)
    parameters.bytea(group.hash)
    parameters.bytea(group.body)
    _ = try connection.run("append", parameters)
  }

  /// Groups after `sequence` in order, at most `limit` and about 16 MB; `Replay` verifies them.
  public func groups(
    after sequence: Int64, limit: Int = 256
  ) throws(PostgresError) -> [JournalGroup] {
    var parameters = PostgresParameters()
    parameters.int8(sequence)
    parameters.int8(Int64(limit))
    let result = try connection.query(
      """
      select seq, first_command, commands, (extract(epoch from at) * 1000000)::int8, prev_hash,
        hash, body
      from (select *, sum(octet_length(body)) over (order by seq) as running
            from (select * from core.journal where seq > $1 order by seq limit $2) page) sized
      where running - octet_length(body) < 16777216 order by seq
      """, parameters)
    var groups: [JournalGroup] = []
    for row in 0..<result.rowCount {
      groups.append(
        JournalGroup(
          sequence: result.int64(row, 0), firstCommand: UInt64(bitPattern: result.int64(row, 1)),
          commandCount: Int(result.int32(row, 2)), time: result.int64(row, 3),
          previousHash: result.bytes(row, 4), hash: result.bytes(row, 5),
          body: result.bytes(row, 6)))
    }
    return groups
  }

  // MARK: Snapshots

  /// Parts of a snapshot are at most this: a value of Postgres may have 1 GB, a message should be
  /// far less.
  private static let partBytes = 8 << 20

  /// Stores a snapshot whole, in one transaction; a snapshot that is there already stays.
  public func save(_ snapshot: Snapshot) throws(PostgresError) {
    try connection.execute("begin")
    do throws(PostgresError) {
      for (part, slice) in Self.parts(snapshot).enumerated() {
        var parameters = PostgresParameters(capacity: slice.body.count + 256)
        parameters.int8(snapshot.head.sequence)
        parameters.int4(Int32(part))
        parameters.int4(Int32(slice.parts))
        parameters.text(slice.name)
        parameters.bytea(slice.hash)
        parameters.bytea(Array(slice.body))
        _ = try connection.query(
          "insert into core.snapshot values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
          parameters)
      }
      try connection.execute("commit")
    } catch {
      if connection.isAlive { try connection.execute("rollback") }
      throw error
    }
  }

  private struct Part {
    var name: String
    var parts: Int
    var hash: [UInt8]
    var body: ArraySlice<UInt8>
  }

  private static func parts(_ snapshot: Snapshot) -> [Part] {
    var parts: [Part] = []
    for (name, body) in [("engine", snapshot.engine), ("tape", snapshot.tape)] {
      let hash = Array(SHA256.hash(data: body))
      var start = 0
      repeat {
        let end = min(start + partBytes, body.count)
        parts.append(Part(name: name, parts: 0, hash: hash, body: body[start..<end]))
        start = end
      } while start < body.count
    }
    for index in parts.indices { parts[index].parts = parts.count }
    return parts
  }

  /// The newest snapshot at or before a group; nil without one. One that is not whole throws
  /// `snapshotBroken`: it is never passed over in silence.
  public func snapshot(atOrBefore sequence: Int64) throws(JournalError) -> Snapshot? {
    let found: Int64
    let journal: JournalHead?
    var parts: [Part] = []
    do throws(PostgresError) {
      var parameters = PostgresParameters()
      parameters.int8(sequence)
      let newest = try connection.query(
        "select coalesce(max(journal_seq), -1) from core.snapshot where journal_seq <= $1",
        parameters)
      found = newest.int64(0, 0)
      if found < 0 { return nil }
      journal = try head(at: found)
      while let part = try part(Int32(parts.count), of: found) { parts.append(part) }
    } catch {
      throw .failed("a snapshot cannot be read: \(error)")
    }
    guard let journal else { throw .snapshotBroken(found, "the journal lacks this group") }
    var snapshot = Snapshot(head: journal, engine: [], tape: [])
    for part in parts {
      guard part.parts == parts.count else { throw .snapshotBroken(found, "parts are missing") }
      if part.name == "engine" { snapshot.engine += part.body } else { snapshot.tape += part.body }
    }
    for (name, body) in [("engine", snapshot.engine), ("tape", snapshot.tape)] {
      let hash = parts.last { $0.name == name }?.hash
      guard hash == Array(SHA256.hash(data: body)) else {
        throw .snapshotBroken(found, "the \(name)'s bytes are not those stored")
      }
    }
    return snapshot
  }

  /// One part; nil after the last.
  private func part(_ number: Int32, of sequence: Int64) throws(PostgresError) -> Part? {
    var parameters = PostgresParameters()
    parameters.int8(sequence)
    parameters.int4(number)
    let result = try connection.query(
      "select parts, name, hash, body from core.snapshot where journal_seq = $1 and part = $2",
      parameters)
    guard result.rowCount == 1 else { return nil }
    return Part(
      name: result.string(0, 1), parts: Int(result.int32(0, 0)), hash: result.bytes(0, 2),
      body: result.bytes(0, 3)[...])
  }

  /// The groups that have snapshots, newest first.
  public func snapshotSequences() throws(PostgresError) -> [Int64] {
    let result = try connection.query(
      "select distinct journal_seq from core.snapshot order by 1 desc", PostgresParameters())
    return (0..<result.rowCount).map { result.int64($0, 0) }
  }

  /// The tape's part of one snapshot.
  public func tapeState(at sequence: Int64) throws(PostgresError) -> [UInt8] {
    var parameters = PostgresParameters()
    parameters.int8(sequence)
    let result = try connection.query(
      "select body from core.snapshot where journal_seq = $1 and name = 'tape' order by part",
      parameters)
    return (0..<result.rowCount).flatMap { result.bytes($0, 0) }
  }

  /// Deletes all but the newest `keep` snapshots, and none that a reader at `oldestNeeded` may
  /// begin with.
  public func prune(keep: Int, oldestNeeded: Int64) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.int8(Int64(keep))
    parameters.int8(oldestNeeded)
    _ = try connection.query(
      """
      delete from core.snapshot where journal_seq < least(
        (select min(s) from (select distinct journal_seq s from core.snapshot
           order by 1 desc limit $1) newest),
        (select coalesce(max(journal_seq), 0) from core.snapshot where journal_seq <= $2))
      """, parameters)
  }
}

/// The state after a group: the engine's canonical bytes, and the tape's (its counters and chains).
public struct Snapshot: Sendable, Equatable {
  public var head: JournalHead
  public var engine: [UInt8]
  public var tape: [UInt8]

  public init(head: JournalHead, engine: [UInt8], tape: [UInt8]) {
    self.head = head
    self.engine = engine
    self.tape = tape
  }
}

/// SHA-256 of an engine's canonical bytes: two engines with one hash have one state and one future.
public func stateHash(_ engine: borrowing AuctionEngine) -> [UInt8] {
  var writer = ByteWriter()
  engine.writeSnapshot(to: &writer)
  return Array(SHA256.hash(data: writer.bytes))
}
