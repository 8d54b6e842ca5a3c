// The tape from the journal again: for a Worker that was away longer than memory holds, and for
// snapshots.

internal import Engine
internal import Foundation
internal import Journal
internal import Synchronization
internal import Tape

enum TapeRegeneration {
  /// Bytes of one piece: a few requests' worth.
  private static let pieceBytes = 4 << 20

  /// Replays the journal on a thread of its own and delivers one market's records after `after`, in
  /// order.
  static func run(
    _ conninfo: String, market: MarketID, after: Int64,
    deliver: @escaping @Sendable ([TapeRecord]) async -> Bool
  ) async throws {
    try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Void, any Error>) in
      let thread = Thread {
        do {
          try replay(conninfo, market, after) { piece in wait(for: piece, deliver) }
          continuation.resume()
        } catch {
          continuation.resume(throwing: error)
        }
      }
      thread.name = "tape-replay"
      thread.start()
    }
  }

  // The replay's thread may block: it is nobody else's.
  private static func wait(
    for piece: [TapeRecord], _ deliver: @escaping @Sendable ([TapeRecord]) async -> Bool
  ) -> Bool {
    let done = DispatchSemaphore(value: 0)
    let answer = ResultBox()
    Task {
      let goOn = await deliver(piece)
      answer.value.withLock { $0 = goOn }
      done.signal()
    }
    done.wait()
    return answer.value.withLock { $0 }
  }

  private final class ResultBox: Sendable { let value = Mutex(false) }

  private static func replay(
    _ conninfo: String, _ market: MarketID, _ after: Int64, _ deliver: ([TapeRecord]) -> Bool
  ) throws {
    let store = try JournalStore(conninfo)
    var snapshot: Snapshot?
    for sequence in try store.snapshotSequences() {
      let tape = try TapeWriter(restoring: store.tapeState(at: sequence))
      let count = Int(market) < tape.markets.count ? tape.markets[Int(market)].count : 0
      if count <= after {
        snapshot = try store.snapshot(atOrBefore: sequence)
        break
      }
    }
    var writer = try snapshot.map { try TapeWriter(restoring: $0.tape) } ?? TapeWriter()
    var replay = try Replay(from: snapshot)
    var piece: [TapeRecord] = []
    var bytes = 0
    try replay.run(store) { head, engine in
      for record in writer.write(engine.effects, anchor: TapeAnchor(head))
      where record.market == market && record.number > after {
        piece.append(record)
        bytes += record.payload.count
      }
      guard bytes >= pieceBytes else { return true }
      defer { (piece, bytes) = ([], 0) }
      return deliver(piece)
    }
    if !piece.isEmpty { _ = deliver(piece) }
  }

  /// The tape beside a snapshot's replay.
  static func follower(_ tape: [UInt8]?) throws -> Snapshotter.TapeFollower {
    let box = WriterBox(try tape.map { try TapeWriter(restoring: $0) } ?? TapeWriter())
    return Snapshotter.TapeFollower(
      follow: { effects, head in
        box.writer.withLock { _ = $0.write(effects, anchor: TapeAnchor(head)) }
      }, state: { box.writer.withLock { $0.snapshot() } })
  }

  private final class WriterBox: Sendable {
    let writer: Mutex<TapeWriter>
    init(_ writer: TapeWriter) { self.writer = Mutex(writer) }
  }
}
