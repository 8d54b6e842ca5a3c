// The hash in the fingerprints of extended keys, and nowhere else.

/// RIPEMD-160 of one block. Source: Dobbertin, Bosselaers, Preneel, "RIPEMD-160: A Strengthened
/// Version of RIPEMD", 1996. swift-crypto has none.
enum RIPEMD160 {
  /// The most bytes that fit one block with their padding.
  static let maximumByteCount = 55

  /// The 20 bytes of the hash of up to 55.
  static func hash(_ message: [UInt8]) -> [UInt8] {
    precondition(message.count <= maximumByteCount, "more than one block")
    var words = [UInt32](repeating: 0, count: 16)
    for (offset, byte) in (message + [0x80]).enumerated() {
      words[offset / 4] |= UInt32(byte) << UInt32(offset % 4 * 8)
    }
    words[14] = UInt32(message.count * 8)

    let start = Line(
      a: 0x6745_2301, b: 0xefcd_ab89, c: 0x98ba_dcfe, d: 0x1032_5476, e: 0xc3d2_e1f0)
    var left = start
    var right = start
    for step in 0..<80 {
      let round = step / 16
      left.turn(
        leftFunctions: round, words[leftWords[step]] &+ leftConstants[round], leftShifts[step])
      right.turn(
        leftFunctions: 4 - round, words[rightWords[step]] &+ rightConstants[round],
        rightShifts[step])
    }
    let sums = [
      start.b &+ left.c &+ right.d, start.c &+ left.d &+ right.e, start.d &+ left.e &+ right.a,
      start.e &+ left.a &+ right.b, start.a &+ left.b &+ right.c,
    ]
    return sums.flatMap { sum in
      (0..<4).map { UInt8(truncatingIfNeeded: sum >> UInt32($0 * 8)) }
    }
  }

  /// The state of one of the two parallel lines.
  private struct Line {
    var a: UInt32
    var b: UInt32
    var c: UInt32
    var d: UInt32
    var e: UInt32

    /// One step, with the function that the left line uses in the round `leftFunctions`.
    mutating func turn(leftFunctions round: Int, _ addend: UInt32, _ shift: UInt32) {
      let mixed =
        switch round {
        case 0: b ^ c ^ d
        case 1: (b & c) | (~b & d)
        case 2: (b | ~c) ^ d
        case 3: (b & d) | (c & ~d)
        default: b ^ (c | ~d)
        }
      let sum = Self.rotate(a &+ mixed &+ addend, shift) &+ e
      (a, e, d, c, b) = (e, d, Self.rotate(c, 10), b, sum)
    }

    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
      word << count | word >> (32 - count)
    }
  }

  private static let leftConstants: [UInt32] = [
    0, 0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xa953_fd4e,
  ]
  private static let rightConstants: [UInt32] = [
    0x50a2_8be6, 0x5c4d_d124, 0x6d70_3ef3, 0x7a6d_76e9, 0,
  ]

  // One line a round.
  private static let leftWords: [Int] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8,
    3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12,
    1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2,
    4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13,
  ]
  private static let rightWords: [Int] = [
    5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12,
    6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2,
    15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13,
    8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14,
    12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11,
  ]
  private static let leftShifts: [UInt32] = [
    11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8,
    7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12,
    11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5,
    11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12,
    9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6,
  ]
  private static let rightShifts: [UInt32] = [
    8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6,
    9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11,
    9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5,
    15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8,
    8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11,
  ]
}
