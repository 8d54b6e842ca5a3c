// `uncross openapi`: the API's description.

internal import API
internal import ArgumentParser

struct OpenAPICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "openapi", abstract: "Print the API's description, OpenAPI 3.1. Needs no server.",
    discussion: """
      A running exchange serves the same at /v1/openapi.json. Programs and pages are made of it:

        uncross openapi > openapi.json
      """)

  func run() { Output.line(String(OpenAPI.text.dropLast())) }
}
