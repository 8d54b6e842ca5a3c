// What every verb that calls the API shares: where it is, with which key, how answers and errors
// show.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Foundation
internal import Wire

/// Where the API is.
struct ServerOption: ParsableArguments {
  static let standardURL = "http://127.0.0.1:8080"

  @Option(help: "The API's address. (env UNCROSS_API, else \(standardURL))")
  var api: String?

  var baseURL: String { api ?? environmentValue("UNCROSS_API") ?? Self.standardURL }

  func validate() throws {
    guard baseURL.hasPrefix("http://") || baseURL.hasPrefix("https://") else {
      throw ValidationError("--api is a URL as \(Self.standardURL)")
    }
  }
}

private func environmentValue(_ name: String) -> String? {
  ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
}

/// The options of a verb that calls the API.
struct ClientOptions: ParsableArguments {
  @OptionGroup var server: ServerOption
  @Option(
    name: .customLong("key"),
    help: ArgumentHelp(
      "The file of the private key that signs, see `uncross key new`. (env UNCROSS_KEY)",
      valueName: "file"))
  var keyFile: String?
  @Flag(help: "Print the API's JSON instead of a table.")
  var json = false

  var baseURL: String { server.baseURL }

  func signer() throws -> RequestSigner {
    guard let file = keyFile ?? environmentValue("UNCROSS_KEY") else {
      throw ValidationError("this verb signs: name a key with --key FILE or UNCROSS_KEY")
    }
    return try RequestSigner(keyFile: file)
  }

  /// Calls the API as the key's owner.
  func signed(_ body: (UncrossClient) async throws -> Void) async throws {
    try await VerbFailure.reported { try await run(try signer(), body) }
  }

  /// Calls what is public.
  func unsigned(_ body: (UncrossClient) async throws -> Void) async throws {
    try await VerbFailure.reported { try await run(nil, body) }
  }

  private func run(
    _ signer: RequestSigner?, _ body: (UncrossClient) async throws -> Void
  ) async throws {
    var configuration = UncrossClient.Configuration(baseURL: baseURL, signer: signer)
    // Someone waits at the terminal.
    configuration.maximumAttempts = 3
    let client = UncrossClient(configuration)
    do {
      try await body(client)
    } catch {
      await client.close()
      throw error
    }
    await client.close()
  }

  /// Prints an answer: as it is on the wire, or as the verb shows it. Either way nothing of it
  /// reaches the terminal raw: JSON escapes it, and the verb gets it escaped.
  func show<Answer: Codable>(_ answer: Answer, _ text: (Answer) -> String) {
    Output.line(
      json
        ? String(decoding: JSON.bytes(answer), as: UTF8.self) : text(Output.printable(answer)))
  }
}

/// How a verb fails: one line on standard error and an exit status of sysexits.h.
struct VerbFailure: Error, CustomStringConvertible {
  static let refused: Int32 = 1
  /// EX_USAGE.
  static let usage: Int32 = 64
  /// EX_DATAERR.
  static let badData: Int32 = 65
  /// EX_UNAVAILABLE.
  static let unavailable: Int32 = 69
  /// EX_IOERR.
  static let inputOutput: Int32 = 74

  var description: String
  var status: Int32 = refused

  init(_ description: String, status: Int32 = refused) {
    self.description = description
    self.status = status
  }

  init(_ error: APIError) {
    let request = error.requestID.map { " (\($0))" } ?? ""
    description = "\(error.code): \(error.message)\(request)"
    status = error.status == 0 || error.status == 503 ? Self.unavailable : Self.refused
  }

  /// Runs a verb; what fails becomes its one line and exit status here, and only here.
  static func reported(_ body: () async throws -> Void) async throws {
    let failure: VerbFailure
    do {
      return try await body()
    } catch let error as VerbFailure {
      failure = error
    } catch let error as APIError {
      failure = VerbFailure(error)
    } catch let error as KeyFileError {
      failure = VerbFailure("\(error)", status: usage)
    }
    Output.error(failure.description)
    throw ExitCode(failure.status)
  }
}
