// The publishers' drivers: HTTP, clocks and threads around `TapeWriter` and `TapeStream`.

internal import AsyncHTTPClient
public import Engine
internal import Formats
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Signs a request: method, path, body and extra components -> headers to send with it.
public typealias TapeSigner =
  @Sendable (
    _ method: String, _ path: String, _ extra: [(name: String, value: String)], _ body: [UInt8]
  ) throws -> [(name: String, value: String)]

/// Makes records again by replay: all of one market after a number, in order, in pieces of bounded
/// size, up to the journal's end. `deliver` waits until the Worker has the piece; false ends the
/// replay.
public typealias TapeReplay =
  @Sendable (
    _ market: MarketID, _ after: Int64, _ deliver: @escaping @Sendable ([TapeRecord]) async -> Bool
  ) async throws -> Void

/// Publishes every market's tape. Durable groups go in; what the Worker has acknowledged is behind
/// us.
public final class TapePublishing: Sendable {
  public struct Configuration: Sendable {
    public var workerURL: String
    /// Remembers to which storage epoch each market was published.
    public var epochs: TapeEpochs
    public var sign: TapeSigner
    public var replay: TapeReplay
    /// Publishing of a market stopped.
    public var onHalt: @Sendable (_ market: String, TapeHalt) -> Void

    public init(
      workerURL: String, epochs: TapeEpochs, sign: @escaping TapeSigner,
      replay: @escaping TapeReplay, onHalt: @escaping @Sendable (String, TapeHalt) -> Void
    ) {
      self.workerURL = workerURL
      self.epochs = epochs
      self.sign = sign
      self.replay = replay
      self.onHalt = onHalt
    }
  }

  /// What `/metrics` shows of one market's tape.
  public struct Figures: Sendable {
    public var market: String
    public var produced: Int64
    /// Records not acknowledged; nil while the Worker's head is unknown.
    public var lag: Int64?
    public var waitingBytes: Int
    public var isHalted: Bool
  }

  private struct State {
    var writer: TapeWriter
    var markets: [MarketPublisher] = []
    var tasks: [Task<Void, Never>] = []
  }

  private let configuration: Configuration
  private let state: Mutex<State>

  /// - Parameter writer: the tape after the last group that was replayed.
  public init(_ configuration: Configuration, writer: TapeWriter) {
    self.configuration = configuration
    state = Mutex(State(writer: writer))
    state.withLock { state in
      for (id, market) in writer.markets.enumerated() { add(MarketID(id), market, &state) }
    }
  }

  private func add(_ id: MarketID, _ market: TapeWriter.Market, _ state: inout State) {
    let publisher = MarketPublisher(id: id, produced: market, configuration)
    state.markets.append(publisher)
    state.tasks.append(Task { await publisher.run() })
  }

  /// Takes a durable group, in order. Encoding happens here; sending elsewhere.
  public func publish(_ effects: Effects, anchor: TapeAnchor) {
    if effects.tape.isEmpty { return }
    state.withLock { state in
      let known = state.writer.markets.count
      let records = state.writer.write(effects, anchor: anchor)
      for id in known..<state.writer.markets.count {
        // A new market begins with nothing produced: its first records come right now.
        add(MarketID(id), TapeWriter.Market(symbol: state.writer.markets[id].symbol), &state)
      }
      for (id, publisher) in state.markets.enumerated() {
        let own = records.filter { Int($0.market) == id }
        if !own.isEmpty { publisher.offer(own) }
      }
    }
  }

  public func figures() -> [Figures] { state.withLock { $0.markets }.map { $0.figures() } }

  /// Waits until the Worker has everything, at most so long; true if it has.
  public func drain(withinSeconds seconds: Double) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
      if figures().allSatisfy({ $0.lag == 0 || $0.isHalted }) { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return figures().allSatisfy { $0.lag == 0 }
  }

  public func stop() async {
    let tasks = state.withLock { $0.tasks }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }
}

