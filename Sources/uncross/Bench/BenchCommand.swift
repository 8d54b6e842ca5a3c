// `uncross bench`: what the parts do on this machine, each against its floor of the same run.

internal import ArgumentParser
internal import Auction
internal import Embedded
internal import Engine
internal import Foundation
internal import Journal
internal import Ledger
internal import Logging
internal import Postgres
internal import Synchronization

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the parts against floors of the same run.",
    discussion: """
      Starts a private Postgres in a temporary directory and measures the engine alone, the
      journal's group commit against journal rows alone, the ledger against COPY of the same rows
      alone, replay, publishing against the same batches posted by hand, signed HTTP orders against
      a server with nothing behind, and the API's hostile bodies against plain ones of the same
      size.

        uncross bench
        uncross bench --commands 500000
        uncross bench --only engine --only journal
        uncross bench --only api
      """)

  enum Part: String, ExpressibleByArgument, CaseIterable {
    case engine, clearing, journal, tape, http, api, chain
  }

  @Option(help: "Commands of each measurement.") var commands = 1_000_000

  @Option(help: "A part to measure; may be given several times. All, where none is given.")
  var only: [Part] = []

  private func measures(_ part: Part) -> Bool { only.isEmpty || only.contains(part) }

  func run() async throws {
    var report = BenchReport()
    if measures(.engine) { measureEngine(&report) }
    if measures(.clearing) { measureClearing(&report) }
    let root = "/tmp/uncross-bench-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(
      atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    defer { try? FileManager.default.removeItem(atPath: root) }
    let logger = TerminalLog.logger("bench", level: .error)
    if measures(.journal) { try measureJournal(root, logger, &report) }
    if measures(.tape) { try await BenchTape(root: root, logger: logger).run(&report) }
    if measures(.http) { try await BenchHTTP().run(&report) }
    if measures(.api) { try await BenchHTTP().runBodies(&report) }
    if measures(.chain) {
      try await BenchChain(root: root + "/deposits", logger: logger).run(&report)
    }
  }

  private func measureJournal(
    _ root: String, _ logger: Logger, _ report: inout BenchReport
  ) throws {
    let cluster = try PrivateCluster(root: root + "/postgres", logger: logger)
    try cluster.start()
    defer { cluster.stop() }
    try Migrations.apply(on: PostgresConnection(cluster.conninfo(user: "uncross_owner")))
    try measureJournal(
      cluster.conninfo(user: "uncross_app"), owner: cluster.conninfo(user: "uncross_owner"), &report
    )
  }

  // MARK: The engine alone

  private func measureEngine(_ report: inout BenchReport) {
    var engine = AuctionEngine()
    for command in BenchWorld.genesis() { engine.apply(command) }
    var world = BenchWorld(seed: 1)
    let orders = (0..<commands).map { _ in world.order(crossing: false) }
    engine.reserve(orders: commands, remembered: commands)
    engine.effects.removeAll()
    var ids: [OrderID] = []
    ids.reserveCapacity(commands)
    let placing = seconds {
      for order in orders {
        ids.append(engine.apply(.order(.place(order))).id)
        if engine.effects.replies.count == 4_096 { engine.effects.removeAll() }
      }
    }
    let cancelling = seconds {
      for (index, order) in orders.enumerated() {
        engine.apply(.order(.cancel(CancelOrder(user: order.user, order: ids[index]))))
        if engine.effects.replies.count == 4_096 { engine.effects.removeAll() }
      }
    }
    let floor = floorOfTable(orders)
    let count = Double(commands)
    report.add(
      BenchRow(
        name: "engine: place", rate: count / placing, unit: "orders/s", floor: count / floor.insert,
        floorName: "Dictionary inserts/s of the same ids"))
    report.add(
      BenchRow(
        name: "engine: cancel", rate: count / cancelling, unit: "cancels/s",
        floor: count / floor.remove, floorName: "Dictionary removals/s"))
  }

  /// What any engine must at least do: remember each client id of a user, and forget it.
  private func floorOfTable(_ orders: [PlaceOrder]) -> (insert: Double, remove: Double) {
    var table: [ClientOrderID: PlaceOrder] = [:]
    table.reserveCapacity(orders.count)
    let insert = seconds { for order in orders { table[order.clientOrderID] = order } }
    let remove = seconds { for order in orders { table[order.clientOrderID] = nil } }
    return (insert, remove)
  }

  private func measureClearing(_ report: inout BenchReport) {
    var engine = AuctionEngine()
    for command in BenchWorld.genesis() { engine.apply(command) }
    var world = BenchWorld(seed: 2)
    var accepted = 0
    for _ in 0..<commands
    where engine.apply(.order(.place(world.order(crossing: true)))).rejection == nil {
      accepted += 1
    }
    engine.effects.removeAll()
    engine.apply(.schedule(.advanceTime(engine.time + BenchWorld.interval)))
    var trades = 0
    let elapsed = seconds {
      for run in engine.dueRuns(at: engine.time) {
        if case .ran(let count) = engine.apply(run).outcome { trades = Int(count) }
      }
    }
    Output.line(
      "one auction of \(accepted) orders: \(trades) trades, "
        + "\(engine.effects.entries.count) ledger entries")
    // The floor writes the entries that the run must give, and does nothing else.
    let entries = engine.effects.entries
    var copy = ContiguousArray<LedgerEntry>()
    copy.reserveCapacity(entries.count)
    let floor = seconds { for entry in entries { copy.append(entry) } }
    report.add(
      BenchRow(
        name: "engine: clear and settle", rate: Double(accepted) / elapsed, unit: "orders/s",
        floor: Double(accepted) / floor,
        floorName: "orders/s if only their ledger entries were written"))
  }

  // MARK: Through the journal

  private func measureJournal(
    _ conninfo: String, owner: String, _ report: inout BenchReport
  ) throws {
    var store = try JournalStore(conninfo)
    guard try store.lead() else { throw JournalError.notLeader("bench") }
    let term = Term()
    let watermark = Watermark(journalSequence: 0, entry: 0)
    let projection = LedgerProjection(
      conninfo: conninfo, watermark: watermark, term: { term.current },
      onHalt: { Output.line("halted: \($0)") })
    let bodies = Mutex<[JournalHead]>([])
    let loop = CommandLoop(
      engine: AuctionEngine(), durable: .empty, store: store, conninfo: conninfo,
      clock: .standing(at: BenchWorld.start),
      sinks: [
        { group in
          projection.enqueue(
            LedgerProjection.Segment(
              journalSequence: group.head.sequence, group.effects))
          bodies.withLock { $0.append(group.head) }
        }
      ], term: term, onHalt: { Output.line("halted: \($0)") })
    loop.start()
    submit(BenchWorld.genesis().dropFirst(0).map { $0 }, to: loop)
    var world = BenchWorld(seed: 3)
    let orders = (0..<commands).map { _ in Command.order(.place(world.order(crossing: false))) }
    let burst = seconds { submit(orders, to: loop) }

    projection.start()
    let rows = projection.currentFigures().lagRows
    let projecting = seconds { _ = projection.drain(withinSeconds: 600) }
    let burstEnd = loop.currentFigures().durable.sequence
    let next = (0..<commands).map { _ in Command.order(.place(world.order(crossing: false))) }
    let sustained = sustain(next, loop, projection)
    loop.stop()
    projection.stop()
    try report.addJournal(conninfo, owner, upTo: burstEnd, commands: commands, burst: burst)
    try report.addLedger(owner, rows: rows, projecting: projecting, sustained: sustained)
    try report.addReplay(conninfo)
  }

  /// Journal and projection at once, held to what the ledger can follow: the gate of the API,
  /// narrower. Returns ledger rows a second, until the last of them is in Postgres.
  private func sustain(
    _ orders: [Command], _ loop: CommandLoop, _ projection: LedgerProjection
  ) -> Double {
    let before = projection.currentFigures().appliedEntry
    var lags: [UInt64] = []
    let elapsed = seconds {
      for start in stride(from: 0, to: orders.count, by: 10_000) {
        while projection.currentFigures().lagRows > 100_000 { usleep(500) }
        submit(Array(orders[start..<min(start + 10_000, orders.count)]), to: loop)
        lags.append(projection.currentFigures().lagRows)
      }
      _ = projection.drain(withinSeconds: 600)
    }
    let half = lags.count / 2
    Output.line(
      "sustained: at most \(lags[..<half].max() ?? 0) rows behind in the first half, "
        + "\(lags[half...].max() ?? 0) in the second")
    return Double(projection.currentFigures().appliedEntry - before) / elapsed
  }

  /// As a busy API does: batches of 100 commands, many at once, each answered when it is durable.
  private func submit(_ commands: [Command], to loop: CommandLoop) {
    let done = DispatchSemaphore(value: 0)
    let window = DispatchSemaphore(value: 256)
    var start = 0
    while start < commands.count {
      let batch = Array(commands[start..<min(start + 100, commands.count)])
      start += 100
      window.wait()
      loop.submit(batch, in: .ordinary) { result in
        if case .failure(let error) = result { Output.line("refused: \(error)") }
        window.signal()
        done.signal()
      }
    }
    for _ in stride(from: 0, to: commands.count, by: 100) { done.wait() }
  }
}

