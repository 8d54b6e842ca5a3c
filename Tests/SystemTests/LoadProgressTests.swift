// What a load's progress file remembers when the load was ended at any place.

import Foundation
import Testing

@testable import uncross

@Suite struct LoadProgressTests {
  private func with(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "uncross-progress-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  private func open(_ path: String, fingerprint: String = "f") throws -> LoadProgress {
    try LoadProgress(path: path, fingerprint: fingerprint, batchSize: 10)
  }

  private static let totals = LoadTotals(["7", "2", "price_off_tick=1"])

  /// Each thing done by a process of its own, as if each was killed after it.
  @Test func whatIsDoneStaysDone() throws {
    let totals = try #require(Self.totals)
    try with { path in
      try open(path).funded()
      try open(path).done(batch: 1, totals)
      try open(path).done(batch: 0, totals)
      var progress: LoadProgress? = try open(path)
      #expect(progress?.isFunded == true && progress?.windows == 0)
      #expect([0, 1, 2].map { progress?.isDone(batch: $0) } == [true, true, false])
      try progress?.done(window: 0)
      // The file is one load's at a time.
      #expect(throws: VerbFailure.self) { try open(path) }
      progress = nil
      let next = try open(path)
      #expect(next.windows == 1 && !next.isDone(batch: 0) && next.isFunded)
      #expect(next.totals.accepted == 14 && next.totals.refused == ["price_off_tick": 2])
    }
  }

  /// A line that a crash tore does not count, and the next one does not follow it.
  @Test func aTornLineIsLeftOut() throws {
    let totals = try #require(Self.totals)
    try with { path in
      try open(path).done(batch: 0, totals)
      try open(path).done(batch: 1, totals)
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      try whole.dropLast(3).write(to: URL(fileURLWithPath: path))
      #expect(try open(path).isDone(batch: 0))
      #expect(try !open(path).isDone(batch: 1))
      try open(path).done(batch: 1, totals)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
    }
  }

  @Test func anotherFilesProgressIsRefused() throws {
    try with { path in
      try open(path).funded()
      #expect(throws: VerbFailure.self) { try open(path, fingerprint: "g") }
    }
  }
}
