// The publishers over real HTTP: outages, replays that meet live records, epochs, refusals, stops.

import Auction
import Foundation
import NIOHTTP1
import Synchronization
import TestServers
import Testing

@testable import Engine
@testable import Tape

/// A tape that is made, piece by piece, and everything around its publishers.
private final class Newsroom: Sendable {
  let worker: FakeWorker
  let epochsPath: String
  let halts = Mutex<[TapeHalt]>([])
  /// All records so far, and the writer behind them.
  private let tape = Mutex<(writer: TapeWriter, records: [TapeRecord])>((TapeWriter(), []))
  /// Replays begun, and whether each was told to end.
  let replays = Mutex<[Bool?]>([])
  let replayFails = Mutex(false)

  init() async throws {
    worker = try await FakeWorker()
    epochsPath = NSTemporaryDirectory() + "uncross-epochs-\(UInt64.random(in: .min ... .max)).json"
  }

  func close() async {
    await worker.stop()
    try? FileManager.default.removeItem(atPath: epochsPath)
  }

  func effects(_ events: [TapeEvent]) -> Effects {
    var effects = Effects()
    effects.tape = ContiguousArray(events)
    return effects
  }

  /// Records of the journal that no publisher gets: they are made before it starts.
  func history(_ count: Int) {
    tape.withLock { tape in
      if tape.writer.markets.isEmpty {
        tape.records += tape.writer.write(effects([definition()]), anchor: Self.anchor)
      }
      for time in 0..<count {
        tape.records += tape.writer.write(effects([event(time)]), anchor: Self.anchor)
      }
    }
  }

  /// Records that a durable group brings while a publisher runs.
  func live(_ publishing: TapePublishing, _ count: Int) {
    for time in 0..<count {
      var events = [event(time)]
      if tape.withLock({ $0.writer.markets.isEmpty }) { events.insert(definition(), at: 0) }
      let effects = effects(events)
      tape.withLock { $0.records += $0.writer.write(effects, anchor: Self.anchor) }
      publishing.publish(effects, anchor: Self.anchor)
    }
  }

  var payloads: [[UInt8]] { tape.withLock { $0.records.map(\.payload) } }

  static let anchor = TapeAnchor(sequence: 1, commands: 1, hash: [UInt8](repeating: 0, count: 32))

  private func event(_ time: Int) -> TapeEvent {
    .reference(0, priceTicks: Int64(time) + 1, time: Int64(time))
  }

  private func definition() -> TapeEvent {
    let terms = MarketTerms(
      intervalMilliseconds: 1_000, bandBasisPoints: 0, buyFeeBasisPoints: 0, sellFeeBasisPoints: 0,
      minimumNotional: 0)
    let asset = AssetDefinition(code: "A", decimals: 0, adjustmentLimit: 0)
    return .definition(
      0,
      MarketRecord(
        definition: MarketDefinition(
          symbol: "A-B", base: 0, quote: 1, tickAtoms: 1, lotAtoms: 1, terms: terms,
          listingPriceTicks: 0), base: asset, quote: asset, atomsPerTickLot: 1, time: 1,
        rulesVersion: 1, rule: .call1))
  }

  func publishing() throws -> TapePublishing {
    TapePublishing(
      TapePublishing.Configuration(
        workerURL: worker.url, epochs: try TapeEpochs(path: epochsPath),
        sign: { method, path, extra, body in
          #expect(method == "POST" && path == "/v1/markets/A-B/batches" && !body.isEmpty)
          #expect(
            extra.map(\.name) == [
              "uncross-epoch", "uncross-first", "uncross-count", "uncross-chain",
            ])
          return [("signature", "signed")]
        },
        replay: { [weak self] market, after, deliver in
          try await self?.replay(market, after, deliver)
        },
        onHalt: { [weak self] market, reason in
          #expect(market == "A-B")
          self?.halts.withLock { $0.append(reason) }
        }), writer: tape.withLock { $0.writer })
  }

  /// Pieces of nine records up to the journal's end, as it is when it is reached.
  private func replay(
    _ market: MarketID, _ after: Int64, _ deliver: ([TapeRecord]) async -> Bool
  ) async throws {
    let index = replays.withLock { replays in
      replays.append(nil)
      return replays.count - 1
    }
    if replayFails.withLock({ $0 }) { throw ByteError("no database", at: 0) }
    var next = Int(after)
    while true {
      let piece = tape.withLock { Array($0.records.dropFirst(next).prefix(9)) }
      if piece.isEmpty { break }
      next += piece.count
      guard await deliver(piece) else {
        replays.withLock { $0[index] = true }
        return
      }
    }
    replays.withLock { $0[index] = false }
  }

  func isPublished() -> Bool { worker.market("A-B").payloads == payloads }
}

