// What the handlers of all routes share: the core, the directory, and how they ask.

internal import Engine
internal import Formats
internal import Ledger
internal import Wire

/// The verbs behind the routes. Each parses once, asks the core once where it can, and answers.
struct Handlers: Sendable {
  /// Rows of a page without and with `limit`.
  static let defaultLimit = 100
  static let maximumLimit = 1_000

  let exchange: any Exchange
  let directory: Directory
  let events: MarketEvents
  let deposits: DepositEvents
  let counters: APICounters
  let places: ConnectionPlaces
  let bodies: BodyBudget
  let userBuckets: TokenBuckets<UserID>
  /// At lists of open orders.
  let orderTurns = UserTurns()
  let clock: APIClock

  /// Takes tokens from the user's bucket: one a request, more for a long body, and for a batch as
  /// many as it has orders, where they are more. `paid` of them were taken before, and will be
  /// again when the request is sent again.
  func charge(_ user: Identity, _ tokens: Int, paid: Int = 0) throws(Refusal) {
    if let wait = userBuckets.take(tokens - paid, of: user.user, at: clock.nanoseconds()) {
      throw Refusal(
        .rateLimited, retryAfterSeconds: max(wait + userBuckets.seconds(for: paid), 1))
    }
  }

  /// Refuses a request under a key whose user has no token. Nothing of the request is proved: only
  /// for a key that is known where it comes from, so that nobody else learns of the user's rate.
  func checkRate(of key: PublicKey) throws(Refusal) {
    guard let user = directory.identity(of: key, at: clock.microseconds())?.user,
      userBuckets.isEmpty(user, at: clock.nanoseconds())
    else { return }
    throw Refusal(.rateLimited, retryAfterSeconds: 1)
  }

  // MARK: Who asks

  /// The identity as it is now. A key that was revoked, ended or went to somebody else since it was
  /// proved is answered like one that nobody knows.
  func present(_ proved: Identity) throws(Refusal) -> Identity {
    guard let user = directory.present(proved, at: clock.microseconds()) else {
      throw Refusal(.signatureInvalid)
    }
    return user
  }

  /// A frozen operator reads only; what a frozen user may do, the engine knows.
  static func checkActs(_ user: Identity) throws(Refusal) {
    if user.role == .operator, user.isFrozen { throw Refusal(.userFrozen) }
  }

  // MARK: The core

  /// Applies one command; a rejection is thrown.
  func submit(_ command: Command, of user: Identity) async throws(Refusal) -> Reply {
    let replies = try await submit([command], of: user)
    let reply = replies[0]
    if let rejection = reply.rejection { throw Refusal(rejection) }
    return reply
  }

  /// Carries out what an operator wants; a rejection is thrown.
  func submit(
    _ action: OperatorAction, by user: Identity, _ reason: String = ""
  ) async throws(Refusal) -> Reply {
    try await submit(.operation(action, by: user.authority(reason)), of: user)
  }

  /// From when on what was decided counts.
  static func start(_ reply: Reply) -> Microseconds {
    guard case .inForce(let from) = reply.outcome else { unexpected(reply) }
    return from
  }

  /// Each command has its own kind of answer.
  static func unexpected(_ reply: Reply) -> Never {
    preconditionFailure("the core's answer is another command's: \(reply)")
  }

  /// Applies commands; one reply each, rejections among them. Whoever asks is looked up again: a
  /// handler may have waited for the database or the engine before.
  func submit(_ commands: [Command], of user: Identity) async throws(Refusal) -> [Reply] {
    try Self.checkActs(present(user))
    do throws(ExchangeError) {
      let replies = try await exchange.submit(commands)
      precondition(replies.count == commands.count, "the core must answer every command")
      return replies
    } catch {
      throw Refusal(ofCore: error)
    }
  }

  func read<Value: Sendable>(
    _ query: @escaping @Sendable (borrowing AuctionEngine) -> Value
  ) async throws(Refusal) -> Value {
    do throws(ExchangeError) {
      return try await exchange.read(query)
    } catch {
      throw Refusal(ofCore: error)
    }
  }

  func ledgerPage(_ query: LedgerQuery) async throws(Refusal) -> LedgerQuery.Page {
    do throws(ExchangeError) {
      return try await exchange.ledger(query)
    } catch {
      throw Refusal(ofCore: error)
    }
  }

  // MARK: Names

  /// Whether a text from outside can be a name of ours: looked at before anything compares or
  /// hashes it, because that is dear for text that is not ASCII.
  static func isName(_ text: String) -> Bool {
    text.utf8.count <= 64 && text.isPrintableASCIIWord
  }

  func market(named symbol: String) throws(Refusal) -> ListedMarket {
    guard Self.isName(symbol), let market = directory.market(named: symbol) else {
      throw Refusal(.unknownMarket)
    }
    return market
  }

  func asset(named code: String) throws(Refusal) -> ListedAsset {
    guard Self.isName(code), let asset = directory.asset(named: code) else {
      throw Refusal(.unknownAsset)
    }
    return asset
  }

  /// What the engine named is in the directory: the core tells it first.
  func listedMarket(_ id: MarketID) -> ListedMarket {
    guard let market = directory.market(id) else {
      preconditionFailure("the engine knows a market that the directory does not")
    }
    return market
  }

  func listedAsset(_ id: AssetID) -> ListedAsset {
    guard let asset = directory.asset(id) else {
      preconditionFailure("the engine knows an asset that the directory does not")
    }
    return asset
  }

  /// A number as ids are written: digits without sign or leading zero.
  static func number<Integer: FixedWidthInteger>(_ text: some StringProtocol) -> Integer? {
    guard let value = Integer(text), String(value) == text, value >= 0 else { return nil }
    return value
  }

  // MARK: Health

  static let healthy = Answer.json(ServiceStatus(status: .ok))

  /// Why not tells of the venue's inside: only where nobody else listens.
  func ready(saysWhy: Bool) throws(Refusal) -> Answer {
    switch exchange.readiness() {
    case .ready: return .json(ServiceStatus(status: .ready))
    case .notReady(let reason):
      throw Refusal(.unavailable, saysWhy ? reason : nil, retryAfterSeconds: 1)
    }
  }

  func figures() -> Answer {
    let own = counters.metrics(
      subscribers: events.subscriberCount + deposits.readerCount, connections: places.figures,
      bodyBytes: bodies.total)
    let text = PrometheusText.render(exchange.metrics() + own)
    return .content(type: PrometheusText.contentType, Array(text.utf8))
  }
}
