// The core as the API sees it: commands and reads through the loop, ledgers through the reader.

internal import API
internal import Engine
internal import Journal
internal import Ledger
internal import Postgres
internal import Tape

struct CoreExchange: Exchange {
  let loop: CommandLoop
  let projection: LedgerProjection
  let reader: LedgerReader
  let tape: TapePublishing
  let log: OperatorLog
  let custody: ChainCustody?

  init(
    _ loop: CommandLoop, _ projection: LedgerProjection, _ reader: LedgerReader,
    _ tape: TapePublishing, _ log: OperatorLog, _ custody: ChainCustody? = nil
  ) {
    self.loop = loop
    self.projection = projection
    self.reader = reader
    self.tape = tape
    self.log = log
    self.custody = custody
  }

  var deposits: (any DepositDesk)? { custody }
  var withdrawals: (any WithdrawalDesk)? { custody?.payments == nil ? nil : custody }
  var sweeps: (any SweepDesk)? { custody?.payments == nil ? nil : custody }
  var decisions: (any DecisionDesk)? { custody }

  func submit(_ commands: [Command]) async throws(ExchangeError) -> [Reply] {
    let result = await withCheckedContinuation { continuation in
      loop.submit(commands, in: QueuePlace(of: commands)) { continuation.resume(returning: $0) }
    }
    switch result {
    case .success(let replies): return replies
    case .failure(.refused(let reason)):
      throw .unavailable(reason: reason, retryAfterSeconds: 1)
    case .failure(.queueFull): throw .overloaded(retryAfterSeconds: 1)
    case .failure(.outcomeUnknown): throw .outcomeUnknown
    }
  }

  func read<Value: Sendable>(
    _ query: @escaping @Sendable (borrowing AuctionEngine) -> Value
  ) async throws(ExchangeError) -> Value {
    guard let value = await loop.read(query) else {
      let isConnected = loop.currentFigures().isConnected
      throw .unavailable(
        reason: isConnected ? "stopping" : "journal_unavailable", retryAfterSeconds: 1)
    }
    return value
  }

  func ledger(_ query: LedgerQuery) async throws(ExchangeError) -> LedgerQuery.Page {
    let result = await withCheckedContinuation { continuation in
      reader.query(query) { continuation.resume(returning: $0) }
    }
    switch result {
    case .success(let page): return page
    case .failure(.tooManyOfUser):
      let reason = "the user's earlier queries of ledger and fills are not answered yet"
      throw .rateLimited(reason: reason, retryAfterSeconds: 1)
    case .failure(.tooMany): throw .overloaded(retryAfterSeconds: 1)
    case .failure(.stopping): throw .unavailable(reason: "stopping", retryAfterSeconds: 1)
    case .failure(.database):
      throw .unavailable(reason: "ledger_unavailable", retryAfterSeconds: 1)
    }
  }

  func operatorLog(_ query: OperatorLogQuery) async throws(ExchangeError) -> [OperatorLogRow] {
    guard let rows = await log.rows(query) else {
      throw .unavailable(reason: "ledger_unavailable", retryAfterSeconds: 1)
    }
    return rows
  }

  func readiness() -> Readiness {
    let figures = loop.currentFigures()
    if !figures.isConnected { return .notReady(reason: "journal_unavailable") }
    if let reason = projection.gate() { return .notReady(reason: reason) }
    return .ready
  }

  func metrics() -> [Metric] {
    let (core, ledger) = (loop.currentFigures(), projection.currentFigures())
    var metrics = [
      Metric(
        "uncross_journal_sequence", "The last durable group", .gauge,
        Double(core.durable.sequence)),
      Metric(
        "uncross_commands_total", "Commands made durable since the journal's start", .counter,
        Double(core.durable.commands)),
      Metric(
        "uncross_journal_connected",
        "1 while the journal's connection stands and no group hangs", .gauge,
        core.isConnected ? 1 : 0),
      Metric("uncross_leader_term", "This process's term", .gauge, Double(core.term)),
      Metric(
        "uncross_queued_commands", "Commands that wait for the engine", .gauge,
        Double(core.queuedCommands)),
      Metric(
        "uncross_live_orders", "Orders that rest in the books", .gauge, Double(core.liveOrders)),
      Metric(
        "uncross_remembered_orders", "Ids of orders and adjustments that are remembered", .gauge,
        Double(core.rememberedOrders)),
      Metric(
        "uncross_remembered_order_bytes", "Memory of remembered orders and refusals", .gauge,
        Double(core.rememberedOrderBytes)),
      Metric(
        "uncross_ledger_lag_rows", "Ledger entries that are durable but not yet in balance_log",
        .gauge, Double(ledger.lagRows)),
      Metric("uncross_ledger_lag_seconds", "Age of the oldest of them", .gauge, ledger.lagSeconds),
      Metric(
        "uncross_ledger_applied_entry", "The last entry in balance_log", .gauge,
        Double(ledger.appliedEntry)),
    ]
    for market in tape.figures() {
      let labels = [(name: "market", value: market.market)]
      metrics += [
        Metric(
          "uncross_tape_records", "Records of the tape", .gauge, Double(market.produced),
          labels: labels),
        Metric(
          "uncross_tape_lag_records", "Records the Worker has not acknowledged; -1 while unknown",
          .gauge, Double(market.lag ?? -1), labels: labels),
        Metric(
          "uncross_tape_halted", "1 where publishing stopped", .gauge, market.isHalted ? 1 : 0,
          labels: labels),
      ]
    }
    return metrics + (custody?.metrics() ?? [])
  }
}
