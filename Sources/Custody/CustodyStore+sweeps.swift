// Sweeps and the gas that they need, as they are stored.

internal import Engine
internal import Ethereum
internal import Postgres

/// Gas that an operator asked for, and no nonce has it yet.
struct WaitingTopUp: Sendable, Equatable {
  var id: Int64
  var address: Address
  var value: UInt256
}

extension CustodyStore {
  static let maximumOpenSweeps = 1_000
  static let maximumWaitingTopUps = 500

  // MARK: Sweeps

  /// Oldest first, each with what scanned blocks have of its nonce.
  func openSweeps() throws(PostgresError) -> [OpenSweep] {
    let slots = try slots(
      """
      where chain = $1 and purpose = 'sweep' and outcome is null
      order by created_at, sender, nonce limit \(Self.maximumOpenSweeps)
      """, chainParameter())
    if slots.isEmpty { return [] }
    let byPlace = try minedSweeps()
    return slots.map { OpenSweep(slot: $0, mined: byPlace[$0.place]) }
  }

  /// The open sweeps of each of some addresses, and those that were final and left the chain all
  /// the same.
  func openSweeps(of addresses: [Address]) throws(PostgresError) -> [Address: [OpenSweep]] {
    var parameters = chainParameter()
    parameters.byteaArray(addresses.count) { addresses[$0].bytes }
    let slots = try slots(
      """
      where chain = $1 and purpose = 'sweep' and sender = any($2::bytea[])
        and (outcome is null or not exists (select from core.sent_transaction t
          where (t.chain, t.sender, t.nonce) = (payout_slot.chain, payout_slot.sender,
            payout_slot.nonce)))
      order by nonce
      """, parameters)
    let mined = try minedSweeps()
    return Dictionary(
      grouping: slots.map { OpenSweep(slot: $0, mined: mined[$0.place]) }, by: \.slot.sender)
  }

