// The reader of JSON: what it takes, what it refuses and where, and that its work is linear.

import Foundation
import SeededNumbers
import Testing

@testable import Formats

extension JSONLimits {
  static let test = JSONLimits(
    bytes: 4 << 20, depth: 8, members: 64, elements: 4_096, nameBytes: 64, stringBytes: 1 << 16)

  func with(_ change: (inout JSONLimits) -> Void) -> JSONLimits {
    var limits = self
    change(&limits)
    return limits
  }
}

private func parse(_ text: String, _ limits: JSONLimits = .test) throws(JSONError) -> JSONValue {
  try StrictJSON.parse(Array(text.utf8), limits)
}

/// The fault of a text, nil where it is read.
private func fault(_ bytes: [UInt8], _ limits: JSONLimits = .test) -> JSONError.Fault? {
  do throws(JSONError) {
    _ = try StrictJSON.parse(bytes, limits)
    return nil
  } catch { return error.fault }
}

@Suite struct StrictJSONTests {
  @Test func valuesAreRead() throws {
    let rows: [(String, JSONValue)] = [
      ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("[]", .array([])),
      ("{}", .object([])), ("-0.5e+3", .number("-0.5e+3")), ("0", .number("0")),
      (#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, .text("\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}")),
      ("\"\u{e9}\u{2028}\"", .text("\u{e9}\u{2028}")),
      (#"[1,{"a":"b"}]"#, .array([.number("1"), .object([JSONField("a", .text("b"))])])),
      (
        " [ 1 , { \"a\" : \"b\" , \"b\" : null } ] ",
        .array([
          .number("1"), .object([JSONField("a", .text("b")), JSONField("b", .null)]),
        ])
      ),
    ]
    for (text, value) in rows { #expect(try parse(text) == value, "\(text)") }
  }

  @Test(
    arguments: [
      ("", .valueMissing, 0), (" ", .valueMissing, 1), ("tru", .notAValue, 0),
      ("nul", .notAValue, 0), ("True", .notAValue, 0), ("'a'", .notAValue, 0),
      ("NaN", .notAValue, 0), ("//\n1", .notAValue, 0), ("\u{feff}1", .notAValue, 0),
      ("+1", .notAValue, 0), (".5", .notAValue, 0), ("-", .notAValue, 1), ("--1", .notAValue, 1),
      ("01", .trailingBytes, 1), ("-01", .trailingBytes, 2), ("1 2", .trailingBytes, 2),
      ("{} {}", .trailingBytes, 3), ("1\u{0}", .trailingBytes, 1), ("0x1", .trailingBytes, 1),
      ("1.", .digitsMissing, 2), ("1e", .digitsMissing, 2), ("1e+", .digitsMissing, 3),
      ("\"", .stringUnended, 1), ("\"\\", .stringUnended, 2), ("\"\\x\"", .unknownEscape, 3),
      ("\"\\u12\"", .hexDigitsMissing, 3), ("\"\\u+123\"", .hexDigitsMissing, 3),
      ("\"a\nb\"", .controlCharacter, 2), ("\"\\n\u{1}\"", .controlCharacter, 3),
      (#""\udc00""#, .halfSurrogatePair, 7), (#""\ud800""#, .halfSurrogatePair, 7),
      (#""\ud800\u0041""#, .halfSurrogatePair, 13), (#""\ud800\ud800""#, .halfSurrogatePair, 13),
      ("[1,]", .notAValue, 3), ("[1 2]", .endMissing, 3), ("[", .valueMissing, 1),
      ("[1", .endMissing, 2), ("[1}", .endMissing, 2), ("{", .nameMissing, 1),
      ("{\"a\"}", .colonMissing, 4), ("{\"a\":}", .notAValue, 5), ("{\"a\":1,}", .nameMissing, 7),
      ("{a:1}", .nameMissing, 1), ("{\"a\":1 \"b\":2}", .endMissing, 7), ("{1:1}", .nameMissing, 1),
    ] as [(String, JSONError.Syntax, Int)])
  func badTextIsRefusedWhereItIsBad(text: String, reason: JSONError.Syntax, byte: Int) {
    #expect(fault(Array(text.utf8)) == .syntax(reason, byte: byte), "\(text)")
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    for bytes: [UInt8] in [
      [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0x5c, 0x6e, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d],
    ] {
      guard case .syntax(.notUTF8, _) = fault(bytes) else {
        Issue.record("\(bytes): \(String(describing: fault(bytes)))")
        continue
      }
    }
  }

  @Test func aNameThatIsThereTwiceIsRefused() {
    #expect(fault(Array(#"{"a":1,"a":2}"#.utf8)) == .duplicateName("`a`"))
    #expect(fault(Array(#"{"a":1,"b":2,"\u0061":2}"#.utf8)) == .duplicateName("`a`"))
    #expect(fault(Array(#"{"":1,"":2}"#.utf8)) == .duplicateName("``"))
    #expect(fault(Array(#"{"\u001b[2J":1,"\u001b[2J":2}"#.utf8)) == .duplicateName("`\\u{1b}[2J`"))
    // Other bytes are another name, whatever Unicode calls equal.
    #expect(fault(Array(#"{"\u00e9":1,"e\u0301":2}"#.utf8)) == nil)
    // In another object the name is free.
    #expect(fault(Array(#"{"a":{"a":1},"b":{"a":1}}"#.utf8)) == nil)
  }

  /// Each limit takes what it names, and not one more.
  @Test func limitsAreArguments() {
    func names(_ count: Int) -> String {
      "{" + (0..<count).map { "\"n\($0)\":1" }.joined(separator: ",") + "}"
    }
    func list(_ count: Int) -> String {
      "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]"
    }
    func quoted(_ count: Int) -> String { "\"" + String(repeating: "x", count: count) + "\"" }
    let rows: [(JSONLimits, String, String, JSONError.Syntax)] = [
      (.test.with { $0.bytes = 5 }, "[1,2]", "[1,2] ", .tooLong),
      (.test.with { $0.depth = 3 }, "[[1]]", "[[[1]]]", .tooDeep),
      (.test.with { $0.members = 9 }, names(9), names(10), .tooManyMembers),
      (.test.with { $0.elements = 9 }, list(9), list(10), .tooManyElements),
      (.test.with { $0.nameBytes = 4 }, "{\"abcd\":1}", "{\"abcde\":1}", .nameTooLong),
      (.test.with { $0.nameBytes = 4 }, "{\"abc\\u0064\":1}", "{\"abcd\\u0065\":1}", .nameTooLong),
      (.test.with { $0.stringBytes = 8 }, quoted(8), quoted(9), .stringTooLong),
      (.test.with { $0.stringBytes = 2 }, #""\u00e9""#, #""\u00e9e""#, .stringTooLong),
      (.test.with { $0.numberBytes = 4 }, "-1.5", "-1.55", .numberTooLong),
    ]
    for (limits, most, beyond, reason) in rows {
      #expect(fault(Array(most.utf8), limits) == nil, "\(most)")
      guard case .syntax(reason, _) = fault(Array(beyond.utf8), limits) else {
        Issue.record("\(beyond) is not refused as \(reason)")
        continue
      }
    }
  }

  @Test func plainTextSaysNothingElse() {
    let plain = JSONLimits.test.with { $0.vocabulary = .plain }
    for text in [#"{"a":[1,"b",{"c":0}]}"#, "18446744073709551615"] {
      #expect(fault(Array(text.utf8), plain) == nil, "\(text)")
    }
    for text in [
      "null", "true", "[false]", "-1", "1.5", "1e3", "00", #""\n""#, #"{"\u0061":1}"#, #""a\"b""#,
    ] {
      #expect(fault(Array(text.utf8), plain) != nil, "\(text)")
    }
  }

  // MARK: Properties

  /// Random values, written with random spaces and escapes, are read as they are; Foundation, which
  /// is laxer, reads the same.
  @Test(arguments: [UInt64(1), 2, 3])
  func randomDocumentsAreReadAsMeant(seed: UInt64) throws {
    var source = RandomJSON(seed)
    for round in 0..<400 {
      let value = source.value(depth: 0)
      let text = source.text(value)
      #expect(try parse(text) == value, "seed \(seed), round \(round): \(text)")
      let written = value.bytes
      #expect(try StrictJSON.parse(written, .test) == value, "seed \(seed), round \(round)")
      #expect(RandomJSON.foundationReads(written), "seed \(seed), round \(round): \(text)")
    }
  }

  /// Damaged documents: what is taken, Foundation takes too.
  @Test(arguments: [UInt64(1), 2, 3])
  func nothingIsTakenThatIsNoJSON(seed: UInt64) throws {
    var source = RandomJSON(seed)
    for round in 0..<2_000 {
      var bytes = Array(source.text(source.value(depth: 0)).utf8)
      source.damage(&bytes)
      guard fault(bytes) == nil else { continue }
      #expect(RandomJSON.foundationReads(bytes), "seed \(seed), round \(round): \(bytes)")
    }
  }

  // MARK: Work

  /// Names of one length that Unicode calls equal until their last two bytes: each begins with the
  /// same marks in another order. Compared as text, 64 of 1,024 bytes took a second.
  private static func hostileNames(_ count: Int, bytes: Int) -> [String] {
    (0..<count).map { number in
      var marks: [Unicode.Scalar] = ["\u{301}", "\u{323}", "\u{327}", "\u{345}", "\u{334}"]
      var name = String.UnicodeScalarView()
      var rest = number
      while !marks.isEmpty {
        let choices = marks.count
        name.append(marks.remove(at: rest % choices))
        rest /= choices
      }
      var text = String(name)
      while text.utf8.count + 4 <= bytes { text += "\u{e9}" }
      return text + (number < 10 ? "0" : "") + "\(number)"
    }
  }

  /// Names of one length with the same bytes until the last two.
  private static func similarNames(_ count: Int, bytes: Int) -> [String] {
    (0..<count).map { number in
      String(repeating: "x", count: bytes - 2) + (number < 10 ? "0" : "") + "\(number)"
    }
  }

  @Test func comparisonsAreLinear() throws {
    for (objects, bytes) in [(1, 64), (200, 64), (1, 16_384), (1, 1_024)] {
      for names in [
        Self.hostileNames(64, bytes: bytes), Self.similarNames(64, bytes: bytes),
      ] {
        let object = "{" + names.map { "\"\($0)\":1" }.joined(separator: ",") + "}"
        let body = Array(
          ("[" + Array(repeating: object, count: objects).joined(separator: ",") + "]").utf8)
        var work = JSONWork()
        _ = try StrictJSON.parse(body, .test.with { $0.nameBytes = bytes }, &work)
        // A binary search among at most 63 names; no two have the same hash.
        #expect(work.comparisons <= objects * 64 * 6, "\(objects) of \(bytes)")
        #expect(work.comparedBytes == 0, "\(objects) of \(bytes)")
      }
    }
  }

  /// A name that is there twice is compared once, with its equal.
  @Test func onlyEqualNamesAreCompared() {
    let names = Self.hostileNames(63, bytes: 64)
    let fields = (names + [names[40]]).map { "\"\($0)\":1" }.joined(separator: ",")
    var work = JSONWork()
    #expect(throws: JSONError(.duplicateName(JSONError.quoted(names[40])))) {
      try StrictJSON.parse(Array("{\(fields)}".utf8), .test, &work)
    }
    #expect(work.comparedBytes == 64)
  }
}

/// Random JSON, and Foundation's opinion of texts.
private struct RandomJSON {
  private var numbers: SeededNumbers

  init(_ seed: UInt64) { numbers = SeededNumbers(seed) }

  private mutating func pick<Element>(_ values: [Element]) -> Element {
    values[Int.random(in: 0..<values.count, using: &numbers)]
  }

  mutating func value(depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth < 5 ? 7 : 5), using: &numbers) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &numbers))
    case 2: return .number(pick(["0", "-1", "12", "-0.50", "1e3", "9007199254740993", "2E-7"]))
    case 3, 4: return .text(word())
    case 5:
      let count = Int.random(in: 0...4, using: &numbers)
      return .array((0..<count).map { _ in value(depth: depth + 1) })
    default:
      let count = Int.random(in: 0...6, using: &numbers)
      return .object((0..<count).map { JSONField("\($0)" + word(), value(depth: depth + 1)) })
    }
  }

