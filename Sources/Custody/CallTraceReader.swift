// Reads traces from JSON without recursion: whoever pays the gas decides how deep calls are nested,
// and a scanner that stops at a depth can be stopped by anybody.

internal import Ethereum
internal import Formats

/// The answer to one `debug_traceBlockByHash` or `debug_traceTransaction`, field by field, in any
/// order.
struct CallTraceReader {
  private let bytes: [UInt8]
  private var place = 0

  /// The EVM's own bound is 1,024 calls inside calls; some nodes show what was refused there too.
  private static let deepest = 1_100

  /// Bytes. Longer names are compared with nothing: that could cost more than reading them.
  private static let longestName = 32

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
      let key = try name()
      try expect(":")
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
    while !take("}") {
      let key = try name()
      try expect(":")
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

  /// A string as it is written: none that is looked at has an escape in it.
  private mutating func text() throws(NodeError) -> String {
    try expect("\"")
    let start = place
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard place < bytes.count else { throw malformed("a string that does not end") }
    defer { place += 1 }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  /// A field's name; empty for one that is longer than any we look for.
  private mutating func name() throws(NodeError) -> String {
    let name = try text()
    return name.utf8.count <= Self.longestName ? name : ""
  }

  /// Any value, whatever its depth.
  private mutating func skip() throws(NodeError) {
    var depth = 0
    repeat {
      guard let sign = next else { throw malformed("a value that does not end") }
      switch sign {
      case UInt8(ascii: "\""): try skipText()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        place += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > 0 else { throw malformed("a value is missing") }
        depth -= 1
        place += 1
      default: try skipPlain(inside: depth > 0)
      }
    } while depth > 0
  }

  /// Without a copy: inputs and outputs are most of an answer.
  private mutating func skipText() throws(NodeError) {
    place += 1
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard place < bytes.count else { throw malformed("a string that does not end") }
    place += 1
  }

  /// A number or a word; inside a value also what stands between others.
  private mutating func skipPlain(inside: Bool) throws(NodeError) {
    let start = place
    while place < bytes.count, !Self.ends.contains(bytes[place]) { place += 1 }
    if place == start {
      guard inside else { throw malformed("a value is missing") }
      place += 1
    }
  }

  private static let ends: Set<UInt8> = Set("{}[],:\" \n\r\t".utf8)

  private func malformed(_ what: String) -> NodeError {
    .malformed("traces: \(what), at byte \(place) of \(bytes.count)")
  }
}
