// `uncross key`: private keys in files.

internal import ArgumentParser
internal import Client
internal import Formats

struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Make a key, or show a key's public half.",
    discussion: """
      A key is Ed25519, in a PKCS #8 PEM file of mode 0600 (openssl genpkey -algorithm ed25519
      writes the same). An operator gives it to a user by its public half:

        uncross key new anna.pem
        uncross user create anna --public-key $(uncross key show anna.pem) --key o.pem
      """,
    subcommands: [New.self, Show.self])

  struct New: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a new private key to a new file; print the public key.",
      discussion: "  uncross key new anna.pem")

    @Argument(help: "The file to make; an existing one is never overwritten.")
    var file: String

    func run() async throws {
      try await VerbFailure.reported {
        let signer = RequestSigner()
        try signer.writeKeyFile(file)
        Output.line(signer.publicKeyHex)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the public key, 64 hex digits.", discussion: "  uncross key show anna.pem")

    @Argument(help: "A private key's file.")
    var file: String

    func run() async throws {
      try await VerbFailure.reported {
        Output.line(try RequestSigner(keyFile: file).publicKeyHex)
      }
    }
  }
}
