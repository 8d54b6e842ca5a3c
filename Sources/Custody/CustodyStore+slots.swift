// What was signed and what scanned blocks have of it: everything that a sender decides by, read at
// one moment.

internal import Engine
internal import Ethereum
internal import Postgres

/// Everything that a sender decides by, as of one moment.
struct PayoutLook: Sendable {
  /// The last scanned block.
  var tip: BlockPlace
  /// Up to where blocks are final, as the chain says.
  var finalized: Int64
  /// Open ones, lowest nonce first.
  var slots: [PayoutSlot]
  /// What scanned blocks have of the account's nonces, from the first open one on.
  var mined: [UInt64: SentTransaction]
  /// A transaction in the last blocks that ends a payment in another way than was booked.
  var contradiction: (nonce: UInt64, hash: Hash32)?
  /// Of deposit addresses, with what scanned blocks have of their nonces.
  var sweeps: [OpenSweep]
}

/// A sweep that is not finished.
struct OpenSweep: Sendable {
  var slot: PayoutSlot
  var mined: SentTransaction?
}

extension CustodyStore {
  /// Of one snapshot: between two statements the scanner may take back the block that a payment was
  /// in. Nil where nothing was scanned yet.
  func look(
    _ sender: Address, next: UInt64, limit: Int, midway: () throws -> Void
  ) throws -> PayoutLook? {
    try connection.execute("begin isolation level repeatable read read only")
    do {
      let position = try position()
      try midway()
      let slots = try openSlots(sender, limit)
      let mined = try mined(sender, from: slots.first?.nonce ?? next)
      let contradiction = try contradiction(sender, after: (position?.tip.height ?? 0) - 1_000)
      let sweeps = try openSweeps()
      try connection.execute("commit")
      return position.map {
        PayoutLook(
          tip: $0.tip, finalized: $0.finalized, slots: slots, mined: mined,
          contradiction: contradiction, sweeps: sweeps)
      }
    } catch {
      if connection.isAlive { try? connection.execute("rollback") }
      throw error
    }
  }