  private func minedSweeps() throws(PostgresError) -> [PayoutSlot.Place: SentTransaction] {
    let mined = try sentTransactions(
      """
      join core.payout_slot s using (chain, sender, nonce)
      where t.chain = $1 and s.purpose = 'sweep' and s.outcome is null
      """, chainParameter())
    return Dictionary(
      mined.map { (PayoutSlot.Place(sender: $0.sender, nonce: $0.nonce), $0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Stores a sweep that was checked, once; nil where it is there, or why it is not taken. Another
  /// signature of a nonce joins the first: all go to the hot wallet, and the chain takes one.
  func add(
    _ signed: SignedTransaction, by authority: Authority
  ) throws(PostgresError) -> SweepRefusal? {
    var refusal: SweepRefusal?
    try transaction { () throws(PostgresError) in
      try reopen(signed)
      guard try !isKnown(signed.hash) else { return }
      refusal = try insertSweep(signed)
      guard refusal == nil else { return }
      try insertAttempt(signed)
      try log(
        LoggedDecision(
          action: "submit_sweep", subject: chain,
          detail: "sender=\(signed.sender) nonce=\(signed.transaction.nonce) "
            + "transaction=\(signed.hash)"), by: authority)
    }
    return refusal
  }

  private func insertSweep(_ signed: SignedTransaction) throws(PostgresError) -> SweepRefusal? {
    let transaction = signed.transaction
    var parameters = slotKey(signed.sender, transaction.nonce)
    parameters.bytea(transaction.destination.bytes)
    parameters.text("\(transaction.value)")
    parameters.bytea(transaction.data)
    parameters.int8(Int64(clamping: transaction.gasLimit))
    let result = try connection.query(
      """
      with taken as (
        insert into core.payout_slot(chain, sender, nonce, purpose, destination, value, data,
          gas_limit)
        select $1, $2, $3, 'sweep', $4, $5::numeric, $6, $7
        where (select count(*) from core.payout_slot s where s.chain = $1 and s.purpose = 'sweep'
            and s.outcome is null) < \(Self.maximumOpenSweeps)
          or exists (
            select from core.payout_slot s where (s.chain, s.sender, s.nonce) = ($1, $2, $3))
        on conflict (chain, sender, nonce) do update
          set destination = excluded.destination, value = excluded.value, data = excluded.data,
            gas_limit = excluded.gas_limit
          where payout_slot.purpose = 'sweep' and payout_slot.outcome is null
        returning 1)
      select exists (select from taken), exists (select from core.payout_slot s
        where (s.chain, s.sender, s.nonce) = ($1, $2, $3))
      """, parameters)
    if result.bool(0, 0) { return nil }
    return result.bool(0, 1) ? .nonceUsed : .tooManyOpen
  }

  /// It was final, and the chain took it back all the same: its nonce is free again.
  private func reopen(_ signed: SignedTransaction) throws(PostgresError) {
    try connection.query(
      """
      update core.payout_slot s set outcome = null, hold = null
      where s.chain = $1 and s.sender = $2 and s.nonce = $3 and s.purpose = 'sweep'
        and s.outcome is not null and not exists (select from core.sent_transaction t
          where (t.chain, t.sender, t.nonce) = (s.chain, s.sender, s.nonce))
      """, slotKey(signed.sender, signed.transaction.nonce))
  }

  private func isKnown(_ hash: Hash32) throws(PostgresError) -> Bool {
    var parameters = PostgresParameters()
    parameters.bytea(hash.bytes)
    return try connection.query(
      "select 1 from core.payout_attempt where hash = $1", parameters
    ).rowCount == 1
  }

  private func insertAttempt(_ signed: SignedTransaction) throws(PostgresError) {
    var parameters = slotKey(signed.sender, signed.transaction.nonce)
    parameters.bytea(signed.hash.bytes)
    parameters.text("\(signed.transaction.fees.priority)")
    parameters.text("\(signed.transaction.fees.maximum)")
    parameters.bytea(signed.raw)
    try connection.query(
      """
      insert into core.payout_attempt(hash, chain, sender, nonce, kind, priority_fee, maximum_fee,
        raw, signed_height)
      select $4, $1, $2, $3, 'payment', $5::numeric, $6::numeric, $7,
        coalesce(max(height), 0) from public.scanned_blocks where chain = $1
      """, parameters)
  }

  /// Somebody else used the nonce of a deposit address.
  func closeForeign(_ slot: PayoutSlot, _ hash: Hash32) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      var parameters = slotKey(slot.sender, slot.nonce)
      parameters.text("foreign_transaction: \(hash)")
      try connection.query(
        """
        update core.payout_slot set hold = $4, outcome = 'reverted'
        where chain = $1 and sender = $2 and nonce = $3 and outcome is null
        """, parameters)
    }
  }

  // MARK: Gas

  /// Those of some addresses whose gas is on its way. What a wallet of before has not sent, it
  /// never will.
  func toppedUp(
    _ addresses: [Address], from wallet: Address
  ) throws(PostgresError) -> Set<Address> {
    var parameters = chainParameter()
    parameters.byteaArray(addresses.count) { addresses[$0].bytes }
    parameters.bytea(wallet.bytes)
    return Set(
      try self.addresses(
        """
        select distinct u.address from core.top_up u
        left join core.payout_slot s on (s.chain, s.sender, s.nonce) = (u.chain, u.sender, u.nonce)
        where u.chain = $1 and u.address = any($2::bytea[]) and s.outcome is null
          and (u.sender is null or u.sender = $3)
        """, parameters))
  }

  /// Which were added: an address whose gas is on its way gets no more.
  func addTopUps(
    _ needs: [(Address, UInt256)], from wallet: Address, by authority: Authority
  ) throws(PostgresError) -> [Address] {
    if needs.isEmpty { return [] }
    var added: [Address] = []
    try transaction { () throws(PostgresError) in
      var parameters = chainParameter()
      parameters.byteaArray(needs.count) { needs[$0].0.bytes }
      parameters.textArray(needs.count) { "\(needs[$0].1)" }
      parameters.int8(Int64(authority.user))
      parameters.bytea(wallet.bytes)
      added = try addresses(
        """
        insert into core.top_up(chain, address, value, operator_id)
        select distinct on (a) $1, a, v::numeric, $4
        from unnest($2::bytea[], $3::text[]) x(a, v)
        where exists (select from core.deposit_address d where d.chain = $1 and d.address = a)
          and not exists (select from core.top_up u
            left join core.payout_slot s
              on (s.chain, s.sender, s.nonce) = (u.chain, u.sender, u.nonce)
            where u.chain = $1 and u.address = a and s.outcome is null
              and (u.sender is null or u.sender = $5))
        limit greatest(0, \(Self.maximumWaitingTopUps) - (select count(*) from core.top_up w
          where w.chain = $1 and w.nonce is null))
        returning address
        """, parameters)
      guard !added.isEmpty else { return }
      try log(
        LoggedDecision(action: "top_up", subject: chain, detail: "addresses=\(added.count)"),
        by: authority)
    }
    return added
  }

  func waitingTopUps(_ limit: Int) throws(PostgresError) -> [WaitingTopUp] {
    let result = try connection.query(
      """
      select id, address, value::text from core.top_up where chain = $1 and nonce is null
      order by id limit \(limit)
      """, chainParameter())
    var found: [WaitingTopUp] = []
    for row in 0..<result.rowCount {
      guard let address = Address(result.bytes(row, 1)),
        let value = UInt256(decimal: result.string(row, 2))
      else { throw PostgresError.impossible("top_up: a row that does not read") }
      found.append(WaitingTopUp(id: result.int64(row, 0), address: address, value: value))
    }
    return found
  }

  /// Gives one its nonce.
  func insert(_ slot: PayoutSlot, for topUp: WaitingTopUp) throws(PostgresError) {
    try transaction { () throws(PostgresError) in
      try insertRow(slot)
      var parameters = slotKey(slot.sender, slot.nonce)
      parameters.int8(topUp.id)
      let result = try connection.query(
        """
        update core.top_up set sender = $2, nonce = $3
        where chain = $1 and id = $4 and nonce is null
        """, parameters)
      guard result.affectedRows == 1 else {
        throw PostgresError(sqlstate: Self.divergence, message: "a top-up has its nonce already")
      }
    }
  }

  // MARK: Operators

  func sweepState() throws(PostgresError) -> SweepState {
    let open = try openSweeps().map(\.slot)
    let result = try connection.query(
      """
      select u.address, u.value::text, u.nonce from core.top_up u
      left join core.payout_slot s on (s.chain, s.sender, s.nonce) = (u.chain, u.sender, u.nonce)
      where u.chain = $1 and s.outcome is null order by u.id limit 1000
      """, chainParameter())
    var topUps: [SweepState.TopUp] = []
    for row in 0..<result.rowCount {
      guard let address = Address(result.bytes(row, 0)),
        let value = UInt256(decimal: result.string(row, 1))
      else { throw PostgresError.impossible("top_up: a row that does not read") }
      topUps.append(
        SweepState.TopUp(
          address: address, value: value,
          nonce: result.optionalInt64(row, 2).map { UInt64($0) }))
    }
    let unknown = try connection.query(
      """
      select t.hash from core.sent_transaction t
      join core.deposit_address d on (d.chain, d.address) = (t.chain, t.sender)
      where t.chain = $1 and not exists (select from core.payout_attempt a where a.hash = t.hash)
      order by t.block_height desc limit 100
      """, chainParameter())
    return SweepState(
      open: open, topUps: topUps,
      unknown: (0..<unknown.rowCount).compactMap { Hash32(unknown.bytes($0, 0)) })
  }

  // MARK: Coins that no transfer shows

  /// Coins that left addresses of ours by their own transactions, gas included, and that came to
  /// them from others of ours, after a block and up to another.
  func ownFlows(
    after opened: Int64, upTo height: Int64
  ) throws(PostgresError) -> (out: [Address: UInt256], received: [Address: UInt256]) {
    func sums(_ sql: String) throws(PostgresError) -> [Address: UInt256] {
      var parameters = chainParameter()
      parameters.int8(height)
      parameters.int8(opened)
      let result = try connection.query(sql, parameters)
      var found: [Address: UInt256] = [:]
      for row in 0..<result.rowCount {
        guard let address = Address(result.bytes(row, 0)),
          let sum = UInt256(decimal: result.string(row, 1))
        else { throw PostgresError.impossible("sent_transaction: a sum that does not read") }
        found[address] = sum
      }
      return found
    }
    let out = try sums(
      """
      select sender, sum(value + gas_cost)::text from core.sent_transaction
      where chain = $1 and block_height <= $2 and block_height > $3 group by 1
      """)
    let received = try sums(
      """
      select recipient, sum(value)::text from core.sent_transaction
      where chain = $1 and block_height <= $2 and block_height > $3 and recipient is not null
      group by 1
      """)
    return (out, received)
  }

  // MARK: Helpers

  func chainParameter() -> PostgresParameters {
    var parameters = PostgresParameters()
    parameters.text(chain)
    return parameters
  }

  private func addresses(
    _ sql: String, _ parameters: consuming PostgresParameters
  ) throws(PostgresError) -> [Address] {
    let result = try connection.query(sql, parameters)
    var found: [Address] = []
    for row in 0..<result.rowCount {
      guard let address = Address(result.bytes(row, 0)) else {
        throw PostgresError.impossible("an address that has not 20 bytes")
      }
      found.append(address)
    }
    return found
  }
}
