// The hub of market events: from the core to every open event stream, bounded everywhere.

public import Engine
internal import Formats
internal import Synchronization
internal import Wire

/// Distributes the events of markets to their readers. The core publishes auctions; the server asks
/// for indicative prices of markets that someone reads.
///
/// Nobody waits here: a reader that does not keep up is cut off and told so.
public final class MarketEvents: Sendable {
  /// Events of one market that a reader can go back: 17 minutes of auctions every two seconds.
  static let ringCapacity = 512
  /// Events that may wait for one reader; behind it lie the socket's buffers.
  static let readerCapacity = 128
  /// Open streams of one address: some screens of some people behind one router, and no address
  /// alone takes the places of all.
  static let maximumReadersOfAddress = 32

  private struct Channel {
    /// The number of the last event, from 1.
    var last: UInt64 = 0
    /// Event n lies at n modulo the capacity.
    var ring: [[UInt8]] = []
    var readers: [UInt64: EventReader] = [:]
    var indicative: IndicativeView?
    var indicativeEvent: [UInt8]?
  }

  private struct State {
    var channels: [MarketID: Channel] = [:]
    var readerCount = 0
    var readersOfAddress: [String: Int] = [:]
    var lastReader: UInt64 = 0
  }

  private let directory: Directory
  private let maximumReaders: Int
  /// Begins every event id: ids of another run of the process do not resume.
  private let epoch: String
  private let state = Mutex(State())

  public convenience init(directory: Directory, maximumReaders: Int = 1_000) {
    self.init(
      directory: directory, maximumReaders: maximumReaders,
      epoch: String(Timestamp.now().microseconds, radix: 36))
  }

  init(directory: Directory, maximumReaders: Int, epoch: String) {
    self.directory = directory
    self.maximumReaders = maximumReaders
    self.epoch = epoch
  }

  // MARK: Publishing

  /// Auctions that have become durable, in order. Returns without waiting for any reader.
  public func publish(_ results: [AuctionResult]) {
    for result in results {
      guard let market = directory.market(result.market) else {
        preconditionFailure("an auction of a market that the directory does not know")
      }
      send("auction", JSON.bytes(AuctionReport(market, result)), result.market)
    }
  }

  /// The indicative price of a market, if it differs from the last one sent.
  func publish(_ view: IndicativeView, of id: MarketID) {
    guard let market = directory.market(id) else { return }
    let isNew = state.withLock { state in
      guard let last = state.channels[id]?.indicative else { return true }
      return last.clearing != view.clearing || last.referenceTicks != view.referenceTicks
        || last.band != view.band
    }
    if isNew {
      send("indicative", JSON.bytes(IndicativePrice(market, view)), id, indicative: view)
    }
  }

  private func send(
    _ name: String, _ data: [UInt8], _ id: MarketID, indicative: IndicativeView? = nil
  ) {
    let cut = state.withLock { state -> [EventReader] in
      var channel = state.channels[id] ?? Channel()
      channel.last += 1
      let event = Self.render(id: "\(epoch)-\(channel.last)", name: name, data: data)
      let place = Int(channel.last % UInt64(Self.ringCapacity))
      if channel.ring.isEmpty {
        channel.ring = Array(repeating: [], count: Self.ringCapacity)
      }
      channel.ring[place] = event
      if let indicative {
        channel.indicative = indicative
        channel.indicativeEvent = event
      }
      let slow = channel.readers.filter { !$0.value.deliver(event) }
      for number in slow.keys { channel.readers[number] = nil }
      state.readerCount -= slow.count
      state.channels[id] = channel
      return Array(slow.values)
    }
    for reader in cut { reader.end(wasSlow: true) }
  }

  /// A comment to every reader, so that the dead ones are noticed and proxies stay calm.
  func sendHeartbeat() {
    let readers = state.withLock { state in state.channels.values.flatMap(\.readers.values) }
    // One that has no room for it is cut at its next event.
    for reader in readers { _ = reader.deliver(Array(":\n\n".utf8)) }
  }

  static func render(id: String?, name: String, data: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    if let id { bytes += "id: \(id)\n".utf8 }
    bytes += "event: \(name)\ndata: ".utf8
    bytes += data
    bytes += "\n\n".utf8
    return bytes
  }

  /// Says that events were missed.
  static func reset(id: String?) -> [UInt8] {
    render(id: id, name: "reset", data: Array("{}".utf8))
  }

  // MARK: Reading

  var subscriberCount: Int { state.withLock { $0.readerCount } }