/// The epochs published to, by market, in a small file beside the keys: an edge that lost its
/// storage must not go unnoticed because the core restarted.
public final class TapeEpochs: Sendable {
  private let path: String
  private let epochs: Mutex<[String: String]>

  /// Of a file with a line for each market; there are at most some thousand.
  private static let limits = JSONLimits(
    bytes: 1 << 20, depth: 2, members: 1 << 14, elements: 0, stringBytes: 256)

  /// Throws where the file cannot be read or names what no Worker's storage is called.
  public init(path: String) throws {
    self.path = path
    guard let data = FileManager.default.contents(atPath: path) else {
      epochs = Mutex([:])
      return
    }
    let read: [String: String]
    do {
      read = try StrictJSON.decode(from: Array(data), Self.limits)
    } catch {
      throw TapeEpochsError(path: path, reason: "does not parse: \(error)")
    }
    // Each goes into a header that is signed.
    let wrong = read.filter { !TapeHead.isStorage($0.value) }.min { $0.key < $1.key }
    if let wrong {
      throw TapeEpochsError(
        path: path,
        reason: "the epoch of \(Printable.line(wrong.key, maximumBytes: 40)) is no UUID: "
          + "\(Printable.line(wrong.value, maximumBytes: 80))")
    }
    epochs = Mutex(read)
  }

  func epoch(of market: String) -> String? { epochs.withLock { $0[market] } }

  func learn(_ market: String, _ epoch: String) {
    epochs.withLock { epochs in
      guard epochs[market] != epoch else { return }
      var next = epochs
      next[market] = epoch
      do {
        try Data(JSONValue(encoding: next).bytes).write(
          to: URL(fileURLWithPath: path), options: .atomic)
        epochs = next
      } catch {
        // Not remembered, so written again with the next answer.
      }
    }
  }
}

/// The file of epochs cannot be used; says how to go on.
public struct TapeEpochsError: Error, Equatable, CustomStringConvertible {
  public let path: String
  public let reason: String

  public var description: String {
    "\(path): \(reason); mend that line, or take the file away if the Worker's tape is the one "
      + "that was published to"
  }
}

/// Drives one market's `TapeStream`.
final class MarketPublisher: Sendable {
  private let id: MarketID
  private let symbol: String
  private let configuration: TapePublishing.Configuration
  private let stream: Mutex<TapeStream>
  private let wake: AsyncStream<Void>
  private let waker: AsyncStream<Void>.Continuation
  /// Actions that `offer` found due; the task performs them.
  private let due = Mutex<[TapeStream.Action]>([])
  private let regeneration = Mutex<Regeneration?>(nil)