  private mutating func word() -> String {
    let count = Int.random(in: 0...6, using: &numbers)
    let alphabet: [Unicode.Scalar] = [
      "a", "\"", "\\", "/", "\u{0}", "\n", "\u{1f}", "\u{7f}", "\u{9b}", "\u{e9}", "\u{301}",
      "\u{2028}", "\u{202e}", "\u{ffff}", "\u{1f600}", "\u{10ffff}",
    ]
    var word = String.UnicodeScalarView()
    for _ in 0..<count { word.append(pick(alphabet)) }
    return String(word)
  }

  mutating func text(_ value: JSONValue) -> String {
    space() + bare(value) + space()
  }

  private mutating func space() -> String { pick(["", "", "", " ", "\n\t", "\r "]) }

  private mutating func bare(_ value: JSONValue) -> String {
    switch value {
    case .null: return "null"
    case .bool(let bool): return "\(bool)"
    case .number(let digits): return digits
    case .text(let text): return quoted(text)
    case .array(let values):
      var items: [String] = []
      for value in values { items.append(text(value)) }
      return "[" + (items.isEmpty ? space() : items.joined(separator: ",")) + "]"
    case .object(let fields):
      var items: [String] = []
      for field in fields {
        items.append(space() + quoted(field.name) + space() + ":" + text(field.value))
      }
      return "{" + (items.isEmpty ? space() : items.joined(separator: ",")) + "}"
    }
  }

  private mutating func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
      if mustEscape || Int.random(in: 0..<4, using: &numbers) == 0 {
        for unit in String(Character(scalar)).utf16 {
          let digits = String(unit, radix: 16, uppercase: Bool.random(using: &numbers))
          out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }

  mutating func damage(_ bytes: inout [UInt8]) {
    for _ in 0..<Int.random(in: 1...2, using: &numbers) {
      let place = Int.random(in: 0...bytes.count, using: &numbers)
      let byte = pick(Array("{}[]\",:\\u0e-. tn".utf8) + [0, 0x1f, 0x80, 0xc3, 0xff])
      switch Int.random(in: 0..<3, using: &numbers) {
      case 0: bytes.insert(byte, at: place)
      case 1: if place < bytes.count { bytes[place] = byte }
      default: if place < bytes.count { bytes.remove(at: place) }
      }
    }
  }

  static func foundationReads(_ bytes: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
  }
}
