// Types read exactly: nothing of an object is left over, what is wrong is named with its place.

import Testing

@testable import Formats

private struct Line: Codable, Equatable {
  enum Side: String, JSONChoice { case buy, sell }

  var side: Side
  var amount: DecimalAmount
  var count: UInt8?
  var at: Timestamp?

  private enum CodingKeys: String, CodingKey {
    case side, amount, at
    case count = "the_count"
  }
}

private struct Page: Codable, Equatable {
  var lines: [Line]
  var first: Line?
  var isLast: Bool?
}

/// Two types over one object.
private struct Named<Body: Codable & Equatable>: Decodable, Equatable {
  var body: Body
  var name: String

  init(from decoder: any Decoder) throws {
    body = try Body(from: decoder)
    name = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .name)
  }

  private enum CodingKeys: String, CodingKey { case name }
}

@Suite struct ExactDecodingTests {
  private static let one = Line(side: .buy, amount: DecimalAmount(2))

  private func read<Value: Decodable>(
    _ text: String, as type: Value.Type = Value.self
  ) throws -> Value {
    try StrictJSON.parse(Array(text.utf8), .test).decodeExactly(type)
  }

  @Test func whatTheTypeSaysIsRead() throws {
    #expect(try read(#"{"side":"buy","amount":"2"}"#) == Self.one)
    // A name may be spelled with escapes.
    #expect(try read(#"{"\u0073ide":"buy","amount":"2"}"#) == Self.one)
    let line = try read(
      #"{"side":"sell","amount":"0.5","the_count":255,"at":"1970-01-01T00:00:00.000001Z"}"#,
      as: Line.self)
    #expect(
      line
        == Line(
          side: .sell, amount: DecimalAmount(atoms: 5, decimals: 1), count: 255,
          at: Timestamp(microseconds: 1)))
    #expect(
      try read(#"{"lines":[{"side":"buy","amount":"2"}],"first":{"side":"buy","amount":"2"}}"#)
        == Page(lines: [Self.one], first: Self.one))
    #expect(try read(#"{"lines":[],"isLast":true}"#) == Page(lines: [], isLast: true))
    let named: Named<Line> = try read(#"{"side":"buy","name":"n","amount":"2"}"#)
    #expect(named.body == Self.one && named.name == "n")
    #expect(try read("[1,2]") == [1, 2])
  }

  @Test(arguments: [
    ("[]", "the body must be a JSON object"),
    ("{}", "field `lines` is missing"),
    (#"{"lines":null}"#, "field `lines` must be an array"),
    (
      #"{"lines":[],"first":null}"#,
      "field `first` must be left out where it has no value, not null"
    ),
    (
      #"{"lines":[],"isLast":null}"#,
      "field `isLast` must be left out where it has no value, not null"
    ),
    (
      #"{"lines":[{"side":"buy","amount":"2","the_count":null}]}"#,
      "field lines[0].`the_count` must be left out where it has no value, not null"
    ),
    (
      #"{"lines":[{"side":"buy","amount":"2.50"}]}"#,
      #"field lines[0].`amount` must be a decimal string as "12.5", without needless zeros"#
    ),
    (#"{"lines":{}}"#, "field `lines` must be an array"),
    (#"{"lines":[],"x":1}"#, "unknown field `x`"),
    (#"{"lines":[],"Lines":1}"#, "unknown field `Lines`"),
    (#"{"lines":[],"li\u00adnes":1}"#, "unknown field `li\\u{ad}nes`"),
    (#"{"lines":[1]}"#, "lines[0] must be a JSON object"),
    (#"{"lines":[{}]}"#, "field lines[0].`side` is missing"),
    (#"{"lines":[{"side":"BUY"}]}"#, "field lines[0].`side` must be one of buy, sell"),
    (
      #"{"lines":[{"side":"buy","amount":2}]}"#,
      #"field lines[0].`amount` must be a decimal string as "12.5", without needless zeros"#
    ),
    (
      #"{"lines":[{"side":"buy","amount":"2","at":"now"}]}"#,
      #"field lines[0].`at` must be a time as "2026-09-21T12:00:00.000000Z""#
    ),
    (
      #"{"lines":[{"side":"buy","amount":"2"},{"side":"buy","amount":"2","the_count":256}]}"#,
      "field lines[1].`the_count` must be a whole number in 0...255"
    ),
    (
      #"{"lines":[{"side":"buy","amount":"2","count":1}]}"#, "unknown field lines[0].`count`"
    ),
    (
      #"{"lines":[],"first":{"side":"buy","amount":"2","y":{}}}"#, "unknown field first.`y`"
    ),
    (#"{"lines":[],"first":[]}"#, "first must be a JSON object"),
    (#"{"lines":[],"isLast":"true"}"#, "field `isLast` must be true or false"),
  ]) func whatDoesNotFitIsNamed(_ text: String, _ sentence: String) {
    let error = #expect(throws: JSONError.self) { try read(text, as: Page.self) }
    #expect(error?.description == sentence)
  }

  /// Whoever reads one object as two types has read it when both have.
  @Test func twoTypesShareAnObject() {
    let error = #expect(throws: JSONError.self) {
      try read(#"{"side":"buy","amount":"2","name":"n","nam":1}"#, as: Named<Line>.self)
    }
    #expect(error?.description == "unknown field `nam`")
  }

  /// The names of an object that is read exactly are told apart by bits.
  @Test func manyNamesAreAllSeen() throws {
    for count in [1, 63, 64, 65, 126, 127] {
      let names = (0..<count).map { "\"n\($0)\":0" }.joined(separator: ",")
      let text = #"{"side":"buy","amount":"2",\#(names)}"#
      let value = try StrictJSON.parse(
        Array(text.utf8),
        JSONLimits(bytes: 9_999, depth: 4, members: 200, elements: 4, stringBytes: 9))
      let error = #expect(throws: JSONError.self) { try value.decodeExactly(Line.self) }
      #expect(
        error?.description == (count > 126 ? "the body has too many fields" : "unknown field `n0`"))
      #expect(try value.decode(Line.self) == Self.one)
    }
  }
}
