// A naive chain and a sender that obeys `PayoutRules`, moved by numbers from a seed: for properties
// of the rules.

import Engine
import Ethereum
import SeededNumbers

@testable import CoreFixture
@testable import Custody

struct PayoutModel {
  static let depth: Int64 = 4
  static let cap: UInt64 = 100_000
  static let rules = PayoutRules(
    maximumFee: UInt256(cap), priorityFee: UInt256(1_000 as UInt64), bumpAfterBlocks: 3,
    resendAfter: 10)
  static let slots = 5

  struct Transaction: Equatable {
    var hash: Hash32
    var nonce: UInt64
    var maximum: UInt64
    var priority: UInt64
    /// Nil: somebody else has signed it.
    var kind: PayoutAttempt.Kind?
  }

  struct Mined: Equatable {
    var transaction: Transaction
    var isSuccess: Bool
    var hasPaid: Bool
  }

  struct Block: Equatable {
    var id: UInt64
    var mined: [Mined]
  }

  private var numbers: SeededNumbers
  private let hasForeigner: Bool
  // The chain, and what the scanner has of it.
  private var blocks = [Block(id: 0, mined: [])]
  private var scanned = [Block(id: 0, mined: [])]
  private var pool: [UInt64: Transaction] = [:]
  private var baseFee: UInt64 = 5_000
  private var now: Microseconds = 1_000_000
  private var counter: UInt64 = 0
  private var isCalm = false
  // What is durable.
  private var open: [PayoutSlot] = []
  private var next: UInt64 = 0
  private(set) var closed: [UInt64: PayoutOutcome] = [:]
  private(set) var signed: [Hash32: Transaction] = [:]
  private(set) var halt: PayoutHalt?
  /// What must not be, in words.
  private(set) var faults: [String] = []

  init(seed: UInt64) {
    numbers = SeededNumbers(seed)
    hasForeigner = seed % 4 == 0
  }

  /// Faults for a while, then none: all must come to its end.
  mutating func run() {
    for _ in 0..<300 where halt == nil && faults.isEmpty { happen() }
    calmDown()
    for (nonce, outcome) in closed { check(outcome, of: nonce, in: blocks) }
  }

  // MARK: Events

  private mutating func happen() {
    now += Microseconds(numbers.below(8))
    switch numbers.below(26) {
    case 0...7: turn()
    case 8...12: mine()
    case 13...16: scan()
    case 17: reorganise()
    case 18: pool[numbers.pick(pool.keys.sorted() + [next])] = nil
    case 19: baseFee = UInt64(1_000 + numbers.below(60_000))
    case 20: baseFee = numbers.once(in: 4) ? 150_000 : 4_000
    case 21: wishCancellation()
    case 22: if hasForeigner, numbers.once(in: 4) { intrude() }
    case 23: if numbers.once(in: 8) { now -= 1_000 }
    default: if next < UInt64(Self.slots) { allot() }
    }
  }

  private mutating func allot() {
    guard let address = Address([UInt8](repeating: 1, count: 20)) else { return }
    open.append(
      PayoutSlot(
        sender: address, nonce: next, purpose: .withdrawal, withdrawal: Int64(next),
        destination: address, value: .one, data: [], gasLimit: 21_000))
    next += 1
  }

  private mutating func wishCancellation() {
    guard !open.isEmpty, numbers.once(in: 2) else { return }
    open[numbers.below(open.count)].isCancelled = true
  }

  /// Somebody else uses the key, for the nonce that is next on the chain.
  private mutating func intrude() {
    let nonce = chainNonce(blocks)
    guard open.contains(where: { $0.nonce == nonce }) else { return }
    counter += 1
    let foreign = Transaction(
      hash: Hash32(UInt256(counter)), nonce: nonce, maximum: UInt64(5_000 + numbers.below(90_000)),
      priority: 1_500, kind: nil)
    _ = admit(foreign)
  }

  private mutating func calmDown() {
    isCalm = true
    baseFee = 2_000
    for _ in 0..<400 where halt == nil && faults.isEmpty && !open.isEmpty {
      // The operator sees to what waits for a person.
      for index in open.indices where open[index].hold != nil {
        if let mined = minedTransaction(open[index].nonce, in: scanned) {
          open[index].resolution = PayoutSlot.Resolution(
            .paid, by: mined.mined.transaction.hash)
        } else {
          open[index].isCancelled = true
        }
      }
      now += Self.rules.resendAfter
      scanned = blocks
      turn()
      mine()
    }
    if halt == nil, !open.isEmpty { faults.append("no progress: \(open)") }
  }

