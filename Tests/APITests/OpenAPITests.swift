// The description of the API: committed as it is made, complete, and true.

import Formats
import Foundation
import Testing
import Wire

@testable import API

@Suite struct OpenAPITests {
  /// Made again by `uncross openapi > docs/openapi.json`.
  @Test func theCommittedDocumentIsTheTables() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("docs/openapi.json")
    let committed = try String(contentsOf: file, encoding: .utf8)
    let (ours, theirs) = (OpenAPI.text.split(separator: "\n"), committed.split(separator: "\n"))
    let difference = zip(ours, theirs).first { $0 != $1 }
    #expect(difference == nil && ours.count == theirs.count)
    #expect(committed == OpenAPI.text)
  }

  @Test func itIsServedToEverybody() async throws {
    try await Venue.run { venue in
      let answer = try await venue.send("GET", "/v1/openapi.json")
      #expect(answer.status == 200 && answer.header("Content-Type") == "application/json")
      #expect(answer.text == OpenAPI.text)
    }
  }

  @Test func eachOperationHasOneName() {
    let names = Route.all.map(\.id)
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0.first?.isLowercase == true && $0.allSatisfy(\.isLetter) })
  }

  /// Everything that the document refers to is in it, and everything of it is referred to.
  @Test func noReferenceIsLost() throws {
    let check = SchemaCheck()
    func references(_ value: JSONValue) -> [String] {
      switch value {
      case .object(let fields):
        fields.flatMap { $0.name == "$ref" ? [$0.value.text ?? ""] : references($0.value) }
      case .array(let values): values.flatMap(references)
      default: []
      }
    }
    let used = Set(references(check.document))
    for reference in used { #expect(check.resolve(reference) != nil, "\(reference)") }
    guard case .object(let schemas)? = check.document["components"]?["schemas"] else {
      Issue.record("no schemas")
      return
    }
    for schema in schemas { #expect(used.contains("#/components/schemas/\(schema.name)")) }
  }

  /// A type of each kind, as it is described.
  @Test func typesAreDescribed() throws {
    let book = SchemaBook()
    #expect(
      book.schema(of: NewOrder.self, for: .request) == ["$ref": "#/components/schemas/NewOrder"])
    let order = try #require(book.components["NewOrder"])
    #expect(order["additionalProperties"] == .bool(false))
    #expect(order["required"] == ["client_order_id", "market", "quantity", "side"])
    let fields = order["properties"]
    #expect(fields?["side"] == ["type": "string", "enum": ["buy", "sell"]])
    #expect(fields?["quantity"] == ["$ref": "#/components/schemas/DecimalAmount"])
    // What may be left out may not be null.
    #expect(
      fields?["time_in_force"] == ["type": "string", "enum": ["gtc", "gtd", "auction"]])
    // An answer's value may be null where it stands, and more may come with a later version.
    _ = book.schema(of: OrderDetails.self, for: .answer)
    let details = book.components["OrderDetails"]
    #expect(details?["additionalProperties"] == nil)
    #expect(
      details?["properties"]?["expires_at"] == [
        "anyOf": [["$ref": "#/components/schemas/Timestamp"], ["type": "null"]]
      ])
    #expect(details?["required"]?.count == 14)
    // One object of two types; numbers with the bounds of theirs; one of two.
    _ = book.schema(of: Reasoned<MarketTermsChange>.self, for: .request)
    let change = book.components["ReasonedMarketTermsChange"]
    #expect(change?["required"] == ["reason"])
    #expect(
      change?["properties"]?["buy_fee_basis_points"] == [
        "type": "integer", "minimum": .number(0), "maximum": .number(65_535),
      ])
    #expect(
      book.schema(of: OrderOutcome.self, for: .answer) == [
        "oneOf": [
          ["$ref": "#/components/schemas/AcceptedOrder"],
          ["$ref": "#/components/schemas/RefusedOrder"],
        ]
      ])
  }

  /// The check that documented answers pass finds each of these.
  @Test func theCheckFinds() throws {
    let check = SchemaCheck()
    let good: JSONValue = [
      "order_id": "1", "client_order_id": "a", "repeated": .bool(false),
      "accepted_at": "2026-09-21T12:00:00.000000Z",
    ]
    let schema: JSONValue = ["$ref": "#/components/schemas/AcceptedOrder"]
    #expect(check.fault(good, schema) == nil)
    guard case .object(let fields) = good else { return }
    for index in fields.indices {
      var less = fields
      less.remove(at: index)
      #expect(check.fault(.object(less), schema) != nil)
      var other = fields
      other[index].value = .null
      #expect(check.fault(.object(other), schema) != nil)
    }
    #expect(check.fault(.object(fields + [JSONField("more", .null)]), schema) != nil)
    #expect(check.fault("2026", ["$ref": "#/components/schemas/Timestamp"]) != nil)
    #expect(check.fault("2", ["type": "string", "enum": ["1"]]) != nil)
    #expect(check.fault(.number(9), ["type": "integer", "maximum": .number(8)]) != nil)
    #expect(check.fault([.null], ["type": "array", "items": ["type": "string"]]) != nil)
  }
}
