// Public order ids, and the numbers in order of acceptance that they stand for.

/// A four-round Feistel network over 62 bits: a permutation, so ids never collide, keyed by the
/// venue's secret, so they tell nothing about each other.
struct OrderNumbers {
  var seed: UInt64 = 0
  var secondSeed: UInt64 = 0

  func id(of number: UInt64) -> OrderID {
    var (left, right) = (number >> 31 & Self.halfMask, number & Self.halfMask)
    for round in UInt64(0)..<4 { (left, right) = (right, left ^ mixed(right, round)) }
    let id = OrderID(left << 31 | right)
    // Zero means "none" on the tape: walk the cycle once more.
    return id == 0 ? self.id(of: 0) : id
  }

  /// The way back: which order has this id. Of a number that is no order's id, any.
  @inline(__always)
  func number(of id: OrderID) -> UInt64 {
    let number = inverse(of: id)
    return number == 0 && id != 0 ? inverse(of: 0) : number
  }

  @inline(__always)
  private func inverse(of id: OrderID) -> UInt64 {
    let bits = UInt64(bitPattern: id)
    var (left, right) = (bits >> 31 & Self.halfMask, bits & Self.halfMask)
    for round in (UInt64(0)..<4).reversed() { (left, right) = (right ^ mixed(left, round), left) }
    return left << 31 | right
  }

  private static var halfMask: UInt64 { (1 << 31) - 1 }

  @inline(__always)
  private func mixed(_ half: UInt64, _ round: UInt64) -> UInt64 {
    let key = round & 1 == 0 ? seed : secondSeed
    var mixed = (half ^ key) &+ round &* 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return mixed & Self.halfMask
  }
}
