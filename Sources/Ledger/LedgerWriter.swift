// One projection transaction: COPY the rows, compare-and-set the balances, move the watermark.

internal import Engine
internal import Postgres

/// The projection's connection.
struct LedgerWriter: ~Copyable {
  /// SQLSTATE of a divergence between engine and database.
  static let divergence = "UX020"

  let connection: PostgresConnection
  private let partitionRows: UInt64
  // Partitions up to this entry exist.
  private var partitionedTo: UInt64 = 0
  private var copy = CopyBuffer()

  init(_ conninfo: String, partitionRows: UInt64) throws(PostgresError) {
    connection = try PostgresConnection(conninfo)
    self.partitionRows = partitionRows
  }

  func watermark() throws(PostgresError) -> Watermark {
    let result = try connection.query(
      "select journal_seq, ledger_seq from core.projection", PostgresParameters())
    return Watermark(journalSequence: result.int64(0, 0), entry: UInt64(result.int64(0, 1)))
  }

  /// The watermark once no transaction of a lost connection can move it any more: such a one holds
  /// its row, if its commit may still come.
  func settledWatermark() throws(PostgresError) -> Watermark {
    let result = try connection.query(
      "select journal_seq, ledger_seq from core.projection for update", PostgresParameters())
    return Watermark(journalSequence: result.int64(0, 0), entry: UInt64(result.int64(0, 1)))
  }

  mutating func apply(
    _ batch: LedgerBatch, after: UInt64, term: Int64
  ) throws(PostgresError) {
    // A database that nobody has led has term 0 too.
    guard term > 0 else { throw PostgresError(sqlstate: "UX001", message: "nobody leads") }
    let names = batch.names
    try ensurePartitions(after: after, upTo: batch.lastEntry)
    let touched = Touched(batch)
    do throws(PostgresError) {
      try connection.execute(
        "begin isolation level read committed; select core.require_term(\(term))")
      if batch.count > 0 {
        encode(batch, names)
        try connection.copyIn("copy public.balance_log from stdin (format binary)", copy)
        try insert(touched, names)
        try update(touched, names)
        try markDeposits(batch, names)
      }
      try insertUsers(batch)
      try writeWithdrawals(batch, names)
      try writeOperations(batch, names)
      try moveWatermark(batch, after: after)
      try connection.execute("commit")
    } catch {
      if connection.isAlive { try? connection.execute("rollback") }
      throw error
    }
  }

  /// Partitions are made before their first row is due: outside the batch, each its own
  /// transaction.
  private mutating func ensurePartitions(after: UInt64, upTo entry: UInt64) throws(PostgresError) {
    var first = max(after, partitionedTo) / partitionRows * partitionRows + 1
    while partitionedTo < entry {
      try connection.execute("select core.ensure_partition(\(first), \(partitionRows))")
      partitionedTo = first + partitionRows - 1
      first += partitionRows
    }
  }

  private mutating func encode(_ batch: LedgerBatch, _ names: LedgerNames) {
    copy.begin()
    for piece in batch.pieces {
      var sequence = Int64(piece.firstEntry)
      for entry in piece.entries {
        copy.row(12)
        copy.field(sequence)
        copy.field(Int64(entry.user))
        copy.text(names.assets[Int(entry.asset)])
        copy.numeric(entry.delta)
        copy.numeric(entry.freeDelta)
        copy.numeric(entry.lockedDelta)
        copy.numeric(entry.freeAfter)
        copy.numeric(entry.lockedAfter)
        copy.text(entry.type.name)
        copy.text(names.text(entry.reference))
        copy.timestamp(entry.time)
        copy.timestamp(entry.time)
        sequence += 1
      }
    }
    copy.end()
  }

  /// The distinct accounts of a batch, sorted: first `previousEntry`, last balances.
  private struct Touched {
    struct Account {
      var key: UInt64
      var previous: UInt64
      var last: UInt64
      var free: Int128
      var locked: Int128
    }

    var fresh: [Account] = []
    var known: [Account] = []

    init(_ batch: LedgerBatch) {
      var positions: [UInt64: Int] = [:]
      var accounts: [Account] = []
      positions.reserveCapacity(min(batch.count, 1 << 16))
      for piece in batch.pieces {
        var sequence = piece.firstEntry
        for entry in piece.entries {
          let key = UInt64(entry.user) << 16 | UInt64(entry.asset)
          if let position = positions[key] {
            accounts[position].last = sequence
            accounts[position].free = entry.freeAfter
            accounts[position].locked = entry.lockedAfter
          } else {
            positions[key] = accounts.count
            accounts.append(
              Account(
                key: key, previous: entry.previousEntry, last: sequence, free: entry.freeAfter,
                locked: entry.lockedAfter))
          }
          sequence += 1
        }
      }
      // In key order rows are visited as the index lies, and two writers could not deadlock.
      accounts.sort { $0.key < $1.key }
      fresh = accounts.filter { $0.previous == 0 }
      known = accounts.filter { $0.previous != 0 }
    }
  }

  private func parameters(_ accounts: [Touched.Account], _ names: LedgerNames) -> PostgresParameters
  {
    var parameters = PostgresParameters(capacity: accounts.count * 96 + 256)
    parameters.int8Array(accounts.count) { Int64(accounts[$0].key >> 16) }
    parameters.textArray(accounts.count) { names.assets[Int(accounts[$0].key & 0xffff)] }
    parameters.numericArray(accounts.count) { accounts[$0].free }
    parameters.numericArray(accounts.count) { accounts[$0].locked }
    parameters.int8Array(accounts.count) { Int64(accounts[$0].last) }
    return parameters
  }

