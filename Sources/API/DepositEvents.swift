// Deposits as events: each step of a user's payments, to the user's open streams.

public import Engine
internal import Formats
internal import Synchronization
public import Wire

/// One step of a deposit, numbered over all users.
public struct DepositChange: Sendable {
  public var id: Int64
  public var user: UserID
  public var line: DepositLine

  public init(id: Int64, user: UserID, line: DepositLine) {
    self.id = id
    self.user = user
    self.line = line
  }
}

/// Looks for steps while somebody reads, and delivers each to its user. An event's id is its number
/// in the database's log of steps, so a stream resumes across restarts.
///
/// **Invariant:** a stream lives as long as the key that opened it: nothing is delivered to one
/// whose key was revoked, or had ended, before the look.
final class DepositEvents: Sendable {
  /// Steps of one look, and steps that a reader can go back.
  static let limit = 500
  /// Open streams of one user: some screens and programs, and no user alone takes the places of
  /// all.
  static let maximumReadersOfUser = 8

  private struct Reader {
    var opener: Identity
    var events: EventReader
  }

  private struct State {
    /// The last step that was delivered; nil while nobody reads.
    var last: Int64?
    var readers: [UserID: [UInt64: Reader]] = [:]
    var count = 0
    var lastReader: UInt64 = 0

    mutating func remove(_ number: UInt64, of user: UserID) {
      guard readers[user]?.removeValue(forKey: number) != nil else { return }
      count -= 1
      if readers[user]?.isEmpty == true { readers[user] = nil }
      // Nobody reads: the next reader begins at the end of its time.
      if count == 0 { last = nil }
    }
  }

  private let directory: Directory
  private let maximumReaders: Int
  private let clock: APIClock
  private let state = Mutex(State())

  init(directory: Directory, clock: APIClock = .system, maximumReaders: Int = 1_000) {
    self.directory = directory
    self.clock = clock
    self.maximumReaders = maximumReaders
  }

  var readerCount: Int { state.withLock { $0.count } }

  /// Ends the streams of keys that are no longer good, then delivers what happened since the last
  /// look.
  func look(_ desk: any DepositDesk) async {
    guard let last = state.withLock({ $0.last }) else { return }
    let changes = try? await desk.changes(of: nil, after: last, limit: Self.limit)
    // After the answer came: it may have taken a while.
    endKeyless()
    for change in changes ?? [] { deliver(change) }
  }

  private func endKeyless() {
    let time = clock.microseconds()
    let ended = state.withLock { state -> [EventReader] in
      var ended: [EventReader] = []
      for (user, readers) in state.readers {
        for (number, reader) in readers where directory.present(reader.opener, at: time) == nil {
          state.remove(number, of: user)
          ended.append(reader.events)
        }
      }
      return ended
    }
    for reader in ended { reader.end(wasSlow: false) }
  }

  private func deliver(_ change: DepositChange) {
    let event = Self.render(change)
    let cut = state.withLock { state -> [EventReader] in
      guard let last = state.last, change.id > last else { return [] }
      state.last = change.id
      let slow = (state.readers[change.user] ?? [:]).filter { !$0.value.events.deliver(event) }
      for number in slow.keys { state.remove(number, of: change.user) }
      return slow.values.map(\.events)
    }
    for reader in cut { reader.end(wasSlow: true) }
  }

  func sendHeartbeat() {
    let readers = state.withLock { state in state.readers.values.flatMap(\.values) }
    for reader in readers { _ = reader.events.deliver(Array(":\n\n".utf8)) }
  }

  private static func render(_ change: DepositChange) -> [UInt8] {
    MarketEvents.render(id: "\(change.id)", name: "deposit", data: JSON.bytes(change.line))
  }

  /// Steps from now on, or after the one with this id.
  func subscribe(
    _ user: Identity, after lastEventID: String?, _ desk: any DepositDesk
  ) async throws(Refusal) -> EventSubscription {
    let head = try await Self.asked { () async throws(ExchangeError) in
      try await desk.lastChange()
    }
    let reader = EventReader(capacity: MarketEvents.readerCapacity)
    let place = try enter(Reader(opener: user, events: reader), of: user.user, at: head)
    // From here on it is left again, whatever happens.
    let leave: @Sendable () -> Void = { [weak self] in
      self?.state.withLock { $0.remove(place.number, of: user.user) }
    }
    do throws(Refusal) {
      let missed = try await Self.asked { () async throws(ExchangeError) in
        try await backlog(user.user, after: lastEventID, upTo: place.from, desk)
      }
      return EventSubscription(backlog: missed, reader: reader, leave: leave)
    } catch {
      leave()
      throw error
    }
  }

  private static func asked<Value>(
    _ body: () async throws(ExchangeError) -> Value
  ) async throws(Refusal) -> Value {
    do throws(ExchangeError) { return try await body() } catch { throw Refusal(ofCore: error) }
  }

  /// The reader's number, and the step after which it hears of all.
  private func enter(
    _ reader: Reader, of user: UserID, at head: Int64
  ) throws(Refusal) -> (number: UInt64, from: Int64) {
    try state.withLock { state throws(Refusal) in
      guard state.count < maximumReaders else {
        throw Refusal(.unavailable, "too many readers of events", retryAfterSeconds: 5)
      }
      guard state.readers[user]?.count ?? 0 < Self.maximumReadersOfUser else {
        throw Refusal(.tooManyStreams)
      }
      state.lastReader += 1
      state.count += 1
      let from = state.last ?? head
      state.last = from
      state.readers[user, default: [:]][state.lastReader] = reader
      return (state.lastReader, from)
    }
  }

  private func backlog(
    _ user: UserID, after lastEventID: String?, upTo head: Int64, _ desk: any DepositDesk
  ) async throws(ExchangeError) -> [[UInt8]] {
    guard let lastEventID else { return [] }
    let reset = MarketEvents.reset(id: "\(head)")
    guard let number: Int64 = Handlers.number(lastEventID), number <= head else { return [reset] }
    let missed = try await desk.changes(of: user, after: number, limit: Self.limit)
    return missed.count < Self.limit
      ? missed.filter { $0.id <= head }.map(Self.render) : [reset]
  }
}
