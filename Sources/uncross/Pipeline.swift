// The whole path on one screen: what is started in which order, and what flows where.

internal import API
internal import Client
internal import Custody
internal import Embedded
internal import Engine
internal import Formats
internal import Foundation
internal import Journal
internal import Ledger
internal import Logging
internal import Postgres
internal import Tape
internal import Wire

/// One running exchange.
///
///     HTTP -> Command -> [CommandLoop: queue -> AuctionEngine -> group -> journal commit]
///                           |-> reply to the client
///                           |-> LedgerReader, LedgerProjection -> balance_log, balance
///                           |-> TapePublishing -> Worker
///                           '-> Directory, MarketEvents -> API
///     chain -> ChainCustody -> deposits -> Command -> ...
///     Command -> withdrawals -> ChainCustody -> signer -> chain
///
/// **Invariant:** everything right of the loop is fed by durable groups only, in order.
final class Pipeline: Sendable {
  let embedded: EmbeddedServers
  let loop: CommandLoop
  let projection: LedgerProjection
  let reader: LedgerReader
  let operatorLog: OperatorLog
  let tape: TapePublishing
  let snapshotter: Snapshotter
  let directory: Directory
  let events: MarketEvents
  /// Nil where nothing is paid in from a chain.
  let custody: ChainCustody?
  let recovered: Recovered

  /// Recovery, in order: lead, newest usable snapshot, replay, then everything is started.
  init(
    _ configuration: ServeConfiguration, keys: Keys, console: Console, logger: Logger, halt: Halt
  ) async throws {
    embedded = try EmbeddedServers(configuration, keys, logger, prepare: Self.prepare)
    let (database, workerURL) = (embedded.database, embedded.workerURL)

    var store = try JournalStore(database.app)
    try Self.lead(&store, patiently: configuration.standBy)
    // From here on nothing that an instance before proved can still be applied: its term is over.
    let led = Timestamp.now().microseconds
    let watermark = try Watermark.read(database.app)
    let head = try store.head()
    guard watermark.journalSequence <= head.sequence else {
      throw JournalError.lostHistory(
        "the ledger is at group \(watermark.journalSequence), the journal ends at \(head.sequence)")
    }

    let term = Term()
    let projection = LedgerProjection(
      conninfo: database.app, watermark: watermark, term: { term.current },
      onHalt: { halt.now($0) })
    let reader = LedgerReader(
      conninfo: database.app, partitionRows: LedgerProjection.Limits().partitionRows,
      report: { logger.error("\($0)") })
    operatorLog = OperatorLog(conninfo: database.app)
    let directory = Directory()
    let events = MarketEvents(directory: directory)

    // A snapshot before the watermark's group, so that the rest of that group's entries come again.
    let snapshot = try store.snapshot(atOrBefore: watermark.journalSequence - 1)
    var writer = try snapshot.map { try TapeWriter(restoring: $0.tape) } ?? TapeWriter()
    var replay = try Replay(from: snapshot)
    projection.learn(replay.engine.directory())
    // What the ledger lacks: bounded, because admission stops at a bounded lag.
    var unprojected: [DurableGroup] = []
    try replay.run(store) { head, engine in
      _ = writer.write(engine.effects, anchor: TapeAnchor(head))
      if head.sequence >= watermark.journalSequence {
        unprojected.append(DurableGroup(head: head, effects: engine.effects))
      } else {
        for event in engine.effects.directory { projection.learn([event]) }
      }
      return true
    }
    let engine = replay.finish()
    try reader.load(upTo: watermark.entry, directory: engine.directory())
    for group in unprojected { Self.feed(group, projection, reader) }
    directory.apply(engine.directory())
    console.learn(engine.directory())
    recovered = Recovered(
      head: head, stateHash: stateHash(engine), isNew: !engine.isConfigured,
      rulesVersion: engine.rulesVersion,
      replayed: head.commands - (snapshot?.head.commands ?? 0),
      // By the journal's time too, where the clock was set back since. Signatures were taken from
      // a second ahead.
      signaturesAfter: max(led, engine.time) / 1_000_000 + 1)

    let tape = TapePublishing(
      TapePublishing.Configuration(
        workerURL: workerURL,
        epochs: try TapeEpochs(path: configuration.dataDirectory + "/tape-epochs.json"),
        sign: { method, path, extra, body in
          let fields = try keys.publisher.sign(
            method: method, target: path, body: body, extra: extra,
            created: Timestamp.now().seconds)
          return fields.all
        },
        replay: { market, after, deliver in
          try await TapeRegeneration.run(
            database.app, market: market, after: after, deliver: deliver)
        },
        onHalt: { market, reason in
          logger.critical("publishing of \(market) stopped: \(reason)")
          if reason.stopsCore { halt.now(reason.description) }
        }), writer: writer)

    let loop = CommandLoop(
      engine: engine, durable: head, store: store, conninfo: database.app,
      sinks: [
        { directory.apply($0.effects.directory) },
        { console.learn($0.effects.directory) },
        { Self.feed($0, projection, reader) },
        { tape.publish($0.effects, anchor: TapeAnchor($0.head)) },
        { events.publish($0.effects.tape.compactMap(\.auction)) },
        { console.auctions($0.effects.tape.compactMap(\.auction)) },
      ], gate: { projection.gate() }, term: term,
      onHalt: { halt.now("\($0.code): \($0)") })

    snapshotter = Snapshotter(
      conninfo: database.app,
      policy: Snapshotter.Policy(commands: UInt64(configuration.snapshotCommands)),
      durable: { loop.currentFigures().durable },
      oldestNeeded: { projection.currentFigures().appliedSequence - 1 },
      makeFollower: { try TapeRegeneration.follower($0) },
      report: { logger.warning("\($0)") })
    (self.loop, self.projection, self.reader, self.tape) = (loop, projection, reader, tape)
    (self.directory, self.events) = (directory, events)

    projection.start()
    guard projection.drain(withinSeconds: 600) else {
      throw JournalError.failed("the ledger could not catch up with the journal")
    }
    reader.start()
    loop.start()
    snapshotter.start(after: snapshot?.head.commands ?? 0)
    if recovered.isNew {
      try await Self.begin(
        CoreExchange(loop, projection, reader, tape, operatorLog), keys,
        isDevelopment: configuration.chainFile == nil,
        chain: embedded.chain == nil ? nil : embedded.chainSettings?.name)
    } else if recovered.rulesVersion < Bounds.rulesVersion {
      try await Self.renew(CoreExchange(loop, projection, reader, tape, operatorLog), recovered)
    }
    if let text = configuration.operatorKey {
      try await Self.rescue(CoreExchange(loop, projection, reader, tape, operatorLog), text, logger)
    }
    custody = try embedded.chainSettings.map {
      try ChainCustody(
        $0, conninfo: database.app, loop: loop, directory: directory, term: term, logger: logger)
    }
    try await custody?.claimBooks(database.app)
    if embedded.chain != nil, let settings = embedded.chainSettings {
      try await DevelopmentSigner.fund(settings)
    }
    custody?.start()
  }

