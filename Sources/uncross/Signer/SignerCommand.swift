// `uncross signer`: the process that holds the hot wallet's key.

internal import ArgumentParser
internal import Client
internal import Ethereum
internal import Formats
internal import Signer
internal import Wire

struct SignerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signer", abstract: "Hold the hot wallet's key, and sign what a policy allows.",
    discussion: """
      Answers the exchange over a unix socket until SIGTERM or SIGINT. The socket's directory must
      be ours with mode 700, or with --client-user at most readable by others; the passphrase comes
      by a descriptor (docs/signer.md):

        uncross signer --key hot.key --policy policy.json --log signer.log \\
          --socket run/signer.sock --passphrase-fd 3 3< passphrase

      The first start of a key, and only that, has --new-log. Without it a log that is missing is an
      error, with it one that is there: what it holds keeps a nonce from being used twice.
      """)

  @Option(help: "The key's file, made by uncross signer-key.")
  var key: String

  @Option(help: "What may be signed: a JSON file.")
  var policy: String

  @Option(help: "What has been signed. One file for ever: never restore an older copy.")
  var log: String

  @Flag(help: "Begin the log: for the first start of a key only; one that is there is an error.")
  var newLog = false

  @Option(help: "Where to listen.")
  var socket: String

  @Option(name: .customLong("passphrase-fd"), help: "The descriptor to read the passphrase from.")
  var passphraseDescriptor: Int32

  @Option(
    name: .customLong("client-user"),
    help: "The one user (name or number) that is answered; without it, the signer's own.")
  var clientUser: String?

  /// The one line that says where it listens.
  private struct Listening: Encodable {
    var listening: String
    var address: String
    var chainID: UInt64
    var signatures: Int

    enum CodingKeys: String, CodingKey {
      case listening, address, signatures
      case chainID = "chain_id"
    }
  }

  /// Runs on the main thread, which it blocks: the process does nothing else.
  func run() throws {
    try SignerFailure.reported {
      guard SignerProcess.forbidDumps() else {
        throw VerbFailure("the system does not forbid core dumps", status: VerbFailure.unavailable)
      }
      let stop = try SignerProcess.stopDescriptor()
      let client = try client()
      let rules = try SignerFailure.naming(policy) { () throws(SignerPolicyError) in
        try SignerPolicy(file: policy)
      }
      let desk = try desk(rules)
      if desk.cutByteCount > 0 {
        Output.error("\(log): cut off \(desk.cutByteCount) bytes of a record that never left")
      }
      let signatures = desk.entryCount
      var server = try open(desk, client)
      let line = Listening(
        listening: socket, address: "\(server.identity.address)", chainID: server.identity.chainID,
        signatures: signatures)
      Output.line(String(decoding: JSON.bytes(line), as: UTF8.self))
      do throws(SignerServerError) { try server.run(until: stop) } catch {
        throw VerbFailure("\(socket): \(error)", status: VerbFailure.inputOutput)
      }
    }
  }

  private func client() throws(VerbFailure) -> SignerClientUser? {
    guard let clientUser else { return nil }
    let client: SignerClientUser
    do throws(SignerClientUserError) { client = try SignerClientUser(clientUser) } catch {
      throw VerbFailure("--client-user \(clientUser): \(error)", status: VerbFailure.usage)
    }
    for path in [key, policy, log] {
      try SignerFailure.naming(path) { () throws(SignerClientUserError) in
        try client.checkCannotReplace(path)
      }
    }
    return client
  }

  private func desk(_ rules: SignerPolicy) throws(VerbFailure) -> SignerDesk {
    let key = try SignerFailure.openKey(key, passphraseDescriptor)
    do throws(SignerLogError) {
      return try SignerDesk(key: key, policy: rules, log: log, newLog ? .new : .existing)
    } catch { throw VerbFailure("\(log): \(error)", status: VerbFailure.badData) }
  }

  private func open(
    _ desk: consuming SignerDesk, _ client: SignerClientUser?
  ) throws(VerbFailure) -> SignerServer {
    do throws(SignerServerError) {
      return try SignerServer(path: socket, desk: desk, client: client)
    } catch { throw VerbFailure("\(socket): \(error)", status: VerbFailure.unavailable) }
  }
}
