// What lies in queues and buffers by the million stays flat and small.

import Testing

@testable import Engine

@Suite struct LayoutTests {
  /// Bytes, and no reference but those of texts and keys in what operators do: an answer or an
  /// entry that took more would slow every group.
  @Test func answersAndEntriesKeepTheirSize() {
    #expect(MemoryLayout<OrderCommand>.size <= 80)
    #expect(MemoryLayout<Command>.stride <= 256)
    #expect(MemoryLayout<Reply>.stride == 32)
    #expect(MemoryLayout<LedgerReference>.stride == 16)
    #expect(MemoryLayout<LedgerEntry>.stride == 112)
    #expect(_isPOD(Reply.self) && _isPOD(LedgerEntry.self) && _isPOD(OrderCommand.self))
  }
}
