// A value against a schema of the API's description: as much of JSON Schema as it uses.

import Formats
import Foundation

@testable import API

struct SchemaCheck {
  let document: JSONValue

  init() { document = OpenAPI.document(Route.all) }

  /// The first thing that does not fit, with its place. A name that the schema does not know is
  /// one, in an answer too: what the server writes today is all described.
  func fault(_ value: JSONValue, _ schema: JSONValue, at place: String = "$") -> String? {
    guard case .object(let fields) = schema else { return "\(place): no schema" }
    if let target = schema["$ref"]?.text {
      guard let found = resolve(target) else { return "\(place): \(target) leads nowhere" }
      return fault(value, found, at: place)
    }
    for field in fields {
      if let what = fault(value, field, of: schema, at: place) { return what }
    }
    return nil
  }

  func resolve(_ reference: String) -> JSONValue? {
    reference.split(separator: "/").dropFirst().reduce(document as JSONValue?) { $0?[String($1)] }
  }

  private func fault(
    _ value: JSONValue, _ rule: JSONField, of schema: JSONValue, at place: String
  ) -> String? {
    switch (rule.name, rule.value) {
    case ("type", .text(let type)): return Self.type(value) == type ? nil : "\(place) is no \(type)"
    case ("enum", .array(let values)):
      return values.contains(value) ? nil : "\(place) is none of \(values)"
    case ("pattern", .text(let pattern)):
      let text = value.text ?? ""
      return text.range(of: pattern, options: .regularExpression) != nil
        ? nil : "\(place): `\(text)` is not \(pattern)"
    case ("anyOf", .array(let schemas)), ("oneOf", .array(let schemas)):
      let faults = schemas.map { fault(value, $0, at: place) }
      let count = faults.count { $0 == nil }
      return count == 1 ? nil : "\(place) fits \(count): \(faults.compactMap { $0 })"
    case ("items", let schema):
      guard case .array(let items) = value else { return nil }
      return items.enumerated().lazy.compactMap { fault($1, schema, at: "\(place)[\($0)]") }.first
    case ("properties", _): return members(value, schema, at: place)
    case ("required", .array(let names)):
      return names.compactMap(\.text).first { value[$0] == nil }.map { "\(place).\($0) is missing" }
    case ("minimum", .number(let bound)), ("maximum", .number(let bound)):
      guard case .number(let text) = value, let number = Int(text), let bound = Int(bound) else {
        return nil
      }
      return (rule.name == "minimum" ? number >= bound : number <= bound)
        ? nil : "\(place): \(number) is beyond the \(rule.name)"
    case ("minLength", .number(let bound)), ("maxLength", .number(let bound)):
      let count = value.text?.unicodeScalars.count ?? 0
      return (rule.name == "minLength" ? count >= Int(bound)! : count <= Int(bound)!)
        ? nil : "\(place): \(rule.name)"
    case ("minItems", .number(let bound)), ("maxItems", .number(let bound)):
      let count = value.count ?? 0
      return (rule.name == "minItems" ? count >= Int(bound)! : count <= Int(bound)!)
        ? nil : "\(place): \(rule.name)"
    case ("format", _), ("description", _), ("examples", _), ("additionalProperties", _):
      return nil
    default: return "\(place): this check does not know \(rule.name)"
    }
  }

  private func members(_ value: JSONValue, _ schema: JSONValue, at place: String) -> String? {
    guard case .object(let fields) = value else { return nil }
    for field in fields {
      guard let known = schema["properties"]?[field.name] else {
        return "\(place).\(field.name) is not described"
      }
      if let what = fault(field.value, known, at: "\(place).\(field.name)") { return what }
    }
    return nil
  }

  private static func type(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool: "boolean"
    case .number(let text): text.contains(where: { ".eE".contains($0) }) ? "number" : "integer"
    case .text: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

extension SchemaCheck {
  private func operation(_ route: Route) -> JSONValue? {
    document["paths"]?[route.template]?[route.method.rawValue.lowercased()]
  }

  /// What of a request's body does not fit.
  func fault(request body: String, of route: Route) throws -> String? {
    let schema = operation(route)?["requestBody"]?["content"]?["application/json"]?["schema"]
    if body.isEmpty { return schema == nil ? nil : "a body is missing" }
    guard let schema else { return "a body that is not described" }
    return fault(try JSONValue.parse(Array(body.utf8)), schema)
  }

  /// What of an answer does not fit.
  func fault(_ answer: WireAnswer, of route: Route) -> String? {
    let described = operation(route)?["responses"]?["\(answer.status)"]
    guard let response = described?["$ref"]?.text.flatMap(resolve) ?? described else {
      return "status \(answer.status) is not described"
    }
    guard case .object(let contents) = response["content"], let content = contents.first,
      answer.header("Content-Type") == content.name, let schema = content.value["schema"]
    else { return "content type \(answer.header("Content-Type") ?? "")" }
    if content.name != "application/json" { return nil }
    if case .object = route.answer { return nil }
    return fault(answer.json, schema)
  }
}