  /// The schema, and that the books are of what this start is about.
  private static func prepare(
    _ database: DatabaseAddress, _ settings: ChainSettings?, _ configuration: ServeConfiguration
  ) throws {
    try Migrations.apply(on: PostgresConnection(database.owner, role: database.ownerRole))
    let named = settings.map { BooksIdentity.Chain(name: $0.name, chainID: $0.chainID) }
    try BooksIdentity.claim(
      PostgresConnection(database.app), as: named == nil ? .development : .real,
      named ?? (configuration.chain ? ChainSettings.developmentChain : nil))
  }

  /// Refuses to start beside another instance, unless told to stand by; a predecessor that was
  /// killed a moment ago may hold the lead until the server has noticed.
  private static func lead(_ store: inout JournalStore, patiently: Bool) throws {
    let deadline = Date(timeIntervalSinceNow: CommandLoop.Limits().leadPatienceSeconds)
    while try !store.lead() {
      guard patiently || Date() < deadline else {
        throw JournalError.notLeader("another instance leads this database")
      }
      Thread.sleep(forTimeInterval: 0.2)
    }
  }

  /// What every durable group gives the ledger, replayed or new.
  private static func feed(
    _ group: DurableGroup, _ projection: LedgerProjection, _ reader: LedgerReader
  ) {
    let effects = group.effects
    projection.enqueue(
      LedgerProjection.Segment(journalSequence: group.head.sequence, effects))
    reader.take(firstEntry: effects.firstEntry, effects.entries, effects.directory)
    reader.projected(upTo: projection.currentFigures().appliedEntry)
  }

