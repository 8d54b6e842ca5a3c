// The hash of ids that clients choose.

/// Keyed with the venue's secret, so that nobody can choose ids that collide. Refused requests of a
/// snapshot of rules 3 hold its values: it never changes.
struct KeyedHash {
  var seed: UInt64 = 0

  @inline(__always)
  func of(_ user: UserID, _ id: ClientOrderID) -> UInt64 {
    var state = mix(seed ^ UInt64(user), id.words.0)
    state = mix(state, id.words.1)
    state = mix(state, id.words.2)
    state = mix(state, id.words.3)
    return mix(state, id.words.4)
  }

  @inline(__always)
  func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
    let product = (state ^ word).multipliedFullWidth(by: 0xa076_1d64_78bd_642f ^ seed)
    return product.high ^ product.low ^ (state &+ 0x9e37_79b9_7f4a_7c15)
  }
}