  // MARK: The chain

  private func chainNonce(_ blocks: [Block]) -> UInt64 {
    UInt64(blocks.reduce(0) { $0 + $1.mined.count })
  }

  private func minedTransaction(
    _ nonce: UInt64, in blocks: [Block]
  ) -> (mined: Mined, height: Int64)? {
    for (height, block) in blocks.enumerated() {
      for mined in block.mined where mined.transaction.nonce == nonce {
        return (mined, Int64(height))
      }
    }
    return nil
  }

  private mutating func mine() {
    counter += 1
    var block = Block(id: counter, mined: [])
    var nonce = chainNonce(blocks)
    let leastTip: UInt64 = isCalm ? 1_000 : numbers.pick([1_000, 1_000, 1_500, 3_000])
    while let waiting = pool[nonce], waiting.maximum >= baseFee,
      min(waiting.priority, waiting.maximum - baseFee) >= (isCalm ? 0 : leastTip),
      isCalm || !numbers.once(in: 3)
    {
      pool[nonce] = nil
      let isSuccess = waiting.kind != .payment || !numbers.once(in: 8)
      let hasPaid = isSuccess && (waiting.kind != .payment || !numbers.once(in: 12))
      block.mined.append(
        Mined(transaction: waiting, isSuccess: isSuccess, hasPaid: hasPaid))
      nonce += 1
    }
    blocks.append(block)
  }

  /// Shallower than what counts as final.
  private mutating func reorganise() {
    let depth = 1 + numbers.below(Int(Self.depth) - 1)
    guard blocks.count > depth + 1 else { return }
    let gone = blocks.suffix(depth).flatMap(\.mined)
    blocks.removeLast(depth)
    for mined in gone where !numbers.once(in: 4) {
      pool[mined.transaction.nonce] = mined.transaction
    }
    for _ in 0...depth { mine() }
  }

  /// The scanner follows, mostly to the end.
  private mutating func scan() {
    let count = numbers.once(in: 4) ? max(1, blocks.count - numbers.below(3)) : blocks.count
    // It never shows less than it had of the same chain.
    let common = zip(scanned, blocks).prefix { $0 == $1 }.count
    if common == scanned.count, count < scanned.count { return }
    scanned = Array(blocks.prefix(max(count, common)))
  }

  /// Geth's answers.
  private mutating func admit(_ transaction: Transaction) -> PayoutAnswer {
    if pool[transaction.nonce]?.hash == transaction.hash { return .alreadyKnown }
    if transaction.nonce < chainNonce(blocks) { return .nonceTooLow }
    if let other = pool[transaction.nonce],
      transaction.maximum * 100 < other.maximum * 110
        || transaction.priority * 100 < other.priority * 110
    {
      return .underpriced
    }
    pool[transaction.nonce] = transaction
    return .accepted
  }

  // MARK: The sender

  private mutating func turn() {
    guard halt == nil else { return }
    for _ in 0..<3 {
      var hasActed = false
      for slot in open {
        // A kill: what is stored stays, the rest begins again.
        if !isCalm, numbers.once(in: 30) { return }
        guard let index = open.firstIndex(where: { $0.nonce == slot.nonce }) else { continue }
        hasActed = act(index) || hasActed
        if halt != nil { return }
      }
      if !hasActed { break }
    }
    for slot in open {
      let found = minedTransaction(slot.nonce, in: scanned)
      if let found, found.mined.transaction.kind == nil {
        faults.append("foreign use of \(slot.nonce) did not halt")
      }
    }
  }

  private func view(_ slot: PayoutSlot) -> PayoutView {
    let tip = Int64(scanned.count) - 1
    let found = minedTransaction(slot.nonce, in: scanned).map { mined, height in
      SentTransaction(
        hash: mined.transaction.hash, sender: slot.sender, nonce: slot.nonce,
        isSuccess: mined.isSuccess, hasPaid: mined.hasPaid, gasCost: .zero, height: height,
        block: Hash32(UInt256(scanned[Int(height)].id)))
    }
    return PayoutView(
      mined: found, tip: tip, settled: tip - Self.depth + 1, nonce: chainNonce(scanned),
      baseFee: UInt256(baseFee), now: now)
  }

