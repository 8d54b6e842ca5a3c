// The description of the API, made of the table of routes: what is served, committed and tested.

internal import Engine
internal import Formats
internal import NIOCore
internal import Synchronization
internal import Wire

/// The API's OpenAPI document. Nothing in it is written twice: paths come from the routes, schemas
/// from the types of the wire, refusals from their table.
public enum OpenAPI {
  /// As `docs/openapi.json` has it and `uncross openapi` prints it.
  public static let text = document(Route.all).indentedText()

  /// As `GET /v1/openapi.json` answers it.
  static let answer = Answer.document(type: "application/json", ByteBuffer(string: text))

  static func document(_ routes: [Route]) -> JSONValue {
    let book = SchemaBook()
    let refused = book.schema(of: ErrorBody.self, for: .answer)
    var paths: [String: JSONValue] = [:]
    for path in Dictionary(grouping: routes, by: \.template) {
      var operations: [String: JSONValue] = [:]
      for route in path.value {
        operations[route.method.rawValue.lowercased()] = operation(route, book)
      }
      paths[path.key] = .object(operations.sorted)
    }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "Uncross", "version": "1", "summary": "An exchange that trades by call auction.",
        "description":
          "Amounts are strings and exact. What holds for every route is in docs/api.md.",
        "license": ["name": "Apache 2.0", "identifier": "Apache-2.0"],
      ],
      "servers": [["url": "http://127.0.0.1:8080"]],
      "tags": .array(Tag.allCases.map { ["name": .text($0.rawValue), "description": $0.meaning] }),
      "paths": .object(paths.sorted),
      "components": [
        "responses": .object(refusals(refused).sorted),
        "schemas": .object(book.components.sorted),
        "securitySchemes": ["httpMessageSignature": signature],
      ],
    ]
  }

  private enum Tag: String, CaseIterable {
    case `public`, trading, operating

    var meaning: JSONValue {
      switch self {
      case .public: "Without a key."
      case .trading: "An account's own orders and money."
      case .operating: "For keys of operators."
      }
    }

    init(_ route: Route) {
      switch route.access {
      case .open: self = .public
      case .roles: self = route.template.hasPrefix("/v1/operator/") ? .operating : .trading
      }
    }
  }

  /// OpenAPI has no scheme for RFC 9421: of its three header fields it can name one.
  private static let signature: JSONValue = [
    "type": "apiKey", "in": "header", "name": "Signature",
    "description": .text(
      """
      An HTTP message signature (RFC 9421) by a registered Ed25519 key, in Content-Digest, \
      Signature-Input and Signature. It covers @method, @path, @query and content-digest, and \
      names created, nonce, keyid and alg. docs/api-signing.md has all of it, with scripts.
      """),
  ]

  // MARK: Operations

  private static func operation(_ route: Route, _ book: SchemaBook) -> JSONValue {
    var operation: [String: JSONValue] = [
      "operationId": .text(route.id), "summary": .text(route.summary),
      "tags": [.text(Tag(route).rawValue)],
    ]
    let parameters = pathParameters(route) + route.query.map(parameter)
    if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
    if let body = route.body {
      operation["requestBody"] = [
        "required": .bool(true),
        "content": ["application/json": ["schema": book.schema(of: body, for: .request)]],
      ]
    }
    var responses: [String: JSONValue] = ["200": answer(route, book)]
    for status in statuses(route) {
      responses["\(status)"] = ["$ref": .text("#/components/responses/Refused\(status)")]
    }
    operation["responses"] = .object(responses.sorted)
    if case .roles(let roles, _) = route.access {
      operation["security"] = [["httpMessageSignature": []]]
      let names = roles.map(\.wire.rawValue).sorted()
      operation["description"] = .text("For keys of these roles: \(names.joined(separator: ", ")).")
    }
    return .object(operation.sorted)
  }

  private static func pathParameters(_ route: Route) -> [JSONValue] {
    route.segments.filter { $0.hasPrefix("{") }.map { segment in
      let name = String(segment.dropFirst().dropLast())
      let pattern =
        switch name {
        case "public_key": "^[0-9a-f]{64}$"
        case "id", "nonce": "^(0|[1-9][0-9]{0,18})$"
        default: "^[!-~]{1,64}$"
        }
      return [
        "name": .text(name), "in": "path", "required": .bool(true),
        "schema": ["type": "string", "pattern": .text(pattern)],
      ]
    }
  }

  private static func parameter(_ parameter: QueryParameter) -> JSONValue {
    let schema: JSONValue =
      switch parameter.form {
      case .text:
        parameter.pattern.map { ["type": "string", "pattern": .text($0)] }
          ?? ["type": "string", "minLength": .number(1)]
      case .choices(let words): ["type": "string", "enum": .array(words.map { .text($0) })]
      case .integer(let range):
        [
          "type": "integer", "minimum": .number(range.lowerBound),
          "maximum": .number(range.upperBound),
        ]
      }
    return [
      "name": .text(parameter.name), "in": "query", "required": .bool(parameter.isRequired),
      "description": .text(parameter.meaning), "schema": schema,
    ]
  }

  private static func answer(_ route: Route, _ book: SchemaBook) -> JSONValue {
    switch route.answer {
    case .json(let type):
      response("Done.", "application/json", ["schema": book.schema(of: type, for: .answer)])
    case .object: response("Done.", "application/json", ["schema": ["type": "object"]])
    case .text(let type): response("Done.", type, ["schema": ["type": "string"]])
    case .events(let events):
      response(
        "Server-sent events without end; the data of each is JSON.", "text/event-stream",
        [
          "schema": ["type": "string"],
          "x-events": .object(
            events.map { JSONField($0.name, book.schema(of: $0.type, for: .answer)) }),
        ])
    }
  }

  private static func response(
    _ description: JSONValue, _ type: String, _ content: JSONValue
  ) -> JSONValue {
    ["description": description, "content": .object([JSONField(type, content)])]
  }

  // MARK: Refusals

  /// What a route may be refused with, beyond what it does.
  private static func statuses(_ route: Route) -> [Int] {
    var statuses: Set = [400, 429, 500, 503]
    let isRead = route.method == .get
    switch route.access {
    case .open: if route.segments.contains(where: { $0.hasPrefix("{") }) { statuses.insert(404) }
    case .roles: statuses.formUnion(isRead ? [401, 403, 404] : [401, 403, 404, 409, 422])
    }
    // Beyond the streams that a user or address may have.
    if route.isStream { statuses.insert(409) }
    // Also where a route takes no body at all.
    statuses.insert(413)
    return statuses.sorted()
  }

  private static func refusals(_ schema: JSONValue) -> [String: JSONValue] {
    Dictionary(grouping: Refusals.table, by: \.status).reduce(into: [:]) { responses, status in
      let rows = status.value.map { "- `\($0.code)`: \($0.meaning)" }
      var response: [String: JSONValue] = [
        "description": .text(rows.joined(separator: "\n")),
        "content": ["application/json": ["schema": schema]],
      ]
      if status.key == 429 || status.key == 503 {
        response["headers"] = [
          "Retry-After": [
            "description": "Seconds.", "schema": ["type": "integer", "minimum": .number(1)],
          ]
        ]
      }
      if status.key == 401 {
        response["headers"] = [
          "Uncross-Nonce-Prefix": [
            "description": "After a start: a nonce that begins with it is taken at once.",
            "schema": ["type": "string"],
          ]
        ]
      }
      responses["Refused\(status.key)"] = .object(response.sorted)
    }
  }
}
