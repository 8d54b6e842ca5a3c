// Amounts of the last 24 hours and their sum.

internal import Ethereum

/// Entries in the order of their times, and the sum of those that are younger than 24 hours.
struct DayWindow {
  static let seconds: Int64 = 86_400

  private var entries: [(time: Int64, amount: UInt256)] = []
  /// Of the first entry that counts.
  private var head = 0
  /// How many entries were dropped for good: an entry's number is this plus its place.
  private var dropped = 0
  private(set) var sum = UInt256.zero

  /// Leaves out what is 24 hours old or older.
  mutating func advance(to time: Int64) {
    while head < entries.count {
      // The log says when: a time before all that a clock says is old.
      let (age, isBeyond) = time.subtractingReportingOverflow(entries[head].time)
      if !isBeyond, age < Self.seconds { break }
      subtract(entries[head].amount)
      head += 1
    }
    // Amortised: each drop of the dead half moves fewer entries than it drops.
    if head > 1_024, head > entries.count / 2 {
      entries.removeFirst(head)
      dropped += head
      head = 0
    }
  }

  /// Whether `amount` fits under `limit`, `number`'s entry taken out before.
  func fits(_ amount: UInt256, replacing number: Int? = nil, limit: UInt256) -> Bool {
    guard
      let rest = sum.subtracting(number.map { self.amount(of: $0) } ?? .zero),
      let total = rest.adding(amount)
    else { return false }
    return total <= limit
  }

  /// The entry's number; nil if the sum does not fit in 256 bits.
  mutating func add(_ amount: UInt256, at time: Int64) -> Int? {
    guard let sum = sum.adding(amount) else { return nil }
    self.sum = sum
    entries.append((time, amount))
    return dropped + entries.count - 1
  }

  /// Takes an entry out, which may be too old to count.
  mutating func remove(_ number: Int) {
    let amount = amount(of: number)
    guard amount != .zero else { return }
    subtract(amount)
    entries[number - dropped].amount = .zero
  }

  private func amount(of number: Int) -> UInt256 {
    number >= dropped + head ? entries[number - dropped].amount : .zero
  }

  private mutating func subtract(_ amount: UInt256) {
    guard let rest = sum.subtracting(amount) else {
      preconditionFailure("a day's sum is below one of its entries")
    }
    sum = rest
  }
}
