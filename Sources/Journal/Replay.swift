// From a snapshot through the journal: the one way in which a state is rebuilt.

public import Engine

/// A replay in progress: recovery, the projection's and the publisher's catching up, snapshots and
/// `uncross replay` all are this.
public struct Replay: ~Copyable {
  public var engine: AuctionEngine
  public private(set) var head: JournalHead

  /// From a snapshot, or from nothing.
  public init(from snapshot: Snapshot?) throws(JournalError) {
    if let snapshot {
      self.init(engine: try Self.restore(snapshot), head: snapshot.head)
    } else {
      self.init(engine: AuctionEngine(), head: .empty)
    }
  }

  private init(engine: consuming AuctionEngine, head: JournalHead) {
    self.engine = engine
    self.head = head
  }

  private static func restore(_ snapshot: Snapshot) throws(JournalError) -> AuctionEngine {
    let engine: AuctionEngine
    do throws(ByteError) {
      engine = try AuctionEngine(restoring: snapshot.engine)
    } catch {
      throw .snapshotBroken(snapshot.head.sequence, "\(error)")
    }
    // Checked in two places: the bytes had their hash, and the state that came of them gives the
    // same bytes.
    var again = ByteWriter()
    engine.writeSnapshot(to: &again)
    guard again.bytes == snapshot.engine else {
      throw .snapshotBroken(snapshot.head.sequence, "the restored state is not the one stored")
    }
    guard engine.commandCount == snapshot.head.commands else {
      throw .snapshotBroken(snapshot.head.sequence, "its commands are not the journal's")
    }
    return engine
  }

  /// Applies one group; its effects are in `engine.effects` until the next.
  public mutating func apply(_ group: JournalGroup) throws(JournalError) {
    try group.verify(after: head)
    engine.effects.removeAll()
    for command in try commands(of: group) { engine.apply(command) }
    guard engine.time == group.time else {
      throw .broken(group.sequence, "replay ends at another time than the group")
    }
    head = group.head
  }

  /// The commands of a group, none of them of rules that only a newer program has: refused by the
  /// engine, they would leave a state that the journal never had. A program activates one version
  /// after the other, so the first that this one does not know is the next.
  private func commands(of group: JournalGroup) throws(JournalError) -> [Command] {
    let commands = try group.commands()
    let next = Bounds.rulesVersion + 1
    guard !commands.contains(where: { $0 == .venue(.activateRules(version: next)) }) else {
      throw .broken(
        group.sequence,
        "it activates rules \(next), this program knows up to \(next - 1): start a newer one")
    }
    return commands
  }

  /// The first commands of a group: a state in its midst, for comparing with a running engine.
  private mutating func applyPart(
    _ group: JournalGroup, upTo commands: UInt64
  ) throws(JournalError) {
    try group.verify(after: head)
    engine.effects.removeAll()
    for command in try self.commands(of: group) where engine.commandCount < commands {
      engine.apply(command)
    }
  }

  /// Applies groups up to `last` (or the journal's end) and calls `body` after each; stops early
  /// where it returns false. The journal is read in pages, so memory stays bounded.
  public mutating func run(
    _ store: borrowing JournalStore, upTo last: Int64 = .max, commands: UInt64 = .max,
    _ body: (_ group: JournalHead, _ engine: inout AuctionEngine) throws -> Bool = { _, _ in true }
  ) throws {
    while head.sequence < last {
      let page = try store.groups(after: head.sequence)
      if page.isEmpty { return }
      for group in page {
        if group.sequence > last { return }
        if group.head.commands > commands { return try applyPart(group, upTo: commands) }
        try apply(group)
        if try !body(head, &engine) { return }
      }
    }
  }

  /// Gives the engine up to whoever goes on with it.
  public consuming func finish() -> AuctionEngine {
    engine.effects.removeAll()
    return engine
  }
}
