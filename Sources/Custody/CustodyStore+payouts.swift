// Slots and what was signed for them. Each step is one transaction, and durable before anything
// leaves.

internal import Engine
internal import Ethereum
internal import Postgres

/// A withdrawal that custody has to pay.
struct DueWithdrawal: Sendable, Equatable {
  var id: Int64
  var user: UserID
  var asset: String
  var amount: Int128
  var address: PayoutAddress
}

/// A paying account as it is stored.
struct PayoutAccount: Sendable, Equatable {
  /// The nonce of the next slot.
  var next: UInt64
  var halted: String?
}

extension CustodyStore {
  // MARK: The account

  func account(_ sender: Address) throws(PostgresError) -> PayoutAccount? {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.bytea(sender.bytes)
    let result = try connection.query(
      """
      select coalesce((select max(nonce) + 1 from core.payout_slot s
          where s.chain = p.chain and s.sender = p.sender), first_nonce), halted
      from core.payout_sender p where chain = $1 and sender = $2
      """, parameters)
    guard result.rowCount == 1 else { return nil }
    return PayoutAccount(
      next: UInt64(result.int64(0, 0)), halted: result.optionalString(0, 1))
  }

  func addAccount(_ sender: Address, firstNonce: UInt64) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters()
      parameters.text(chain)
      parameters.bytea(sender.bytes)
      parameters.int8(Int64(clamping: firstNonce))
      try connection.query(
        """
        insert into core.payout_sender(chain, sender, first_nonce) values ($1, $2, $3)
        on conflict do nothing
        """, parameters)
    }
  }

  /// False where it was halted before.
  func halt(_ sender: Address, _ reason: String) throws(PostgresError) -> Bool {
    var isNew = false
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters()
      parameters.text(chain)
      parameters.bytea(sender.bytes)
      parameters.text(reason)
      isNew =
        try connection.query(
          """
          update core.payout_sender set halted = $3, halted_at = now()
          where chain = $1 and sender = $2 and halted is null
          """, parameters
        ).affectedRows == 1
    }
    return isNew
  }

  /// How a hold begins that a change of the signer's policy can end.
  static let signerRefuses = "the signer refuses: "

  /// Payments go on, in the caller's transaction, those that the signer refused included; false
  /// where nothing waited.
  func resume(_ sender: Address) throws(PostgresError) -> Bool {
    func update(_ sql: String) throws(PostgresError) -> Int {
      var parameters = PostgresParameters()
      parameters.text(chain)
      parameters.bytea(sender.bytes)
      return try connection.query(sql, parameters).affectedRows
    }
    let halts = try update(
      """
      update core.payout_sender set halted = null, halted_at = null
      where chain = $1 and sender = $2 and halted is not null
      """)
    let holds = try update(
      """
      update core.payout_slot set hold = null
      where chain = $1 and sender = $2 and outcome is null and hold like '\(Self.signerRefuses)%'
      """)
    return halts + holds > 0
  }

  // MARK: Withdrawals

  /// Approved and not started, oldest first; so many of each asset, for one may wait for funds.
  func approved(_ limit: Int) throws(PostgresError) -> [DueWithdrawal] {
    try due(
      """
      id in (select id from (select id, row_number() over (partition by asset order by id) place
          from public.withdrawals where chain = $1 and decision = 'approved') x
        where place <= \(limit))
      """, 1_000)
  }

  /// Started, durable and projected, and without a slot.
  func started(_ limit: Int) throws(PostgresError) -> [DueWithdrawal] {
    try due(
      """
      decision = 'started'
        and not exists (select from core.payout_slot s where s.withdrawal_id = w.id)
      """, limit)
  }

  private func due(_ condition: String, _ limit: Int) throws(PostgresError) -> [DueWithdrawal] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    let result = try connection.query(
      """
      select id, user_id, asset, amount, address from public.withdrawals w
      where chain = $1 and \(condition) order by id limit \(limit)
      """, parameters)
    return (0..<result.rowCount).map { row in
      DueWithdrawal(
        id: result.int64(row, 0), user: UserID(result.int64(row, 1)),
        asset: result.string(row, 2), amount: result.numeric(row, 3),
        address: PayoutAddress(result.bytes(row, 4)))
    }
  }

  /// What the engine decided of a withdrawal, as far as the ledger has it.
  func decision(_ withdrawal: Int64) throws(PostgresError) -> String? {
    var parameters = PostgresParameters()
    parameters.int8(withdrawal)
    let result = try connection.query(
      "select decision from public.withdrawals where id = $1", parameters)
    return result.rowCount == 1 ? result.string(0, 0) : nil
  }

  /// Of these withdrawals, those that have a slot.
  func slotted(_ withdrawals: [Int64]) throws(PostgresError) -> Set<Int64> {
    var parameters = PostgresParameters()
    parameters.int8Array(withdrawals.count) { withdrawals[$0] }
    let result = try connection.query(
      "select withdrawal_id from core.payout_slot where withdrawal_id = any($1)", parameters)
    return Set((0..<result.rowCount).map { result.int64($0, 0) })
  }

  // MARK: Slots

  /// Takes the sender's next nonce. The row is the counter: no nonce is given twice, and none is
  /// left out.
  func insert(_ slot: PayoutSlot) throws(PostgresError) {
    try transaction { () throws(PostgresError) in try insertRow(slot) }
  }

  /// In the caller's transaction.
  func insertRow(_ slot: PayoutSlot) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.bytea(slot.sender.bytes)
    parameters.int8(Int64(clamping: slot.nonce))
    parameters.text(slot.purpose.rawValue)
    if let withdrawal = slot.withdrawal {
      parameters.int8(withdrawal)
    } else {
      parameters.null()
    }
    parameters.bytea(slot.destination.bytes)
    parameters.text("\(slot.value)")
    parameters.bytea(slot.data)
    parameters.int8(Int64(clamping: slot.gasLimit))
    let result = try connection.query(
      """
      insert into core.payout_slot(chain, sender, nonce, purpose, withdrawal_id, destination,
        value, data, gas_limit)
      select $1, $2, $3, $4, $5::int8, $6, $7::numeric, $8, $9 from core.payout_sender p
      where p.chain = $1 and p.sender = $2 and p.halted is null
        and $3 = coalesce((select max(nonce) + 1 from core.payout_slot s
          where s.chain = $1 and s.sender = $2), p.first_nonce)
        and ($5::int8 is null or exists (select from public.withdrawals w
          where w.id = $5::int8 and w.chain = $1 and w.decision = 'started'))
      """, parameters)
    guard result.affectedRows == 1 else {
      throw PostgresError(
        sqlstate: Self.divergence, message: "nonce \(slot.nonce) is not the next, or not due")
    }
    try setPayment(slot, .slotted, transaction: nil, height: nil)
  }

  // MARK: Steps

  /// Durable before the signer is asked: killed before its answer is stored, the same is asked for
  /// again.
  func ask(_ ask: PayoutSlot.Ask, for slot: PayoutSlot) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      try setAsk(ask, doubted: slot.asked?.fees ?? slot.doubted, of: slot)
    }
  }

  /// What it refuses, the signer has not signed; what it was asked for before, it may have.
  func refused(_ ask: PayoutSlot.Ask, for slot: PayoutSlot) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      let earlier = slot.asked == ask ? nil : slot.asked?.fees
      try setAsk(nil, doubted: earlier ?? slot.doubted, of: slot)
    }
  }

  private func setAsk(
    _ ask: PayoutSlot.Ask?, doubted: GasFees?, of slot: PayoutSlot
  ) throws(PostgresError) {
    var parameters = slotKey(slot.sender, slot.nonce)
    for text in [
      ask?.kind.rawValue, ask?.fees.priority.description, ask?.fees.maximum.description,
      doubted?.priority.description, doubted?.maximum.description,
    ] {
      if let text { parameters.text(text) } else { parameters.null() }
    }
    try connection.query(
      """
      update core.payout_slot set asked_kind = $4, asked_priority_fee = $5::numeric,
        asked_maximum_fee = $6::numeric, doubted_priority_fee = $7::numeric,
        doubted_maximum_fee = $8::numeric
      where chain = $1 and sender = $2 and nonce = $3
      """, parameters)
  }

  /// The bytes are durable before they leave.
  func save(
    _ signed: SignedTransaction, _ kind: PayoutAttempt.Kind, for slot: PayoutSlot, height: Int64
  ) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters()
      parameters.bytea(signed.hash.bytes)
      parameters.text(chain)
      parameters.bytea(slot.sender.bytes)
      parameters.int8(Int64(clamping: slot.nonce))
      parameters.text(kind.rawValue)
      parameters.text("\(signed.transaction.fees.priority)")
      parameters.text("\(signed.transaction.fees.maximum)")
      parameters.bytea(signed.raw)
      parameters.int8(height)
      try connection.query(
        """
        insert into core.payout_attempt(hash, chain, sender, nonce, kind, priority_fee, maximum_fee,
          raw, signed_height)
        values ($1, $2, $3, $4, $5, $6::numeric, $7::numeric, $8, $9)
        on conflict (hash) do nothing
        """, parameters)
      try setAsk(nil, doubted: nil, of: slot)
      try setPayment(
        slot, kind == .payment ? .signed : .cancelling, transaction: signed.hash, height: nil)
    }
  }

  /// Payments that were booked as reverted and that the chain has left: their bytes might pay now,
  /// and the lock is gone. Those that were given up before anything was signed leave a gap. So
  /// their nonces go to nothing.
  func reopenReverted(
    _ sender: Address, _ nonces: Range<UInt64>
  ) throws(PostgresError) -> Int {
    var reopened = 0
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters()
      parameters.text(chain)
      parameters.bytea(sender.bytes)
      parameters.int8(Int64(clamping: nonces.lowerBound))
      parameters.int8(Int64(clamping: nonces.upperBound))
      reopened = try connection.query(
        """
        update core.payout_slot s set outcome = null, is_cancelled = true, resolution = null,
          resolved_hash = null
        where chain = $1 and sender = $2 and nonce >= $3 and nonce < $4
          and (outcome = 'reverted' or outcome = 'cancelled' and not exists (
            select from core.payout_attempt a
            where (a.chain, a.sender, a.nonce) = (s.chain, s.sender, s.nonce)))
          and not exists (select from core.sent_transaction t
            where (t.chain, t.sender, t.nonce) = (s.chain, s.sender, s.nonce))
        """, parameters
      ).affectedRows
    }
    return reopened
  }

  /// The bytes of payments that have their end, of the kind that was booked and with the highest
  /// fees.
  func settledBytes(
    _ sender: Address, _ nonces: Range<UInt64>
  ) throws(PostgresError) -> [[UInt8]] {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.bytea(sender.bytes)
    parameters.int8(Int64(clamping: nonces.lowerBound))
    parameters.int8(Int64(clamping: nonces.upperBound))
    let result = try connection.query(
      """
      select distinct on (nonce) a.raw
      from core.payout_slot s join core.payout_attempt a using (chain, sender, nonce)
      where chain = $1 and sender = $2 and nonce >= $3 and nonce < $4
        and s.outcome in ('paid', 'cancelled')
        and (a.kind = 'cancellation') = (s.outcome = 'cancelled')
      order by nonce, a.maximum_fee desc limit 1000
      """, parameters)
    return (0..<result.rowCount).map { result.bytes($0, 0) }
  }

  func raw(_ hash: Hash32) throws(PostgresError) -> [UInt8]? {
    var parameters = PostgresParameters()
    parameters.bytea(hash.bytes)
    let result = try connection.query(
      "select raw from core.payout_attempt where hash = $1", parameters)
    return result.rowCount == 1 ? result.bytes(0, 0) : nil
  }

  /// A node answered.
  func sent(
    _ hash: Hash32, of slot: PayoutSlot, _ answer: PayoutAnswer, _ kind: PayoutAttempt.Kind,
    height: Int64, at now: Microseconds
  ) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = PostgresParameters()
      parameters.bytea(hash.bytes)
      parameters.text(answer.rawValue)
      parameters.int8(height)
      parameters.timestamp(now)
      try connection.query(
        """
        update core.payout_attempt set answer = $2, sent_height = $3, sent_at = $4 where hash = $1
        """, parameters)
      try setPayment(
        slot, kind == .payment ? .broadcast : .cancelling, transaction: hash, height: nil)
    }
  }

  /// How far the payment is, where it changed.
  func note(
    _ state: PayoutState, of slot: PayoutSlot, transaction hash: Hash32?, height: Int64?
  ) throws(PostgresError) {
    guard slot.withdrawal != nil else { return }
    try transaction { () throws(PostgresError) in
      try setPayment(slot, state, transaction: hash, height: height)
    }
  }

  private func setPayment(
    _ slot: PayoutSlot, _ state: PayoutState, transaction: Hash32?, height: Int64?
  ) throws(PostgresError) {
    guard let withdrawal = slot.withdrawal else { return }
    var parameters = PostgresParameters()
    parameters.int8(withdrawal)
    parameters.text(state.rawValue)
    if let transaction { parameters.bytea(transaction.bytes) } else { parameters.null() }
    if let height { parameters.int8(height) } else { parameters.null() }
    try connection.query(
      """
      update public.withdrawals set payment = $2, tx_hash = coalesce($3::bytea, tx_hash),
        block_height = $4::int8, updated_at = now()
      where id = $1 and (payment, tx_hash, block_height) is distinct from
        ($2, coalesce($3::bytea, tx_hash), $4::int8)
      """, parameters)
  }

  /// - Parameter isCancelled: nobody need look, its nonce goes to nothing.
  func hold(
    _ slot: PayoutSlot, _ reason: String, isCancelled: Bool = false
  ) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = slotKey(slot.sender, slot.nonce)
      parameters.text(reason)
      try connection.query(
        """
        update core.payout_slot set hold = $4\(isCancelled ? ", is_cancelled = true" : "")
        where chain = $1 and sender = $2 and nonce = $3 and outcome is null
        """, parameters)
      try setPayment(slot, .halted, transaction: nil, height: nil)
    }
  }

  /// The engine has booked it.
  /// - Parameter mined: nil for one that was given up before anything was signed.
  func close(
    _ slot: PayoutSlot, _ outcome: PayoutOutcome, _ mined: SentTransaction?
  ) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = slotKey(slot.sender, slot.nonce)
      parameters.text(outcome.rawValue)
      try connection.query(
        """
        update core.payout_slot set outcome = $4
        where chain = $1 and sender = $2 and nonce = $3 and outcome is null
        """, parameters)
      guard let mined else { return }
      try setPayment(slot, .mined, transaction: mined.hash, height: mined.height)
    }
  }

  func slotKey(_ sender: Address, _ nonce: UInt64) -> PostgresParameters {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.bytea(sender.bytes)
    parameters.int8(Int64(clamping: nonce))
    return parameters
  }

  // MARK: Operators

  /// A payment shall end without paying, in the caller's transaction; false where it is not open.
  func cancelPayment(_ sender: Address, _ nonce: UInt64) throws(PostgresError) -> Bool {
    let result = try connection.query(
      """
      update core.payout_slot set is_cancelled = true
      where chain = $1 and sender = $2 and nonce = $3 and outcome is null
      """, slotKey(sender, nonce))
    return result.affectedRows == 1
  }

  /// A payment of which a person must say what became of it, as `$4`, by the transaction `t` that
  /// has its nonce in a scanned block: ours succeeded without a log of the transfer, or it is not
  /// ours.
  static let isForAPerson = """
    s.outcome is null and s.purpose <> 'sweep'
      and case when exists (select from core.payout_attempt a where a.hash = t.hash)
        then s.hold is not null and t.is_success and not t.has_paid and $4 <> 'cancelled'
        else true end
    """

  /// In the caller's transaction; false where there is no such transaction.
  func resolve(
    _ sender: Address, _ nonce: UInt64, _ outcome: PayoutOutcome
  ) throws(PostgresError) -> Bool {
    var parameters = slotKey(sender, nonce)
    parameters.text(outcome.rawValue)
    let result = try connection.query(
      """
      update core.payout_slot s set resolution = $4, resolved_hash = t.hash
      from core.sent_transaction t
      where s.chain = $1 and s.sender = $2 and s.nonce = $3
        and (t.chain, t.sender, t.nonce) = (s.chain, s.sender, s.nonce) and \(Self.isForAPerson)
      """, parameters)
    return result.affectedRows == 1
  }

  /// The last scanned block, and up to where blocks are final.
  func position() throws(PostgresError) -> (tip: BlockPlace, finalized: Int64)? {
    guard let tip = try tail(1).last, let known = try known() else { return nil }
    return (tip, known.finalized)
  }
}
