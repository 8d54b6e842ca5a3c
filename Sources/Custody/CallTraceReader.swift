// Reads traces from JSON without recursion: whoever pays the gas decides how deep calls are nested,
// and a scanner that stops at a depth can be stopped by anybody. That is why it stands beside
// `StrictJSON`, which goes down by recursion to a depth that its caller says, and keeps all that it
// reads: of a block's traces, hundreds of megabytes of inputs and outputs. It refuses what
// `StrictJSON` refuses, and says so in the same words: names that are there twice, bytes that are
// not UTF-8, numbers, words and escapes that are none. It is stricter where no node has a need:
// names, and texts that are looked at, have no escapes.

internal import Ethereum
internal import Formats

/// The answer to one `debug_traceBlockByHash` or `debug_traceTransaction`, field by field, in any
/// order.
struct CallTraceReader {
  private let bytes: [UInt8]
  private var place = 0

  /// The EVM's own bound is 1,024 calls inside calls; some nodes show what was refused there too.
  private static let deepest = 1_100

  /// As the one reader's. The two bound what it costs to find a name that is there twice.
  private static let (longestName, mostNames) = (128, 64)

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Nil where the answer has no result: then it is an error, which is never deep.
  mutating func block() throws(NodeError) -> [CallTrace]? {
    try result { reader throws(NodeError) in
      var traces: [CallTrace] = []
      try reader.list { reader throws(NodeError) in traces.append(try reader.entry()) }
      return traces
    }
  }

  /// The calls of one transaction.
  mutating func transaction() throws(NodeError) -> [CallFrame]? {
    try result { reader throws(NodeError) in try reader.frames() }
  }

  private mutating func result<Value>(
    _ read: (inout CallTraceReader) throws(NodeError) -> Value
  ) throws(NodeError) -> Value? {
    var value: Value?
    var isError = false
    try object { reader, key throws(NodeError) in
      switch key {
      case "result" where reader.next != UInt8(ascii: "n"): value = try read(&reader)
      case "error" where reader.next != UInt8(ascii: "n"):
        isError = true
        try reader.skip()
      default: try reader.skip()
      }
    }
    guard next == nil else { throw malformed("more than an answer") }
    return isError ? nil : value
  }

  private mutating func entry() throws(NodeError) -> CallTrace {
    var transaction: Hash32?
    var frames: [CallFrame]?
    try object { reader, key throws(NodeError) in
      switch key {
      case "txHash": transaction = Hash32(try reader.hex())
      case "result": frames = try reader.frames()
      default: try reader.skip()
      }
    }
    guard let transaction, let frames else { throw malformed("a trace without hash or result") }
    return CallTrace(transaction: transaction, frames: frames)
  }

  // MARK: Frames

  private struct Open {
    var parent: Int?
    var ordinal: Int
    var calls = 0
    var kind: String?
    var sender: Address?
    var recipient: Address?
    var value = UInt256.zero
    var failed = false
    /// Of its fields, as long as it is open.
    var names = Names()

    func closed() -> CallFrame? {
      guard let kind, let sender else { return nil }
      return CallFrame(
        parent: parent, ordinal: ordinal, kind: kind, sender: sender, recipient: recipient,
        value: value, failed: failed)
    }
  }

  /// A call with all that it called, in the order in which they began.
  private mutating func frames() throws(NodeError) -> [CallFrame] {
    var found: [Open] = [Open(ordinal: 0)]
    var path = [0]
    try expect("{")
    while let present = path.last {
      if take("}") {
        found[present].names = Names()
        path.removeLast()
        guard let parent = path.last else { break }
        if take(",") {
          try expect("{")
          open(in: parent, &found, &path)
        } else {
          try expect("]")
          try endField()
        }
        continue
      }
      let key = try name(&found[present].names)
      if key == "calls", take("[") {
        if !take("]") {
          guard path.count < Self.deepest else { throw malformed("calls too deep") }
          try expect("{")
          open(in: present, &found, &path)
          continue
        }
      } else {
        try field(key, &found[present])
      }
      try endField()
    }
    let frames = found.compactMap { $0.closed() }
    guard frames.count == found.count else { throw malformed("a call without type or sender") }
    return frames
  }

