// Who may hold a connection: places by address and user, and who goes where there is none left.

internal import Engine
internal import NIOCore
internal import Synchronization

/// The connections of one listener.
///
/// A new connection always comes in; where there is no place for it, the weakest one goes. So
/// nobody keeps others out by holding places: a connection that has proved no key goes before one
/// that has, one without a request before one with, and of those who hold much, the one that
/// holds most.
///
/// **Invariant:** a connection that proved an operator's key is never closed for another's sake, as
/// long as that key is in force.
final class ConnectionPlaces: Sendable {
  struct Limits: Sendable, Equatable {
    var total: Int
    /// Of connections that have proved no key; the rest of `total` is for keys.
    var anonymous: Int
    /// Of connections of one address that have proved no key; nil behind a proxy, where all have
    /// one.
    var ofAddress: Int? = nil
    /// Of one user's connections that count as proved; those beyond count as anonymous.
    var ofUser: Int
  }

  struct Figures: Equatable {
    var anonymous = 0
    var proved = 0
    var evicted = 0
  }

  private struct Place {
    var channel: any Channel
    var address: String
    /// When it came or was last answered, by count.
    var turn: UInt64
    var isBusy = false
    /// Whose place it takes, once a key was proved.
    var holder: UserID?
    var isOperators = false
    /// The key that got it that place, and its end; 0 for none.
    var holdersKey: (key: PublicKey, endsAt: Microseconds)?
    /// The key that it proved last.
    var key: PublicKey?
  }

  private struct State {
    var places: [ObjectIdentifier: Place] = [:]
    /// Anonymous places by address, proved ones by user.
    var ofAddress: [String: Set<ObjectIdentifier>] = [:]
    var ofUser: [UserID: Set<ObjectIdentifier>] = [:]
    var anonymous = 0
    var turn: UInt64 = 0
    var evicted = 0
    var isClosed = false
    /// Revocations that were looked at, and when the first of the holders' keys ends.
    var revocations = 0
    var firstEnd = Microseconds.max
  }

  let limits: Limits
  private let directory: Directory
  private let clock: APIClock
  private let state = Mutex(State())

  init(_ limits: Limits, _ directory: Directory, _ clock: APIClock) {
    self.limits = limits
    self.directory = directory
    self.clock = clock
  }

  var figures: Figures {
    state.withLock { state in
      Figures(
        anonymous: state.anonymous, proved: state.places.count - state.anonymous,
        evicted: state.evicted)
    }
  }

  // MARK: A connection's life

  /// Takes a place, and closes the connections that had to go for it.
  func enter(_ channel: any Channel, from address: String) {
    let leaving = state.withLock { state -> [any Channel] in
      if state.isClosed { return [channel] }
      var leaving: [any Channel] = []
      if state.places.count >= limits.total { endPlaces(in: &state) }
      if let limit = limits.ofAddress, state.ofAddress[address]?.count ?? 0 >= limit {
        leaving += Self.evict(
          Self.weakest(state.ofAddress[address] ?? [], in: state), from: &state)
      }
      if state.anonymous >= limits.anonymous {
        leaving += Self.evict(Self.weakestAnonymous(in: state), from: &state)
      }
      if state.places.count >= limits.total {
        let weakest = Self.weakestAnonymous(in: state) ?? Self.weakestProved(in: state)
        guard let weakest else { return leaving + [channel] }
        leaving += Self.evict(weakest, from: &state)
      }
      state.turn += 1
      let id = ObjectIdentifier(channel)
      state.places[id] = Place(channel: channel, address: address, turn: state.turn)
      state.ofAddress[address, default: []].insert(id)
      state.anonymous += 1
      return leaving
    }
    for channel in leaving { channel.reset() }
  }

  func leave(_ channel: any Channel) {
    state.withLock { Self.remove(ObjectIdentifier(channel), from: &$0) }
  }

  /// Whether a request of it is being answered.
  func setBusy(_ channel: any Channel, _ isBusy: Bool) {
    state.withLock { state in
      state.turn += 1
      let turn = state.turn
      Self.change(ObjectIdentifier(channel), in: &state) { place in
        place.isBusy = isBusy
        place.turn = turn
      }
    }
  }

  /// The connection proved a key: it takes a place of the key's user, if there is one.
  func prove(_ channel: any Channel, _ identity: Identity) {
    let id = ObjectIdentifier(channel)
    state.withLock { state in
      guard var place = state.places[id] else { return }
      place.key = identity.key
      if place.holder == nil, state.ofUser[identity.user]?.count ?? 0 < limits.ofUser {
        Self.dropAddress(place.address, id, from: &state)
        state.anonymous -= 1
        state.ofUser[identity.user, default: []].insert(id)
        place.holder = identity.user
      }
      // A place is as good as the newest key that its holder proved: keys are rotated.
      if place.holder == identity.user {
        place.isOperators = identity.role == .operator
        place.holdersKey = (identity.key, identity.expiresAt)
        if identity.expiresAt > 0 { state.firstEnd = min(state.firstEnd, identity.expiresAt) }
      }
      state.places[id] = place
    }
  }