  /// Accounts other than this one that have open payments: wallets of before.
  func openAccounts(besides sender: Address) throws(PostgresError) -> [Address] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.bytea(sender.bytes)
    let result = try connection.query(
      """
      select distinct sender from core.payout_slot
      where chain = $1 and sender <> $2 and outcome is null and purpose <> 'sweep' order by 1
      """, parameters)
    var accounts: [Address] = []
    for row in 0..<result.rowCount {
      guard let account = Address(result.bytes(row, 0)) else {
        throw PostgresError.impossible("payout_slot: a sender that has not 20 bytes")
      }
      accounts.append(account)
    }
    return accounts
  }

  // MARK: Slots

  /// Open slots, lowest nonce first, with all that was signed for them.
  func openSlots(_ sender: Address, _ limit: Int) throws(PostgresError) -> [PayoutSlot] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.bytea(sender.bytes)
    return try slots(
      "where chain = $1 and sender = $2 and outcome is null order by nonce limit \(limit)",
      parameters)
  }

  /// Those of some slots with their attempts.
  func slots(
    _ condition: String, _ parameters: consuming PostgresParameters
  ) throws(PostgresError) -> [PayoutSlot] {
    let result = try connection.query(
      """
      select nonce, purpose, withdrawal_id, destination, value::text, data, gas_limit, is_cancelled,
        hold, resolution, asked_kind, asked_priority_fee::text, asked_maximum_fee::text, sender,
        doubted_priority_fee::text, doubted_maximum_fee::text, resolved_hash
      from core.payout_slot \(condition)
      """, parameters)
    var slots: [PayoutSlot] = []
    for row in 0..<result.rowCount {
      guard let purpose = PayoutSlot.Purpose(rawValue: result.string(row, 1)),
        let destination = Address(result.bytes(row, 3)),
        let value = UInt256(decimal: result.string(row, 4)),
        let sender = Address(result.bytes(row, 13))
      else { throw PostgresError.impossible("payout_slot: a row that does not read") }
      var slot = PayoutSlot(
        sender: sender, nonce: UInt64(result.int64(row, 0)), purpose: purpose,
        withdrawal: result.optionalInt64(row, 2), destination: destination, value: value,
        data: result.bytes(row, 5), gasLimit: UInt64(result.int64(row, 6)))
      slot.isCancelled = result.bool(row, 7)
      slot.hold = result.optionalString(row, 8)
      if let outcome = result.optionalString(row, 9).flatMap({ PayoutOutcome(rawValue: $0) }),
        let hash = result.optionalBytes(row, 16).flatMap({ Hash32($0) })
      {
        slot.resolution = PayoutSlot.Resolution(outcome, by: hash)
      }
      slot.asked = try ask(result, row, column: 10)
      if let priority = result.optionalString(row, 14).flatMap({ UInt256(decimal: $0) }),
        let maximum = result.optionalString(row, 15).flatMap({ UInt256(decimal: $0) })
      {
        slot.doubted = GasFees(maximum: maximum, priority: priority)
      }
      slots.append(slot)
    }
    let attempts = try attempts(of: slots)
    for index in slots.indices { slots[index].attempts = attempts[slots[index].place] ?? [] }
    return slots
  }

  private func ask(
    _ result: borrowing PostgresResult, _ row: Int, column: Int
  ) throws(PostgresError) -> PayoutSlot.Ask? {
    guard let text = result.optionalString(row, column) else { return nil }
    guard let kind = PayoutAttempt.Kind(rawValue: text),
      let priority = UInt256(decimal: result.string(row, column + 1)),
      let maximum = UInt256(decimal: result.string(row, column + 2)),
      let fees = GasFees(maximum: maximum, priority: priority)
    else { throw PostgresError.impossible("payout_slot: a row that does not read") }
    return PayoutSlot.Ask(kind: kind, fees: fees)
  }

  private func attempts(
    of slots: [PayoutSlot]
  ) throws(PostgresError) -> [PayoutSlot.Place: [PayoutAttempt]] {
    if slots.isEmpty { return [:] }
    var parameters = PostgresParameters(capacity: slots.count * 40 + 64)
    parameters.text(chain)
    parameters.byteaArray(slots.count) { slots[$0].sender.bytes }
    parameters.int8Array(slots.count) { Int64(clamping: slots[$0].nonce) }
    let result = try connection.query(
      """
      select nonce, hash, kind, priority_fee::text, maximum_fee::text, signed_height, sent_at,
        answer, sender
      from core.payout_attempt where chain = $1
        and (sender, nonce) in (select * from unnest($2::bytea[], $3::int8[]))
      order by sender, nonce, maximum_fee
      """, parameters)
    var found: [PayoutSlot.Place: [PayoutAttempt]] = [:]
    for row in 0..<result.rowCount {
      guard let hash = Hash32(result.bytes(row, 1)),
        let kind = PayoutAttempt.Kind(rawValue: result.string(row, 2)),
        let priority = UInt256(decimal: result.string(row, 3)),
        let maximum = UInt256(decimal: result.string(row, 4)),
        let fees = GasFees(maximum: maximum, priority: priority),
        let sender = Address(result.bytes(row, 8))
      else { throw PostgresError.impossible("payout_attempt: a row that does not read") }
      let place = PayoutSlot.Place(sender: sender, nonce: UInt64(result.int64(row, 0)))
      found[place, default: []].append(
        PayoutAttempt(
          hash: hash, kind: kind, fees: fees, signedHeight: result.int64(row, 5),
          sentAt: result.optionalTimestamp(row, 6),
          answer: PayoutAnswer(rawValue: result.string(row, 7))))
    }
    return found
  }

  /// What scanned blocks have of a sender's nonces.
  func mined(
    _ sender: Address, from nonce: UInt64
  ) throws(PostgresError) -> [UInt64: SentTransaction] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.bytea(sender.bytes)
    parameters.int8(Int64(clamping: nonce))
    let mined = try sentTransactions(
      "where chain = $1 and sender = $2 and nonce >= $3 order by nonce limit 10000", parameters)
    return Dictionary(mined.map { ($0.nonce, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func sentTransactions(
    _ condition: String, _ parameters: consuming PostgresParameters
  ) throws(PostgresError) -> [SentTransaction] {
    let result = try connection.query(
      """
      select t.nonce, t.hash, t.is_success, t.has_paid, t.gas_cost::text, t.block_height,
        t.block_hash, t.sender
      from core.sent_transaction t \(condition)
      """, parameters)
    var found: [SentTransaction] = []
    for row in 0..<result.rowCount {
      guard let hash = Hash32(result.bytes(row, 1)),
        let cost = UInt256(decimal: result.string(row, 4)),
        let block = Hash32(result.bytes(row, 6)), let sender = Address(result.bytes(row, 7))
      else { throw PostgresError.impossible("sent_transaction: a row that does not read") }
      found.append(
        SentTransaction(
          hash: hash, sender: sender, nonce: UInt64(result.int64(row, 0)),
          isSuccess: result.bool(row, 2), hasPaid: result.bool(row, 3), gasCost: cost,
          height: result.int64(row, 5), block: block))
    }
    return found
  }

  /// Only a reorganisation below what counted as final brings one: those are at the chain's end.
  private func contradiction(
    _ sender: Address, after height: Int64
  ) throws(PostgresError) -> (nonce: UInt64, hash: Hash32)? {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.bytea(sender.bytes)
    parameters.int8(height)
    let result = try connection.query(
      """
      select t.nonce, t.hash from core.sent_transaction t
      join core.payout_slot s using (chain, sender, nonce)
      left join core.payout_attempt a on a.hash = t.hash
      where t.chain = $1 and t.sender = $2 and t.block_height > $3 and s.outcome is not null
        and t.hash is distinct from s.resolved_hash
        and (a.hash is null or (a.kind = 'cancellation') <> (s.outcome = 'cancelled')
          or a.kind = 'payment' and t.has_paid <> (s.outcome = 'paid'))
      order by t.nonce limit 1
      """, parameters)
    guard result.rowCount == 1 else { return nil }
    guard let hash = Hash32(result.bytes(0, 1)) else {
      throw PostgresError.impossible("sent_transaction: a row that does not read")
    }
    return (UInt64(result.int64(0, 0)), hash)
  }
}