  private func open(in parent: Int, _ found: inout [Open], _ path: inout [Int]) {
    path.append(found.count)
    found.append(Open(parent: parent, ordinal: found[parent].calls))
    found[parent].calls += 1
  }

  private mutating func field(_ key: String, _ frame: inout Open) throws(NodeError) {
    if next == UInt8(ascii: "n") { return try skip() }
    switch key {
    case "type": frame.kind = try text()
    case "from": frame.sender = try address()
    case "to": frame.recipient = try address()
    case "value":
      guard let value = UInt256(quantity: try text()) else { throw malformed("a call's value") }
      frame.value = value
    case "error":
      frame.failed = true
      try skip()
    default: try skip()
    }
  }

  private mutating func address() throws(NodeError) -> Address {
    guard let address = Address(try hex()) else { throw malformed("an address of a call") }
    return address
  }

  private mutating func hex() throws(NodeError) -> [UInt8] {
    guard let bytes = try? Hex.decode(try text()) else { throw malformed("hex data") }
    return bytes
  }

  // MARK: JSON

  /// The next byte that is no white space; nil at the end.
  private var next: UInt8? {
    mutating get {
      while place < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[place]) { place += 1 }
      return place < bytes.count ? bytes[place] : nil
    }
  }

  private mutating func take(_ sign: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: sign) else { return false }
    place += 1
    return true
  }

  private mutating func expect(_ sign: Unicode.Scalar) throws(NodeError) {
    guard take(sign) else { throw malformed("not \(sign)") }
  }

  /// A comma and another field, or the end of the object, which is left to the caller.
  private mutating func endField() throws(NodeError) {
    if take(",") {
      guard next == UInt8(ascii: "\"") else { throw malformed("a comma before nothing") }
    } else {
      guard next == UInt8(ascii: "}") else { throw malformed("a field that does not end") }
    }
  }

  private mutating func object(
    _ field: (inout CallTraceReader, String) throws(NodeError) -> Void
  ) throws(NodeError) {
    try expect("{")
    var names = Names()
    while !take("}") {
      let key = try name(&names)
      try field(&self, key)
      try endField()
    }
  }

  private mutating func list(
    _ element: (inout CallTraceReader) throws(NodeError) -> Void
  ) throws(NodeError) {
    try expect("[")
    if take("]") { return }
    repeat { try element(&self) } while take(",")
    try expect("]")
  }

  /// The names of an object's fields, by where they stand.
  private typealias Names = [Range<Int>]

  /// A field's name and its colon.
  private mutating func name(_ names: inout Names) throws(NodeError) -> String {
    let range = try plainText()
    guard range.count <= Self.longestName else { throw malformed(.nameTooLong) }
    guard names.count < Self.mostNames else { throw malformed(.tooManyMembers) }
    let name = String(decoding: bytes[range], as: UTF8.self)
    guard !names.contains(where: { bytes[$0].elementsEqual(bytes[range]) }) else {
      throw malformed("field `\(Printable.line(name, maximumBytes: 40))` is there twice")
    }
    names.append(range)
    guard take(":") else { throw malformed(.colonMissing) }
    return name
  }

  /// A string without escapes.
  private mutating func text() throws(NodeError) -> String {
    String(decoding: bytes[try plainText()], as: UTF8.self)
  }

  private mutating func plainText() throws(NodeError) -> Range<Int> {
    guard next == UInt8(ascii: "\"") else { throw malformed("a string is missing") }
    let (range, hasEscapes) = try string()
    guard !hasEscapes else { throw malformed(.escapeInPlainText) }
    return range
  }

  /// Where a string's content stands. Without a copy: inputs and outputs are most of an answer.
  private mutating func string() throws(NodeError) -> (Range<Int>, hasEscapes: Bool) {
    place += 1
    let start = place
    var (hasEscapes, isASCII) = (false, true)
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      let byte = bytes[place]
      guard byte >= 0x20 else { throw malformed(.controlCharacter) }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        try skipEscape()
      } else {
        isASCII = isASCII && byte < 0x80
        place += 1
      }
    }
    guard place < bytes.count else { throw malformed(.stringUnended) }
    let range = start..<place
    guard isASCII || String(validating: bytes[range], as: UTF8.self) != nil else {
      throw malformed(.notUTF8)
    }
    place += 1
    return (range, hasEscapes)
  }

  private mutating func skipEscape() throws(NodeError) {
    guard place + 1 < bytes.count else { throw malformed(.stringUnended) }
    let kind = bytes[place + 1]
    guard kind == UInt8(ascii: "u") else {
      guard Self.escapes.contains(kind) else { throw malformed(.unknownEscape) }
      place += 2
      return
    }
    let high = try codeUnit()
    switch high {
    case 0xd800..<0xdc00:
      guard place + 1 < bytes.count, bytes[place] == UInt8(ascii: "\\"),
        bytes[place + 1] == UInt8(ascii: "u"), (0xdc00..<0xe000).contains(try codeUnit())
      else { throw malformed(.halfSurrogatePair) }
    case 0xdc00..<0xe000: throw malformed(.halfSurrogatePair)
    default: return
    }
  }

  /// Of `\u` and four digits.
  private mutating func codeUnit() throws(NodeError) -> UInt32 {
    guard place + 6 <= bytes.count else { throw malformed(.hexDigitsMissing) }
    var unit: UInt32 = 0
    for byte in bytes[place + 2..<place + 6] {
      guard let digit = Hex.value(of: byte) else { throw malformed(.hexDigitsMissing) }
      unit = unit << 4 | UInt32(digit)
    }
    place += 6
    return unit
  }

  private static let escapes = Array("\"\\/bfnrt".utf8)

  /// Any value, whatever its depth.
  private mutating func skip() throws(NodeError) {
    var open: [Level] = []
    repeat {
      guard let sign = next else { throw malformed(.valueMissing) }
      switch sign {
      case UInt8(ascii: "{"):
        place += 1
        if !take("}") {
          open.append(Level(isObject: true))
          _ = try name(&open[open.count - 1].names)
          continue
        }
      case UInt8(ascii: "["):
        place += 1
        if !take("]") {
          open.append(Level(isObject: false))
          continue
        }
      case UInt8(ascii: "\""): _ = try string()
      case UInt8(ascii: "t"): try skip(word: "true")
      case UInt8(ascii: "f"): try skip(word: "false")
      case UInt8(ascii: "n"): try skip(word: "null")
      default: try skipNumber()
      }
      try close(&open)
    } while !open.isEmpty
  }

  /// An object or array that is skipped, and not over.
  private struct Level {
    var isObject: Bool
    var names = Names()
  }

  /// Behind a value that is skipped: up to where the next one begins, or to the end of all.
  private mutating func close(_ open: inout [Level]) throws(NodeError) {
    while let isObject = open.last?.isObject {
      if take(",") {
        if isObject { _ = try name(&open[open.count - 1].names) }
        return
      }
      guard take(isObject ? "}" : "]") else { throw malformed(.endMissing) }
      open.removeLast()
    }
  }

  private mutating func skip(word: String) throws(NodeError) {
    guard bytes[place...].starts(with: word.utf8) else { throw malformed(.notAValue) }
    place += word.utf8.count
  }

  private mutating func skipNumber() throws(NodeError) {
    if peek == UInt8(ascii: "-") { place += 1 }
    if peek == UInt8(ascii: "0") { place += 1 } else { try skipDigits(or: .notAValue) }
    if peek == UInt8(ascii: ".") {
      place += 1
      try skipDigits(or: .digitsMissing)
    }
    guard peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") else { return }
    place += 1
    if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { place += 1 }
    try skipDigits(or: .digitsMissing)
  }

  private mutating func skipDigits(or reason: JSONError.Syntax) throws(NodeError) {
    let start = place
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
    guard place > start else { throw malformed(reason) }
  }

  private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

  private func malformed(_ reason: JSONError.Syntax) -> NodeError { malformed(reason.rawValue) }

  private func malformed(_ what: String) -> NodeError {
    .malformed("traces: \(what), at byte \(place) of \(bytes.count)")
  }
}
