// What authentication and conversion need to know: users, keys, assets, markets.

public import Engine
internal import Synchronization

/// The directory of users, keys, assets and markets, fed by the core, read by every request.
///
/// The core applies a group's events before it releases that group's replies, so that a reader
/// never knows less than an answer it already has.
public final class Directory: Sendable {
  private struct State {
    var users: [UserID: ListedUser] = [:]
    var keys: [PublicKey: ListedKey] = [:]
    var revocations = 0
    var assets: [AssetID: ListedAsset] = [:]
    var assetsByCode: [String: ListedAsset] = [:]
    var markets: [MarketID: ListedMarket] = [:]
    var marketsBySymbol: [String: ListedMarket] = [:]
    var chains: [ChainID: String] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  /// Takes events in the order in which the engine made them.
  public func apply(_ events: some Sequence<DirectoryEvent>) {
    state.withLock { state in
      for event in events { Self.apply(event, to: &state) }
    }
  }

  private static func apply(_ event: DirectoryEvent, to state: inout State) {
    switch event {
    case .userRegistered(let id, let name, let time):
      state.users[id] = ListedUser(id: id, name: name, registered: time)
    case .userFrozen(let id, let frozen): state.users[id]?.isFrozen = frozen
    case .keyRegistered(let key, let user, let role, let expiresAt):
      let listed = ListedKey(key: key, user: user, role: role, expiresAt: expiresAt)
      state.keys[key] = listed
      state.users[user]?.keys.append(listed)
    case .keyRevoked(let key):
      guard let listed = state.keys.removeValue(forKey: key) else { return }
      state.revocations += 1
      state.users[listed.user]?.keys.removeAll { $0.key == key }
    case .assetCreated(let id, let definition):
      let asset = ListedAsset(id: id, definition: definition)
      state.assets[id] = asset
      state.assetsByCode[definition.code] = asset
    case .marketDefined(let id, let record):
      let isOpen = state.markets[id]?.isOpen ?? true
      list(ListedMarket(id: id, record: record, isOpen: isOpen), in: &state)
    case .chainRegistered(let id, let name): state.chains[id] = name
    case .marketOpen(let id, let isOpen):
      guard let market = state.markets[id] else { return }
      list(ListedMarket(id: id, record: market.record, isOpen: isOpen), in: &state)
    }
  }

  private static func list(_ market: ListedMarket, in state: inout State) {
    state.markets[market.id] = market
    state.marketsBySymbol[market.symbol] = market
  }

  // MARK: Reading

  /// Who may act with a key at a time; nil where it is unknown, was revoked or has ended.
  func identity(of key: PublicKey, at time: Microseconds) -> Identity? {
    guard let identity = holder(of: key),
      identity.expiresAt == 0 || identity.expiresAt > time
    else { return nil }
    return identity
  }

  /// A proved identity as it is at a later time; nil where its key gives it no longer.
  func present(_ proved: Identity, at time: Microseconds) -> Identity? {
    guard let now = identity(of: proved.key, at: time), now.user == proved.user,
      now.role == proved.role
    else { return nil }
    return now
  }

  /// Whose a key is, ended or not; nil where it is unknown or revoked.
  func holder(of key: PublicKey) -> Identity? {
    state.withLock { state in
      guard let listed = state.keys[key], let user = state.users[listed.user] else { return nil }
      return Identity(
        user: user.id, role: listed.role, key: key, isFrozen: user.isFrozen,
        expiresAt: listed.expiresAt)
    }
  }

  /// How many keys were revoked so far.
  var revocations: Int { state.withLock { $0.revocations } }

  func user(_ id: UserID) -> ListedUser? { state.withLock { $0.users[id] } }
  /// Decimals of an asset by its code; nil where there is none.
  public func decimals(of code: String) -> Int? { asset(named: code)?.decimals }
  func chain(_ id: ChainID) -> String? { state.withLock { $0.chains[id] } }
  func asset(_ id: AssetID) -> ListedAsset? { state.withLock { $0.assets[id] } }
  func asset(named code: String) -> ListedAsset? { state.withLock { $0.assetsByCode[code] } }
  func market(_ id: MarketID) -> ListedMarket? { state.withLock { $0.markets[id] } }
  func market(named symbol: String) -> ListedMarket? {
    state.withLock { $0.marketsBySymbol[symbol] }
  }

  /// All markets by id.
  var markets: [ListedMarket] {
    state.withLock { state in state.markets.values.sorted { $0.id < $1.id } }
  }
}

struct ListedKey: Sendable, Equatable {
  var key: PublicKey
  var user: UserID
  var role: Role
  /// 0 for none.
  var expiresAt: Microseconds = 0
}

struct ListedUser: Sendable, Equatable {
  var id: UserID
  var name: String
  var registered: Microseconds
  var isFrozen = false
  var keys: [ListedKey] = []
}

struct ListedAsset: Sendable, Equatable {
  var id: AssetID
  var definition: AssetDefinition

  var decimals: Int { Int(definition.decimals) }
}

/// Who signed a request.
struct Identity: Sendable, Equatable {
  var user: UserID
  var role: Role
  var key: PublicKey
  var isFrozen: Bool
  /// 0 for none.
  var expiresAt: Microseconds = 0
}