  /// Markets that someone reads.
  var watchedMarkets: [MarketID] {
    state.withLock { state in
      state.channels.filter { !$0.value.readers.isEmpty }.keys.sorted()
    }
  }

  /// Events from now on, or after the event with this id.
  func subscribe(
    _ id: MarketID, after lastEventID: String?, from address: String
  ) throws(Refusal) -> EventSubscription {
    try state.withLock { state throws(Refusal) in
      guard state.readersOfAddress[address] ?? 0 < Self.maximumReadersOfAddress else {
        throw Refusal(.tooManyStreams)
      }
      guard state.readerCount < maximumReaders else {
        throw Refusal(.unavailable, "too many readers of events", retryAfterSeconds: 5)
      }
      var channel = state.channels[id] ?? Channel()
      if channel.readers.isEmpty {
        // Nobody asked for it lately: the next one is news again.
        channel.indicative = nil
        channel.indicativeEvent = nil
      }
      let backlog = backlog(channel, after: lastEventID)
      let reader = EventReader(capacity: Self.readerCapacity)
      state.lastReader += 1
      state.readerCount += 1
      state.readersOfAddress[address, default: 0] += 1
      channel.readers[state.lastReader] = reader
      state.channels[id] = channel
      let number = state.lastReader
      return EventSubscription(
        backlog: backlog, reader: reader,
        leave: { [weak self] in self?.remove(number, of: id, from: address) })
    }
  }

  private func backlog(_ channel: Channel, after lastEventID: String?) -> [[UInt8]] {
    guard let lastEventID else { return channel.indicativeEvent.map { [$0] } ?? [] }
    let parts = lastEventID.split(separator: "-", maxSplits: 1)
    guard parts.count == 2, parts[0].hasSameBytes(as: epoch),
      let number: UInt64 = Handlers.number(parts[1]),
      number <= channel.last, channel.last - number <= UInt64(Self.ringCapacity)
    else { return [Self.reset(id: "\(epoch)-\(channel.last)")] }
    return (number..<channel.last).map {
      channel.ring[Int(($0 + 1) % UInt64(Self.ringCapacity))]
    }
  }

  /// The connection is gone, or this stream on it. One that was cut off for being slow kept its
  /// address's place until now.
  private func remove(_ number: UInt64, of id: MarketID, from address: String) {
    state.withLock { state in
      if state.channels[id]?.readers.removeValue(forKey: number) != nil { state.readerCount -= 1 }
      let left = (state.readersOfAddress[address] ?? 0) - 1
      state.readersOfAddress[address] = left > 0 ? left : nil
    }
  }
}

/// The end of one reader that the hub holds: a bounded buffer.
final class EventReader: Sendable {
  private struct State {
    var isEnded = false
    var wasSlow = false
    var whenEnded: (@Sendable () -> Void)?
  }

  let stream: AsyncStream<[UInt8]>
  private let continuation: AsyncStream<[UInt8]>.Continuation
  private let state = Mutex(State())

  init(capacity: Int) {
    (stream, continuation) = AsyncStream.makeStream(
      bufferingPolicy: .bufferingOldest(capacity))
  }

  /// False where the buffer is full.
  func deliver(_ event: [UInt8]) -> Bool {
    if case .dropped = continuation.yield(event) { return false }
    return true
  }

  var wasSlow: Bool { state.withLock { $0.wasSlow } }

  /// No event follows; what waits is still delivered.
  func end(wasSlow: Bool) {
    let action = state.withLock { state -> (@Sendable () -> Void)? in
      guard !state.isEnded else { return nil }
      state.isEnded = true
      state.wasSlow = wasSlow
      return state.whenEnded
    }
    continuation.finish()
    action?()
  }

  /// Runs once when the reader ends; at once if it did.
  func whenEnded(_ action: @escaping @Sendable () -> Void) {
    let isEnded = state.withLock { state in
      state.whenEnded = action
      return state.isEnded
    }
    if isEnded { action() }
  }
}

/// The end that the connection holds; when it goes, the reader leaves its hub.
final class EventSubscription: Sendable {
  /// What comes before the events from now on: those missed, a reset, or the indicative price.
  let backlog: [[UInt8]]
  let reader: EventReader
  private let leave: @Sendable () -> Void

  init(backlog: [[UInt8]], reader: EventReader, leave: @escaping @Sendable () -> Void) {
    self.backlog = backlog
    self.reader = reader
    self.leave = leave
  }

  deinit { leave() }

  /// What a reader that was too slow gets last: without an id, so that it can go on from the last
  /// event it did receive.
  static let farewell = MarketEvents.reset(id: nil)
}
