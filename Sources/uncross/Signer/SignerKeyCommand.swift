// `uncross signer-key`: makes the file of the hot wallet's key.

internal import ArgumentParser
internal import Ethereum
internal import Signer

struct SignerKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signer-key", abstract: "Make the hot wallet's key file; print its address.",
    discussion: """
      A new random key, or the one whose 64 hex digits a descriptor gives:

        uncross signer-key --out hot.key --passphrase-fd 3 3< passphrase
        uncross signer-key --out hot.key --passphrase-fd 3 --secret-fd 4 3< passphrase 4< secret
      """)

  @Option(help: "The file to make; an existing one is never overwritten.")
  var out: String

  @Option(name: .customLong("passphrase-fd"), help: "The descriptor to read the passphrase from.")
  var passphraseDescriptor: Int32

  @Option(name: .customLong("secret-fd"), help: "The descriptor to read an existing key from.")
  var secretDescriptor: Int32?

  func run() throws {
    try SignerFailure.reported {
      guard SignerProcess.forbidDumps() else {
        throw VerbFailure("the system does not forbid core dumps", status: VerbFailure.unavailable)
      }
      let passphrase = try SignerFailure.readSecret(passphraseDescriptor, "passphrase")
      let key = try makeKey()
      do throws(Signer.KeyFileError) {
        try KeyFile.create(out, key: key, passphrase: passphrase)
      } catch { throw VerbFailure("\(out): \(error)", status: VerbFailure.inputOutput) }
      Output.line("\(key.address)")
    }
  }

  private func makeKey() throws(VerbFailure) -> SecretKey {
    guard let secretDescriptor else { return .random() }
    let text = try SignerFailure.readSecret(secretDescriptor, "secret")
    guard let bytes = text.decodedHex32() else {
      throw VerbFailure("the secret must be 64 hex digits", status: VerbFailure.badData)
    }
    guard let key = bytes.withBytes({ SecretKey($0.bytes) }) else {
      throw VerbFailure("the secret is no key", status: VerbFailure.badData)
    }
    return key
  }
}

/// What both verbs read, and how they fail.
enum SignerFailure {
  /// Runs a verb; what fails becomes its one line and exit status here.
  static func reported(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let failure as VerbFailure {
      Output.error(failure.description)
      throw ExitCode(failure.status)
    }
  }

  static func naming<Value, Failure: Error>(
    _ path: String, _ body: () throws(Failure) -> Value
  ) throws(VerbFailure) -> Value {
    do throws(Failure) { return try body() } catch {
      throw VerbFailure("\(path): \(error)", status: VerbFailure.badData)
    }
  }

  static func readSecret(_ descriptor: Int32, _ name: String) throws(VerbFailure) -> SecretBytes {
    do throws(SecretError) {
      return try SecretBytes.read(descriptor: descriptor)
    } catch {
      let reason =
        switch error {
        case .empty: "is empty"
        case .tooLong: "has more than \(SecretBytes.maximumByteCount) bytes"
        case .unreadable(let code): "cannot be read from descriptor \(descriptor): errno \(code)"
        }
      throw VerbFailure("the \(name) \(reason)", status: VerbFailure.usage)
    }
  }

  static func openKey(_ path: String, _ descriptor: Int32) throws(VerbFailure) -> SecretKey {
    let passphrase = try readSecret(descriptor, "passphrase")
    do throws(Signer.KeyFileError) {
      return try KeyFile.open(path, passphrase: passphrase)
    } catch { throw VerbFailure("\(path): \(error)", status: VerbFailure.badData) }
  }
}