  private mutating func act(_ index: Int) -> Bool {
    let slot = open[index]
    switch Self.rules.step(slot, view(slot)) {
    case .wait, .waitForFees: return false
    case .sign(let kind, let fees): return sign(kind, fees, index)
    case .send(let hash): send(hash, index)
    case .hold(let reason): open[index].hold = reason
    case .halt(let reason):
      halt = reason
      let found = minedTransaction(slot.nonce, in: scanned)
      if found == nil || found?.mined.transaction.kind != nil { faults.append("\(reason)") }
    case .settle(let outcome):
      let final = Array(blocks.dropLast(Int(Self.depth) - 1))
      check(outcome, of: slot.nonce, in: final)
      closed[slot.nonce] = outcome
      open.remove(at: index)
      return true
    }
    return false
  }

  private mutating func check(_ outcome: PayoutOutcome, of nonce: UInt64, in blocks: [Block]) {
    let expected: PayoutOutcome? = minedTransaction(nonce, in: blocks).flatMap { mined, _ in
      switch mined.transaction.kind {
      case .cancellation: .cancelled
      // What logged nothing was found by the operator to be paid.
      case .payment: mined.isSuccess ? .paid : .reverted
      case nil: nil
      }
    }
    if outcome != expected {
      faults.append("\(nonce) is \(outcome), the chain has \(String(describing: expected))")
    }
  }

  private mutating func sign(_ kind: PayoutAttempt.Kind, _ fees: GasFees, _ index: Int) -> Bool {
    let slot = open[index]
    guard let maximum = UInt64(exactly: fees.maximum), let priority = UInt64(exactly: fees.priority)
    else {
      faults.append("fees beyond 64 bits")
      return false
    }
    if maximum > Self.cap { faults.append("\(maximum) is above the cap") }
    let same = signed.values.first {
      $0.nonce == slot.nonce && $0.kind == kind && $0.maximum == maximum && $0.priority == priority
    }
    // Of all that the signer has signed at this nonce, stored or not.
    let earlier = signed.values.filter { $0.nonce == slot.nonce && $0.kind != nil }
    if same == nil {
      for known in earlier
      where maximum * 10 < known.maximum * 11 || priority * 10 < known.priority * 11 {
        faults.append("\(maximum), \(priority) over \(known) is no replacement")
      }
    }
    if kind == .payment, earlier.contains(where: { $0.kind == .cancellation }) {
      faults.append("\(slot.nonce) is paid after its cancellation was signed")
    }
    // Killed before it is stored, or before the signer is asked.
    if !isCalm, numbers.once(in: 12) { return false }
    let ask = PayoutSlot.Ask(kind: kind, fees: fees)
    open[index].doubted = slot.asked == ask ? slot.doubted : slot.asked?.fees ?? slot.doubted
    open[index].asked = ask
    if !isCalm, numbers.once(in: 12) { return false }
    if same == nil, !isCalm, numbers.once(in: 15) {
      // The signer refuses; what is out goes on.
      open[index].asked = nil
      if slot.attempts.isEmpty || kind == .cancellation { open[index].hold = "refused" }
      return false
    }
    counter += 1
    let transaction =
      same
      ?? Transaction(
        hash: Hash32(UInt256(counter)), nonce: slot.nonce, maximum: maximum, priority: priority,
        kind: kind)
    signed[transaction.hash] = transaction
    // Killed before the signature is stored: nobody else has it.
    if !isCalm, numbers.once(in: 8) { return false }
    (open[index].asked, open[index].doubted) = (nil, nil)
    open[index].attempts.append(
      PayoutAttempt(
        hash: transaction.hash, kind: kind, fees: fees, signedHeight: Int64(scanned.count) - 1))
    return true
  }

  private mutating func send(_ hash: Hash32, _ index: Int) {
    guard let place = open[index].attempts.firstIndex(where: { $0.hash == hash }),
      let transaction = signed[hash]
    else {
      faults.append("bytes that are not stored")
      return
    }
    if !isCalm, numbers.once(in: 8) { return }
    let answer =
      !isCalm && numbers.once(in: 10)
      ? numbers.pick([PayoutAnswer.insufficientFunds, .refused]) : admit(transaction)
    // The answer is lost: unknown stays unknown.
    if !isCalm, numbers.once(in: 5) { return }
    open[index].attempts[place].sentAt = now
    open[index].attempts[place].answer = answer
  }
}
