// Which of the configured nodes is asked: a value, told what was seen of each and when.

/// What is thought of one node.
public enum NodeVerdict: Sendable, Equatable {
  case untried
  case well
  /// On our chain, but it has not seen all that we have scanned.
  case lagging
  /// More than the reorganisation window behind what we have scanned: another branch could not be
  /// told. Or it stands still while another is well ahead.
  case behind
  /// No usable answer, or answers that do not hold together.
  case failing(NodeError)
  /// Of another chain than at the first start, or on a branch without blocks that stay.
  case foreign(CustodyHalt)

  /// Whether it may be asked.
  public var isUsable: Bool { self == .well || self == .lagging }

  /// As operators read it.
  public var name: String {
    switch self {
    case .untried: "untried"
    case .well: "well"
    case .lagging: "lagging"
    case .behind: "behind"
    case .failing: "failing"
    case .foreign(let halt): halt.code
    }
  }
}

/// The first of the nodes that is believed, in the configured order, is asked; one that failed is
/// looked at again after a while, and is asked again when it is well.
///
/// **Invariant:** the time between two looks at a node is bounded from below, unless none is
/// believed.
public struct NodeRoster: Sendable {
  public struct Node: Sendable {
    public var verdict = NodeVerdict.untried
    /// Its head.
    public var height: Int64?
    /// Since it last served.
    var failures = 0
    var lookAt: ContinuousClock.Instant?
    /// How far ahead of the one in use it was at its last look, where that was much; below zero:
    /// behind.
    var lead: Int64?
  }

  /// A node that is so many blocks behind another at two looks, and no nearer at the second, stands
  /// still. The chain of a slow hour makes fewer between two looks than this.
  static let wellAhead: Int64 = 16

  public private(set) var nodes: [Node]
  public private(set) var current = 0
  /// Between a failure and the next look, doubled by each further one, up to 64 times. One that is
  /// well and not in use is looked at every 6th part as often.
  private let pause: Duration

  public init(count: Int, pause: Duration) {
    nodes = Array(repeating: Node(), count: count)
    self.pause = pause
  }

  /// Those to be looked at: where none is believed all, else those whose time has come, but for the
  /// one in use, which shows by its answers how it is.
  public func due(at now: ContinuousClock.Instant) -> [Int] {
    if best == nil { return Array(nodes.indices) }
    return nodes.indices.filter { index in
      index != best && nodes[index].lookAt.map { $0 <= now } ?? true
    }
  }

  /// What a look, or an answer, showed.
  public mutating func note(
    _ index: Int, _ verdict: NodeVerdict, height: Int64?, at now: ContinuousClock.Instant
  ) {
    nodes[index].height = height ?? nodes[index].height
    settle(index, verdict, at: now)
    guard index != current, let height, verdict.isUsable, nodes[current].verdict.isUsable,
      let used = nodes[current].height
    else {
      nodes[index].lead = nil
      return
    }
    let lead = height - used
    let before = nodes[index].lead
    nodes[index].lead = lead.magnitude >= Self.wellAhead ? lead : nil
    guard lead.magnitude >= Self.wellAhead, let before,
      lead > 0 ? before > 0 && lead >= before : before < 0 && lead <= before
    else { return }
    settle(lead > 0 ? current : index, .behind, at: now)
  }

  private mutating func settle(
    _ index: Int, _ verdict: NodeVerdict, at now: ContinuousClock.Instant
  ) {
    nodes[index].verdict = verdict
    switch verdict {
    case .well, .lagging: nodes[index].lookAt = now + pause * 6
    case .untried, .behind, .failing, .foreign:
      nodes[index].lookAt = now + pause * (1 << min(nodes[index].failures, 6))
      nodes[index].failures += 1
    }
  }

  /// The head of the node in use, asked for so that others can be compared with it.
  public mutating func told(height: Int64) { nodes[current].height = height }

  /// The node in use did all that was asked of it.
  public mutating func served(height: Int64, isLagging: Bool) {
    nodes[current].verdict = isLagging ? .lagging : .well
    nodes[current].height = height
    nodes[current].failures = 0
  }

  /// The node in use is to be looked at before it is asked again.
  public mutating func doubt() {
    guard nodes[current].verdict.isUsable else { return }
    nodes[current].verdict = .untried
    nodes[current].lookAt = nil
  }

  /// Takes the first that is well, else one that lags; false where none is believed.
  public mutating func choose() -> Bool {
    guard let best else { return false }
    // Of another than before nothing is known by comparison.
    if current != best { for index in nodes.indices { nodes[index].lead = nil } }
    current = best
    return true
  }

  /// The highest head among those that may be asked; nil before one told it.
  public var bestHeight: Int64? {
    nodes.filter(\.verdict.isUsable).compactMap(\.height).max()
  }

  private var best: Int? {
    if let well = nodes.firstIndex(where: { $0.verdict == .well }) { return well }
    if nodes[current].verdict == .lagging { return current }
    return nodes.firstIndex { $0.verdict == .lagging }
  }

  /// What all of them say against what was scanned; nil while one of them might be right.
  public var halt: CustodyHalt? {
    var first: CustodyHalt?
    for node in nodes {
      guard case .foreign(let halt) = node.verdict else { return nil }
      first = first ?? halt
    }
    return first
  }

  /// Why nobody is asked.
  public var error: NodeError {
    for node in nodes { if case .failing(let error) = node.verdict { return error } }
    return .unreachable("no node that can be believed")
  }
}