  private static func begin(
    _ exchange: CoreExchange, _ keys: Keys, isDevelopment: Bool, chain: String?
  ) async throws {
    guard let first = PublicKey(keys.operator.publicKey),
      let treasurer = PublicKey(keys.treasurer.publicKey)
    else { preconditionFailure("a key has 32 bytes") }
    let operators = Genesis.Operators(
      first: first, treasurer: isDevelopment ? treasurer : nil)
    for reply in try await exchange.submit(Genesis.commands(operators, chain: chain)) {
      if let rejection = reply.rejection {
        throw JournalError.failed("the first commands were refused: \(rejection.code)")
      }
    }
  }

  /// A journal of older rules goes on under the newest ones, one version after another.
  private static func renew(_ exchange: CoreExchange, _ recovered: Recovered) async throws {
    let commands = Command.newestRules(after: recovered.rulesVersion)
    for reply in try await exchange.submit(commands) {
      if let rejection = reply.rejection {
        throw JournalError.failed("the newer rules were refused: \(rejection.code)")
      }
    }
  }

  /// Whoever starts the exchange may let an operator in: all others need another operator for it.
  /// Each key once: the setting stays where it was written, when the key was revoked too.
  private static func rescue(
    _ exchange: CoreExchange, _ text: String, _ logger: Logger
  ) async throws {
    guard let key = Hex.bytes(text).flatMap({ PublicKey($0) }) else {
      throw ConfigurationError(key: "operator.key", value: text, wanted: "64 hex digits")
    }
    let authority = Authority(user: 0, reason: "named at the start")
    let given = try await exchange.submit([
      .operation(.registerKey(user: 1, key: key, role: .operator), by: authority)
    ])
    if given[0].rejection == .keyRevoked {
      // No reason to stand still: a setting may be older than the revocation.
      logger.critical("operator.key gives nothing: this key was revoked. Name another one, or none")
      return
    }
    if let rejection = given[0].rejection {
      throw JournalError.failed("the operator's key was refused: \(rejection.code)")
    }
    if given[0].outcome == .repeated {
      if try await exchange.read({ $0.isFrozen(1) }) {
        logger.critical("operator.key has access, and user 1 is frozen: name another key to end it")
      }
      return
    }
    _ = try await exchange.submit([
      .operation(.setFrozen(user: 1, frozen: false), by: authority)
    ])
  }

  var exchange: CoreExchange {
    CoreExchange(loop, projection, reader, tape, operatorLog, custody)
  }

  /// Intake is closed already: drain, commit, project, publish, close. Each has its share of the
  /// time that the API left of `StopLimit`; what is not done then is done by the next start.
  func stop() async {
    let end = ContinuousClock.now + .seconds(5)
    func left(atMost seconds: Double) -> Double {
      min(seconds, max((end - ContinuousClock.now) / Duration.seconds(1), 0.1))
    }
    custody?.stop()
    loop.stop(withinSeconds: left(atMost: 2))
    projection.stop(withinSeconds: left(atMost: 2))
    _ = await tape.drain(withinSeconds: left(atMost: 2))
    await tape.stop()
    snapshotter.stop(withinSeconds: left(atMost: 1))
    reader.stop(withinSeconds: left(atMost: 1))
    embedded.stop()
  }
}

/// What a start found.
struct Recovered: Sendable {
  var head: JournalHead
  var stateHash: [UInt8]
  /// The journal was empty.
  var isNew: Bool
  /// The semantics at the journal's end.
  var rulesVersion: UInt32
  /// Commands replayed after the snapshot.
  var replayed: UInt64
  /// The last second whose signatures an instance before this one may have taken.
  var signaturesAfter: Int64

  /// Waits until signatures of the present are taken: the two seconds after the lead was taken,
  /// most of which recovery used.
  func untilSignaturesAreTaken(_ logger: Logger) async {
    let second: Int64 = 1_000_000
    let wait = (signaturesAfter + 1) * second - Timestamp.now().microseconds
    if wait > 2 * second {
      logger.warning(
        """
        the journal is \(wait / second) s ahead of this machine's clock: until the clock is there, \
        the API takes only nonces that begin with Uncross-Nonce-Prefix, and no auction runs
        """)
    }
    try? await Task.sleep(for: .microseconds(min(max(wait, 0), 2 * second)))
  }
}

extension TapeAnchor {
  init(_ head: JournalHead) {
    self.init(sequence: head.sequence, commands: head.commands, hash: head.hash)
  }
}