extension LoopClock {
  /// Time for measurements: commands alone move it.
  fileprivate static func standing(at time: Microseconds) -> LoopClock {
    LoopClock(wall: { time }, monotonic: { 0 })
  }
}

extension BenchReport {
  /// The same groups again as bare rows, one commit each: what group commit costs beyond them.
  fileprivate mutating func addJournal(
    _ conninfo: String, _ owner: String, upTo burstEnd: Int64, commands: Int, burst: Double
  ) throws {
    let store = try JournalStore(conninfo)
    let connection = try PostgresConnection(owner)
    try connection.execute(
      """
      create table core.bench(seq bigint primary key, prev_hash bytea, hash bytea, body bytea);
      alter table core.bench alter column body set storage external
      """)
    var (after, count, spent): (Int64, Int, Double) = (0, 0, 0)
    while after < burstEnd {
      let page = try store.groups(after: after).filter { $0.sequence <= burstEnd }
      guard let last = page.last else { break }
      after = last.sequence
      spent += try seconds {
        for group in page {
          var parameters = PostgresParameters(capacity: group.body.count + 128)
          parameters.int8(group.sequence)
          parameters.bytea(group.previousHash)
          parameters.bytea(group.hash)
          parameters.bytea(group.body)
          try connection.query("insert into core.bench values ($1, $2, $3, $4)", parameters)
        }
      }
      count += page.reduce(0) { $0 + $1.commandCount }
    }
    try connection.execute("drop table core.bench")
    Output.line("the burst was \(after) groups, \(count / Int(max(after, 1))) commands each")
    add(
      BenchRow(
        name: "journal: burst, group commit", rate: Double(commands) / burst, unit: "commands/s",
        floor: Double(count) / spent, floorName: "commands/s, the same groups as bare rows"))
  }