  /// A place that a key got ends with the key: the connection is nobody's again. Looked at where
  /// places are short, and only after a key ended.
  private func endPlaces(in state: inout State) {
    let (revocations, now) = (directory.revocations, clock.microseconds())
    guard revocations != state.revocations || state.firstEnd <= now else { return }
    state.revocations = revocations
    state.firstEnd = .max
    for (id, place) in state.places {
      guard let user = place.holder, let (key, endsAt) = place.holdersKey else { continue }
      if directory.identity(of: key, at: now)?.user == user {
        if endsAt > 0 { state.firstEnd = min(state.firstEnd, endsAt) }
        continue
      }
      state.ofUser[user]?.remove(id)
      if state.ofUser[user]?.isEmpty == true { state.ofUser[user] = nil }
      state.ofAddress[place.address, default: []].insert(id)
      state.anonymous += 1
      Self.change(id, in: &state) { place in
        (place.holder, place.holdersKey, place.isOperators) = (nil, nil, false)
      }
    }
  }

  /// Whether this connection proved this key, and nothing came since that speaks against it.
  func hasProved(_ channel: any Channel, _ key: PublicKey) -> Bool {
    state.withLock { $0.places[ObjectIdentifier(channel)]?.key == key }
  }

  /// A wrong signature under this key came from this connection.
  func doubt(_ channel: any Channel, _ key: PublicKey) {
    state.withLock { state in
      Self.change(ObjectIdentifier(channel), in: &state) { if $0.key == key { $0.key = nil } }
    }
  }

  /// Closes all, and each that comes later.
  func closeAll() {
    let channels = state.withLock { state in
      state.isClosed = true
      return state.places.values.map(\.channel)
    }
    for channel in channels { channel.close(promise: nil) }
  }

  // MARK: Who goes

  /// Idle before busy, then the one that was answered longest ago; never an operator's.
  private static func weakest(
    _ ids: Set<ObjectIdentifier>, in state: borrowing State
  ) -> ObjectIdentifier? {
    var found: ObjectIdentifier?
    for id in ids where state.places[id]?.isOperators == false {
      found = found.map { weaker($0, id, in: state) } ?? id
    }
    return found
  }

  private static func weaker(
    _ one: ObjectIdentifier, _ other: ObjectIdentifier, in state: borrowing State
  ) -> ObjectIdentifier {
    guard let first = state.places[one], let second = state.places[other] else { return one }
    if first.isBusy != second.isBusy { return first.isBusy ? other : one }
    return first.turn < second.turn ? one : other
  }

  /// Of the address that holds most; where many hold as much, the weakest of all theirs: a
  /// newcomer among strangers with an address each is the last to go.
  private static func weakestAnonymous(in state: borrowing State) -> ObjectIdentifier? {
    let most = state.ofAddress.values.reduce(0) { max($0, $1.count) }
    var found: ObjectIdentifier?
    for ids in state.ofAddress.values where ids.count == most {
      guard let id = weakest(ids, in: state) else { continue }
      found = found.map { weaker($0, id, in: state) } ?? id
    }
    return found
  }

  /// Of the user that holds most, operators left out.
  private static func weakestProved(in state: borrowing State) -> ObjectIdentifier? {
    var best: (count: Int, id: ObjectIdentifier)?
    for ids in state.ofUser.values where ids.count > best?.count ?? 0 {
      if let id = weakest(ids, in: state) { best = (ids.count, id) }
    }
    return best?.id
  }

  private static func evict(
    _ id: ObjectIdentifier?, from state: inout State
  ) -> [any Channel] {
    guard let id, let channel = state.places[id]?.channel else { return [] }
    remove(id, from: &state)
    state.evicted += 1
    return [channel]
  }

  private static func remove(_ id: ObjectIdentifier, from state: inout State) {
    guard let place = state.places.removeValue(forKey: id) else { return }
    guard let user = place.holder else {
      dropAddress(place.address, id, from: &state)
      state.anonymous -= 1
      return
    }
    state.ofUser[user]?.remove(id)
    if state.ofUser[user]?.isEmpty == true { state.ofUser[user] = nil }
  }

  private static func dropAddress(
    _ address: String, _ id: ObjectIdentifier, from state: inout State
  ) {
    state.ofAddress[address]?.remove(id)
    if state.ofAddress[address]?.isEmpty == true { state.ofAddress[address] = nil }
  }

  private static func change(
    _ id: ObjectIdentifier, in state: inout State, _ body: (inout Place) -> Void
  ) {
    guard var place = state.places[id] else { return }
    body(&place)
    state.places[id] = place
  }
}