@Suite(.timeLimit(.minutes(2))) struct TapePublishingTests {
  private func with(_ body: (Newsroom) async throws -> Void) async throws {
    let room = try await Newsroom()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(room)) } catch { outcome = .failure(error) }
    await room.close()
    try outcome.get()
  }

  @Test func aNewMarketIsPublishedAsItComes() async throws {
    try await with { room in
      let publishing = try room.publishing()
      for _ in 0..<20 { room.live(publishing, 5) }
      #expect(await publishing.drain(withinSeconds: 30))
      #expect(room.isPublished() && room.payloads.count == 101)
      let figures = try #require(publishing.figures().first)
      #expect(figures.produced == 101 && figures.lag == 0 && figures.waitingBytes == 0)
      await publishing.stop()
      #expect(room.halts.withLock { $0.isEmpty } && room.replays.withLock { $0.isEmpty })
      // The epoch is remembered for the next start.
      let epochs = try TapeEpochs(path: room.epochsPath)
      #expect(epochs.epoch(of: "A-B") == room.worker.market("A-B").epoch)
    }
  }

  @Test func anOutageLosesNothing() async throws {
    try await with { room in
      let publishing = try room.publishing()
      room.live(publishing, 10)
      #expect(await publishing.drain(withinSeconds: 30))
      // Answers of a proxy, answers that are cut off, answers lost after the batch was stored.
      for (status, body) in [
        (503, "{}"), (502, "<html>"), (400, "bad gateway"), (200, "{"), (429, ""),
      ] {
        let before = room.worker.posts
        room.worker.fail { _ in (status, body) }
        room.live(publishing, 30)
        #expect(await soon { room.worker.posts > before }, "\(status)")
        room.worker.fail(nil)
        #expect(await publishing.drain(withinSeconds: 30), "\(status)")
        #expect(room.isPublished(), "\(status)")
      }
      await publishing.stop()
      #expect(room.halts.withLock { $0.isEmpty })
    }
  }

  /// The Worker lacks most of the tape; live records come while it is made again.
  @Test func aReplayMeetsTheLiveRecords() async throws {
    try await with { room in
      room.history(400)
      var market = FakeWorker.Market()
      market.store(Array(room.payloads.prefix(17)))
      room.worker.set("A-B", market)
      let publishing = try room.publishing()
      for _ in 0..<30 {
        let before = room.worker.posts
        room.live(publishing, 4)
        #expect(await soon { room.worker.posts > before })
      }
      #expect(await publishing.drain(withinSeconds: 30))
      #expect(room.isPublished() && room.payloads.count == 521)
      // Where live records took over, the replay was told to end: it holds nothing any more.
      #expect(await soon { room.replays.withLock { $0.allSatisfy { $0 != nil } && !$0.isEmpty } })
      await publishing.stop()
      #expect(room.halts.withLock { $0.isEmpty })
    }
  }

  @Test func aReplayThatFailsIsTriedAgain() async throws {
    try await with { room in
      room.history(40)
      room.replayFails.withLock { $0 = true }
      let publishing = try room.publishing()
      #expect(await soon { room.replays.withLock { $0.count } >= 3 })
      room.replayFails.withLock { $0 = false }
      #expect(await publishing.drain(withinSeconds: 30) && room.isPublished())
      await publishing.stop()
    }
  }

  @Test func aStopFreesAReplayInTheMidst() async throws {
    try await with { room in
      room.history(100)
      let publishing = try room.publishing()
      room.worker.fail { $0.head.method == .POST ? (503, "{}") : nil }
      #expect(await soon { room.worker.posts > 0 })
      let began = ContinuousClock.now
      await publishing.stop()
      #expect(ContinuousClock.now - began < .seconds(5))
      #expect(await soon { room.replays.withLock { $0 } == [true] })
    }
  }

  /// An edge that lost its storage stays noticed, however often the core starts again.
  @Test(arguments: ["0b0b0b0b-0000-4000-8000-0123456789ab", TapeHead.noEpoch])
  func anotherEpochHaltsAndIsNotRemembered(epoch: String) async throws {
    try await with { room in
      let publishing = try room.publishing()
      room.live(publishing, 5)
      #expect(await publishing.drain(withinSeconds: 30))
      let known = room.worker.market("A-B").epoch
      await publishing.stop()
      var market = epoch == TapeHead.noEpoch ? FakeWorker.Market() : room.worker.market("A-B")
      market.epoch = epoch
      room.worker.set("A-B", market)
      for start in 1...2 {
        let next = try room.publishing()
        #expect(await soon { room.halts.withLock { $0.count } == start }, "start \(start)")
        #expect(room.halts.withLock { $0.last } == .epoch(expected: known, found: epoch))
        #expect(next.figures().first?.isHalted == true)
        await next.stop()
        #expect(try TapeEpochs(path: room.epochsPath).epoch(of: "A-B") == known)
      }
    }
  }

  @Test func whatTheWorkerRefusesHaltsItsMarketOnly() async throws {
    for (status, body, stopsCore) in [
      (409, "fork", true), (422, "inconsistent", false), (400, "malformed", false),
    ] {
      try await with { room in
        let publishing = try room.publishing()
        room.live(publishing, 3)
        #expect(await publishing.drain(withinSeconds: 30))
        room.worker.fail { request in
          request.head.method == .POST ? (status, "{\"status\": \"\(body)\"}") : nil
        }
        room.live(publishing, 3)
        #expect(await soon { room.halts.withLock { $0.count } == 1 }, "\(body)")
        #expect(room.halts.withLock { $0.first?.stopsCore } == stopsCore, "\(body)")
        // It takes what comes and keeps none of it.
        room.live(publishing, 3)
        #expect(publishing.figures().first?.produced == 10)
        #expect(publishing.figures().first?.waitingBytes == 0)
        await publishing.stop()
      }
    }
  }

  @Test func epochsAreAFileThatIsThereOrNot() throws {
    let path = NSTemporaryDirectory() + "uncross-epochs-\(UInt64.random(in: .min ... .max)).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let epochs = try TapeEpochs(path: path)
    #expect(epochs.epoch(of: "A-B") == nil)
    let names = (1...3).map { FakeWorker.Market.epoch($0) }
    epochs.learn("A-B", names[0])
    epochs.learn("C-D", names[1])
    epochs.learn("A-B", names[2])
    let again = try TapeEpochs(path: path)
    #expect(again.epoch(of: "A-B") == names[2] && again.epoch(of: "C-D") == names[1])
    // A place where nothing can be written: not remembered, so tried again later.
    let nowhere = try TapeEpochs(path: path + "/no/such/folder.json")
    nowhere.learn("A-B", names[0])
    #expect(nowhere.epoch(of: "A-B") == nil)
    // What an epoch is not, also where an earlier version took it from a Worker.
    for content in ["{", "[]", #"{"A-B":"-"}"#, #"{"A-B":"a\nb"}"#, #"{"A-B":""}"#, #"{"A-B":7}"#] {
      try Data(content.utf8).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: TapeEpochsError.self) { try TapeEpochs(path: path) }
      #expect(error?.description.contains("\n") == false, "\(content)")
    }
  }

  /// A Worker that lies can keep its tape back, and nothing else: it is asked again, no file is
  /// written, no market halts, and the right answer goes on.
  @Test(arguments: [
    ("a\\nb", "0"), ("e", "0"), ("", "0"), ("5F0C0000-0000-4000-8000-000000001001", "0"),
    ("-", "-1"), ("-", "-9223372036854775808"), ("-", "+0"), ("-", "00"), ("-", ""), ("-", "1"),
    ("-", "9223372036854775808"), ("5f0c0000-0000-4000-8000-000000001001", "9007199254740992"),
  ])
  func aHeadThatNoWorkerHas(epoch: String, last: String) async throws {
    try await with { room in
      room.history(3)
      let asked = Mutex(0)
      let zeros = String(repeating: "0", count: 64)
      room.worker.fail { _ in
        asked.withLock { $0 += 1 }
        return (
          200,
          "{\"status\": \"accepted\", \"epoch\": \"\(epoch)\", \"last\": \"\(last)\", "
            + "\"chain\": \"\(zeros)\"}"
        )
      }
      let publishing = try room.publishing()
      #expect(await soon { asked.withLock { $0 } > 2 })
      #expect(publishing.figures().first?.lag == nil && room.worker.posts == 0)
      #expect(!FileManager.default.fileExists(atPath: room.epochsPath))
      room.worker.fail(nil)
      #expect(await publishing.drain(withinSeconds: 30) && room.isPublished())
      // The same lie about a batch.
      room.worker.fail { request in
        asked.withLock { $0 += 1 }
        let body =
          "{\"status\": \"epoch\", \"epoch\": \"\(epoch)\", \"last\": \"\(last)\", "
          + "\"chain\": \"\(zeros)\"}"
        return request.head.method == .POST
          ? (asked.withLock { $0 } % 2 == 0 ? 200 : 412, body) : nil
      }
      let before = room.worker.posts
      room.live(publishing, 1)
      #expect(await soon { room.worker.posts > before + 2 })
      room.worker.fail(nil)
      #expect(await publishing.drain(withinSeconds: 30) && room.isPublished())
      #expect(room.halts.withLock { $0.isEmpty })
      await publishing.stop()
      let kept = try TapeEpochs(path: room.epochsPath).epoch(of: "A-B")
      #expect(kept == room.worker.market("A-B").epoch)
    }
  }
}
