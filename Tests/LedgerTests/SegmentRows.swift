// A group's effects for the projection, from rows that a test makes up.

import Engine
import Ledger

extension LedgerProjection.Segment {
  init(
    journalSequence: Int64, firstEntry: UInt64, entries: ContiguousArray<LedgerEntry>,
    directory: ContiguousArray<DirectoryEvent>
  ) {
    var effects = Effects()
    (effects.firstEntry, effects.entries, effects.directory) = (firstEntry, entries, directory)
    self.init(journalSequence: journalSequence, effects)
  }
}
