// Fields taken one by one, Swift types to JSON and back, and the writer.

import Foundation
import Testing

@testable import Formats

private typealias Fields = JSONFields<JSONError>

private func fields(_ text: String) throws(JSONError) -> Fields {
  try Fields(parsing: Array(text.utf8), .test)
}

@Suite struct JSONFieldTests {
  @Test func fieldsAreTakenOnce() throws {
    var read = try fields(
      #"{"t":"x","i":-5,"d":"1.5","l":[1],"n":null}"#)
    #expect(try read.text("t") == "x")
    #expect(try read.integer("i", as: Int8.self) == -5)
    #expect(try read.decimal("d") == DecimalAmount(atoms: 15, decimals: 1))
    #expect(try read.array("l") == [.number("1")])
    // Null is not a second spelling of a field that is left out.
    #expect(throws: JSONError.self) { try read.textIfPresent("n") }
    #expect(try read.textIfPresent("t") == nil)
    try read.finish()
  }

  @Test func whatDoesNotFitIsNamed() throws {
    func refuses(
      _ text: String, _ sentence: String, _ body: (inout Fields) throws(JSONError) -> Void
    ) {
      #expect(throws: JSONError.self, "\(sentence)") {
        do {
          var read = try fields(text)
          try body(&read)
          try read.finish()
        } catch let error as JSONError {
          #expect(error.description == sentence)
          throw error
        }
      }
    }
    refuses("[]", "the body must be a JSON object") { _ in }
    refuses(#"{"a":1}"#, "unknown field `a`") { _ in }
    refuses(#"{"\n\u202e":1}"#, "unknown field `\\n\\u{202e}`") { _ in }
    refuses("{}", "field `a` is missing") { read throws(JSONError) in _ = try read.text("a") }
    refuses(#"{"a":1}"#, "field `a` must be a string") { read throws(JSONError) in
      _ = try read.text("a")
    }
    for number in ["1.0", "1e3", "-0", "256", "-1"] {
      refuses(#"{"a":\#(number)}"#, "field `a` must be a whole number in 0...255") {
        read throws(JSONError) in _ = try read.integer("a", as: UInt8.self)
      }
    }
    for amount in ["01", "1.", ".5", "+1", "1e3", "-0", "", "1.50", "1.0", "0.0"] {
      refuses(#"{"a":"\#(amount)"}"#, "field `a` must be \(DecimalAmount.expectation)") {
        read throws(JSONError) in _ = try read.decimal("a")
      }
    }
  }

  // MARK: Swift types

  private struct Row: Codable, Equatable {
    enum Kind: String, Codable { case one, two }
    var name: String
    var count: Int64
    var most: UInt64 = .max
    var kind = Kind.two
    var price = DecimalAmount(atoms: 125, decimals: 1)
    var time = Timestamp(microseconds: 1)
    var isOn = true
    var note: String?
    var rows: [Row] = []
    var byName: [String: [Int]] = [:]
  }

  /// As Foundation writes and reads them, for all that both can.
  @Test func typesGoThereAndBack() throws {
    let inner = Row(name: "é/\"\\ \n", count: -1, note: "n", byName: ["b": [], "a": [1, 2]])
    for row in [Row(name: "", count: .min), inner, Row(name: "x", count: 0, rows: [inner, inner])] {
      let bytes = try JSONValue(encoding: row).bytes
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      #expect(
        String(decoding: bytes, as: UTF8.self)
          == String(decoding: try encoder.encode(row), as: UTF8.self))
      #expect(try StrictJSON.decode(Row.self, from: bytes, .test) == row)
      #expect(try JSONDecoder().decode(Row.self, from: Data(bytes)) == row)
    }
  }

  @Test func whatATypeCannotBeIsRefused() {
    func refuses<Value: Decodable>(_ type: Value.Type, _ text: String) {
      #expect(throws: (any Error).self, "\(text)") {
        try StrictJSON.decode(type, from: Array(text.utf8), .test)
      }
    }
    refuses(Int8.self, "128")
    refuses(Int.self, "1.0")
    refuses(Int.self, "-0")
    refuses(UInt.self, "-1")
    refuses(Int.self, "\"1\"")
    refuses(String.self, "1")
    refuses(String.self, "null")
    refuses(Bool.self, "1")
    refuses([Int].self, "[1,null]")
    refuses([Int].self, "{}")
    refuses([String: Int].self, "[]")
    refuses([String: Int].self, #"{"a":1,"a":1}"#)
    refuses(DecimalAmount.self, "1")
    refuses(DecimalAmount.self, "\"1e3\"")
    refuses(Timestamp.self, "\"1970-01-01T00:00:00Z\"")
    refuses(Row.self, #"{"name":"x"}"#)
    #expect(throws: EncodingError.self) { try JSONValue(encoding: [1.5]) }
  }

  // MARK: Writing

  /// JSON of ours stands in terminals and logs.
  @Test func whatDoesNotPrintIsEscaped() throws {
    let rows: [(String, String)] = [
      ("a/b é 😀", "\"a/b é 😀\""), ("\"\\", #""\"\\""#), ("\u{8}\u{c}\n\r\t", #""\b\f\n\r\t""#),
      ("\u{0}\u{1b}\u{7f}\u{9b}", #""\u0000\u001b\u007f\u009b""#),
      ("\u{2028}\u{202e}\u{2066}\u{200b}\u{feff}", #""\u2028\u202e\u2066\u200b\ufeff""#),
      ("\u{e0041}", #""\udb40\udc41""#),
    ]
    for (text, json) in rows {
      let bytes = JSONValue.text(text).bytes
      #expect(String(decoding: bytes, as: UTF8.self) == json)
      #expect(try StrictJSON.parse(bytes, .test) == .text(text))
    }
  }
}