  private func insert(_ touched: Touched, _ names: LedgerNames) throws(PostgresError) {
    if touched.fresh.isEmpty { return }
    let result = try connection.query(
      """
      insert into public.balance(user_id, asset, total, free, locked, last_seq)
      select u, a, f + l, f, l, s
      from unnest($1::int8[], $2::text[], $3::numeric[], $4::numeric[], $5::int8[]) t(u, a, f, l, s)
      """, parameters(touched.fresh, names))
    try require(result.affectedRows, touched.fresh.count, "balances to insert")
  }

  private func update(_ touched: Touched, _ names: LedgerNames) throws(PostgresError) {
    if touched.known.isEmpty { return }
    var parameters = parameters(touched.known, names)
    parameters.int8Array(touched.known.count) { Int64(touched.known[$0].previous) }
    let result = try connection.query(
      """
      update public.balance b set total = t.f + t.l, free = t.f, locked = t.l, last_seq = t.s
      from unnest($1::int8[], $2::text[], $3::numeric[], $4::numeric[], $5::int8[], $6::int8[])
        t(u, a, f, l, s, p)
      where b.user_id = t.u and b.asset = t.a and b.last_seq = t.p
      """, parameters)
    try require(result.affectedRows, touched.known.count, "balances to update")
  }

  /// What is credited is known here, in the transaction that books it: a credit per DEPOSIT, none
  /// any more after a CLAWBACK. Each has its row already, so a missing one is a divergence.
  private func markDeposits(_ batch: LedgerBatch, _ names: LedgerNames) throws(PostgresError) {
    var credits: [(chain: String, number: Int64, amount: Int128, entry: Int64)] = []
    var clawbacks: [(chain: String, number: Int64, entry: Int64)] = []
    for piece in batch.pieces {
      for (offset, entry) in piece.entries.enumerated() {
        let sequence = Int64(piece.firstEntry) + Int64(offset)
        switch entry.reference {
        case .deposit(let number, let chain):
          credits.append((names.chains[Int(chain)], number, entry.freeDelta, sequence))
        case .clawback(let number, let id):
          // The user's part and the venue's are two entries of one.
          let (last, chain) = (clawbacks.last, names.chains[Int(id)])
          if last?.number != number || last?.chain != chain {
            clawbacks.append((chain, number, sequence))
          }
        case .order, .trade, .auction, .adjustment, .withdrawal: continue
        }
      }
    }
    if credits.isEmpty && clawbacks.isEmpty { return }
    try connection.execute("select core.lock_deposits()")
    if !credits.isEmpty { try mark(credits) }
    if clawbacks.isEmpty { return }
    var parameters = PostgresParameters()
    parameters.textArray(clawbacks.count) { clawbacks[$0].chain }
    parameters.int8Array(clawbacks.count) { clawbacks[$0].number }
    parameters.int8Array(clawbacks.count) { clawbacks[$0].entry }
    let result = try connection.query(
      """
      update public.deposits d set credited = 0, clawback_seq = t.s, updated_at = now()
      from unnest($1::text[], $2::int8[], $3::int8[]) t(c, n, s)
      where d.chain = t.c and d.clawback_no = t.n
      """, parameters)
    try require(result.affectedRows, clawbacks.count, "deposits to claw back")
  }

  private func mark(
    _ credits: [(chain: String, number: Int64, amount: Int128, entry: Int64)]
  ) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.textArray(credits.count) { credits[$0].chain }
    parameters.int8Array(credits.count) { credits[$0].number }
    parameters.numericArray(credits.count) { credits[$0].amount }
    parameters.int8Array(credits.count) { credits[$0].entry }
    let result = try connection.query(
      """
      update public.deposits d set credited = t.a, credited_seq = t.s, updated_at = now(),
        status = case when status = 'confirming' then 'credited' else status end
      from unnest($1::text[], $2::int8[], $3::numeric[], $4::int8[]) t(c, n, a, s)
      where d.chain = t.c and d.credit_no = t.n and d.amount = t.a
      """, parameters)
    try require(result.affectedRows, credits.count, "deposits to credit")
  }

  private func insertUsers(_ batch: LedgerBatch) throws(PostgresError) {
    var users: [(id: Int64, name: String, time: Microseconds)] = []
    for case .userRegistered(let id, let name, let time) in batch.directory {
      users.append((Int64(id), name, time))
    }
    if users.isEmpty { return }
    var parameters = PostgresParameters()
    parameters.int8Array(users.count) { users[$0].id }
    parameters.textArray(users.count) { users[$0].name }
    parameters.int8Array(users.count) { users[$0].time }
    _ = try connection.query(
      """
      insert into core.users(id, name, created_at)
      select i, n, to_timestamp(t / 1000000) + (t % 1000000) * interval '1 microsecond'
      from unnest($1::int8[], $2::text[], $3::int8[]) x(i, n, t) on conflict do nothing
      """, parameters)
  }

  private func moveWatermark(_ batch: LedgerBatch, after: UInt64) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.int8(batch.journalSequence)
    parameters.int8(Int64(batch.eventIndex))
    parameters.int8(Int64(batch.lastEntry))
    parameters.int8(Int64(after))
    let result = try connection.query(
      """
      update core.projection set journal_seq = $1, event_index = $2, ledger_seq = $3
      where ledger_seq = $4
      """, parameters)
    try require(result.affectedRows, 1, "watermark at entry \(after)")
  }

  func require(_ found: Int, _ expected: Int, _ what: String) throws(PostgresError) {
    guard found == expected else {
      throw PostgresError(
        sqlstate: Self.divergence, message: "\(what): expected \(expected), found \(found)")
    }
  }
}
