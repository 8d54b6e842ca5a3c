// Deposits as events: each step of a user's payments, to the user's open streams.

public import Client
public import Engine
internal import Synchronization

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

/// Looks for steps while somebody reads, and delivers each to its user. An event's id is its number in the
/// database's log of steps, so a stream resumes across restarts.
final class DepositEvents: Sendable {
  /// Steps of one look, and steps that a reader can go back.
  static let limit = 500

  private struct State {
    /// The last step that was delivered; nil while nobody reads.
    var last: Int64?
    var readers: [UserID: [UInt64: EventReader]] = [:]
    var count = 0
    var lastReader: UInt64 = 0
  }

  private let maximumReaders: Int
  private let state = Mutex(State())

  init(maximumReaders: Int = 1_000) { self.maximumReaders = maximumReaders }

  var readerCount: Int { state.withLock { $0.count } }

  /// Delivers what happened since the last look.
  func look(_ desk: any DepositDesk) async {
    guard let last = state.withLock({ $0.last }),
      let changes = try? await desk.changes(of: nil, after: last, limit: Self.limit)
    else { return }
    for change in changes { deliver(change) }
  }

  private func deliver(_ change: DepositChange) {
    let event = Self.render(change)
    let cut = state.withLock { state -> [EventReader] in
      guard let last = state.last, change.id > last else { return [] }
      state.last = change.id
      let slow = (state.readers[change.user] ?? [:]).filter { !$0.value.deliver(event) }
      for number in slow.keys { state.readers[change.user]?[number] = nil }
      state.count -= slow.count
      return Array(slow.values)
    }
    for reader in cut { reader.end(wasSlow: true) }
  }

  func sendHeartbeat() {
    let readers = state.withLock { state in state.readers.values.flatMap(\.values) }
    for reader in readers { _ = reader.deliver(Array(":\n\n".utf8)) }
  }

  private static func render(_ change: DepositChange) -> [UInt8] {
    MarketEvents.render(id: "\(change.id)", name: "deposit", data: JSON.bytes(change.line))
  }

  /// Steps from now on, or after the one with this id; nil where there are too many readers.
  func subscribe(
    _ user: UserID, after lastEventID: String?, _ desk: any DepositDesk
  ) async throws(ExchangeError) -> EventSubscription? {
    let head = try await desk.lastChange()
    let reader = EventReader(capacity: MarketEvents.readerCapacity)
    let entered = state.withLock { state -> (number: UInt64, from: Int64)? in
      guard state.count < maximumReaders else { return nil }
      state.lastReader += 1
      state.count += 1
      let from = state.last ?? head
      state.last = from
      state.readers[user, default: [:]][state.lastReader] = reader
      return (state.lastReader, from)
    }
    guard let entered else { return nil }
    // From here on it is left again, whatever happens.
    let leave: @Sendable () -> Void = { [weak self] in self?.remove(entered.number, of: user) }
    do throws(ExchangeError) {
      return EventSubscription(
        backlog: try await backlog(user, after: lastEventID, upTo: entered.from, desk),
        reader: reader, leave: leave)
    } catch {
      leave()
      throw error
    }
  }

  private func backlog(
    _ user: UserID, after lastEventID: String?, upTo head: Int64, _ desk: any DepositDesk
  ) async throws(ExchangeError) -> [[UInt8]] {
    guard let lastEventID else { return [] }
    let reset = MarketEvents.reset(id: "\(head)")
    guard let number = Int64(lastEventID), number >= 0, number <= head else { return [reset] }
    let missed = try await desk.changes(of: user, after: number, limit: Self.limit)
    return missed.count < Self.limit
      ? missed.filter { $0.id <= head }.map(Self.render) : [reset]
  }

  private func remove(_ number: UInt64, of user: UserID) {
    state.withLock { state in
      guard state.readers[user]?.removeValue(forKey: number) != nil else { return }
      state.count -= 1
      if state.readers[user]?.isEmpty == true { state.readers[user] = nil }
      // Nobody reads: the next reader begins at the end of its time.
      if state.count == 0 { state.last = nil }
    }
  }
}