  /// The same ledger rows again by COPY alone, in transactions of the same size.
  fileprivate mutating func addLedger(
    _ owner: String, rows: UInt64, projecting: Double, sustained: Double
  ) throws {
    let connection = try PostgresConnection(owner)
    try connection.execute("create table core.bench (like public.balance_log including indexes)")
    let names = (asset: "USDC", type: "LOCK" as StaticString)
    var copied: UInt64 = 0
    var copy = CopyBuffer()
    let copying = try seconds {
      while copied < rows {
        copy.begin()
        let count = min(50_000, rows - copied)
        for row in 0..<count {
          copy.row(12)
          copy.field(Int64(copied + row))
          copy.field(Int64(row & 1_023))
          copy.text(names.asset)
          copy.numeric(0)
          copy.numeric(-Int128(row) * 25_000_000)
          copy.numeric(Int128(row) * 25_000_000)
          copy.numeric(1_000_000_000_000_000)
          copy.numeric(Int128(row) * 50_000_000)
          copy.text(names.type)
          copy.text("1047493066946263617")
          copy.timestamp(BenchWorld.start)
          copy.timestamp(BenchWorld.start)
        }
        copy.end()
        try connection.copyIn("copy core.bench from stdin (format binary)", copy)
        copied += count
      }
    }
    try connection.execute("drop table core.bench")
    let floor = Double(rows) / copying
    add(
      BenchRow(
        name: "ledger: projection", rate: Double(rows) / projecting, unit: "rows/s",
        floor: floor, floorName: "rows/s, COPY of as many alone"))
    add(
      BenchRow(
        name: "ledger: sustained beside the journal", rate: sustained, unit: "rows/s",
        floor: floor, floorName: "rows/s, COPY of as many alone"))
  }

  /// From the journal to the same state, against an engine that is given the commands in memory.
  fileprivate mutating func addReplay(_ conninfo: String) throws {
    let store = try JournalStore(conninfo)
    var replay = try Replay(from: nil)
    let elapsed = try seconds { try replay.run(store) }
    let count = Double(replay.head.commands)
    var engine = AuctionEngine()
    var (after, applying) = (Int64(0), 0.0)
    while true {
      let page = try store.groups(after: after)
      guard let last = page.last else { break }
      for group in page {
        let commands = try group.commands()
        applying += seconds {
          engine.effects.removeAll()
          for command in commands { engine.apply(command) }
        }
      }
      after = last.sequence
    }
    add(
      BenchRow(
        name: "replay", rate: count / elapsed, unit: "commands/s", floor: count / applying,
        floorName: "commands/s, the same given to an engine in memory"))
  }
}