  init(id: MarketID, produced: TapeWriter.Market, _ configuration: TapePublishing.Configuration) {
    self.id = id
    self.symbol = produced.symbol
    self.configuration = configuration
    stream = Mutex(
      TapeStream(
        produced: produced.count, chain: produced.chain,
        epoch: configuration.epochs.epoch(of: produced.symbol)))
    (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func offer(_ records: [TapeRecord]) { push(.records(records)) }

  func figures() -> TapePublishing.Figures {
    stream.withLock {
      TapePublishing.Figures(
        market: symbol, produced: $0.produced, lag: $0.lag, waitingBytes: $0.waitingBytes,
        isHalted: $0.isHalted)
    }
  }

  private func push(_ event: TapeStream.Event) {
    // One lock around both, so that actions are queued in the order in which events came.
    let epoch = due.withLock { due in
      stream.withLock { stream in
        due += stream.handle(event)
        return stream.isHalted ? nil : stream.epoch
      }
    }
    waker.yield()
    // Only one that was accepted: what halts now must halt after a restart too.
    if case .records = event { return }
    if let epoch { configuration.epochs.learn(symbol, epoch) }
  }

  func run() async {
    push(.retry)
    for await _ in wake {
      while let action = due.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        await perform(action)
        if Task.isCancelled { break }
      }
      if Task.isCancelled { break }
    }
    regeneration.withLock { $0?.end() }
  }

  private func perform(_ action: TapeStream.Action) async {
    switch action {
    case .askHead: push(await askHead())
    case .post(let batch): push(.answer(await post(batch)))
    case .regenerate(let after):
      let fresh = Regeneration()
      regeneration.withLock { old in
        old?.end()
        old = fresh
      }
      let (replay, id) = (configuration.replay, id)
      Task {
        do {
          try await replay(id, after) { await fresh.deliver($0) }
          fresh.finish(nil)
        } catch {
          fresh.finish("\(error)")
        }
      }
      push(await fresh.next())
    case .continueRegeneration:
      guard let running = regeneration.withLock({ $0 }) else { return }
      push(await running.next())
    case .endRegeneration:
      regeneration.withLock { running in
        running?.end()
        running = nil
      }
    case .wait(let milliseconds):
      try? await Task.sleep(for: .milliseconds(milliseconds))
      push(.retry)
    case .halt(let reason): configuration.onHalt(symbol, reason)
    }
  }

  // MARK: HTTP

  private func askHead() async -> TapeStream.Event {
    do {
      let request = HTTPClientRequest(
        url: "\(configuration.workerURL)/v1/markets/\(symbol)/head")
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
      let body = try await response.body.collect(upTo: WorkerAnswer.maximumBytes)
      return WorkerAnswer.head(Int(response.status.code), Array(body.readableBytesView))
    } catch {
      return .headFailed(WorkerAnswer.told("\(error)"))
    }
  }

  private func post(_ batch: TapeBatch) async -> TapeStream.Answer {
    do {
      let path = "/v1/markets/\(symbol)/batches"
      let extra: [(name: String, value: String)] = [
        ("uncross-epoch", batch.epoch), ("uncross-first", "\(batch.first)"),
        ("uncross-count", "\(batch.count)"), ("uncross-chain", Hex.string(batch.previousChain)),
      ]
      var request = HTTPClientRequest(url: configuration.workerURL + path)
      request.method = .POST
      for header in extra + (try configuration.sign("POST", path, extra, batch.body)) {
        request.headers.replaceOrAdd(name: header.name, value: header.value)
      }
      request.body = .bytes(batch.body)
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
      let body = try await response.body.collect(upTo: WorkerAnswer.maximumBytes)
      return WorkerAnswer.batch(Int(response.status.code), Array(body.readableBytesView))
    } catch {
      return .failed(WorkerAnswer.told("\(error)"))
    }
  }
}

/// Hands records of a running replay to the publisher one piece at a time: the replay waits
/// meanwhile, so one piece is in memory, however long the tape is.
final class Regeneration: Sendable {
  private let pieces: AsyncStream<TapeStream.Event>
  private let continuation: AsyncStream<TapeStream.Event>.Continuation
  private let taken: AsyncStream<Void>
  private let taker: AsyncStream<Void>.Continuation
  private let isOver = Mutex(false)

  init() {
    (pieces, continuation) = AsyncStream.makeStream()
    (taken, taker) = AsyncStream.makeStream()
  }

  /// From the replay: gives a piece and waits until the next is asked for.
  func deliver(_ records: [TapeRecord]) async -> Bool {
    if isOver.withLock({ $0 }) { return false }
    continuation.yield(.regenerated(records))
    for await _ in taken { break }
    return !isOver.withLock { $0 }
  }

  func finish(_ failure: String?) {
    continuation.yield(failure.map { .regenerationFailed($0) } ?? .regenerated([]))
    continuation.finish()
  }

  private let hasGiven = Mutex(false)

  /// From the publisher: the next piece.
  func next() async -> TapeStream.Event {
    if hasGiven.withLock({ given in
      defer { given = true }
      return given
    }) {
      taker.yield()
    }
    for await event in pieces { return event }
    return .regenerationFailed("the replay ended")
  }

  func end() {
    isOver.withLock { $0 = true }
    taker.finish()
  }
}
