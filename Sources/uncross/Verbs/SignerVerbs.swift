// `uncross signer`, the process that holds the hot wallet's key, and `uncross signer-key`, which makes one.

internal import ArgumentParser
internal import Dispatch
internal import Ethereum
internal import Foundation
internal import Glibc
internal import Signer

struct SignerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signer", abstract: "Hold the hot wallet's key and sign what the policy allows.",
    discussion: """
      A process of its own: the exchange asks it over the socket and never sees the key. The passphrase comes by
      a descriptor, so that it is in no argument and no environment (docs/signer.md):

        uncross signer --key hot.json --policy policy.json --log signed.log \\
          --socket run/signer.sock --passphrase-fd 3 3< passphrase
      """)

  @Option(help: ArgumentHelp("The key, as `uncross signer-key` made it.", valueName: "file"))
  var key: String
  @Option(help: ArgumentHelp("Limits, in JSON.", valueName: "file")) var policy: String
  @Option(help: ArgumentHelp("What was signed; made where it is missing.", valueName: "file"))
  var log: String
  @Option(help: ArgumentHelp("Where it listens, in a directory of mode 0700.", valueName: "file"))
  var socket: String
  @Option(help: "The descriptor to read the passphrase from.") var passphraseFd: Int32
  @Option(help: "The user id that the exchange runs as, where it is another.") var peerUser: UInt32?

  func run() throws {
    // No core dump and no debugger of the same user may read the key.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0,
      SecretKey.hideMemory()
    else { throw VerbFailure("core dumps cannot be turned off") }
    signal(SIGPIPE, SIG_IGN)
    let rules = try SignerPolicy(file: policy)
    let secret = try KeyFile.read(key, passphrase: KeyFile.passphrase(from: passphraseFd))
    let server = try SignerServer(
      key: secret, policy: rules, log: log, socket: socket, peer: peerUser)
    let stops = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { server.stop() }
      source.resume()
      return source
    }
    print(
      #"{"listening":"\#(socket)","address":"\#(server.address)","chain_id":\#(rules.chainID)}"#)
    fflush(nil)
    server.run()
    withExtendedLifetime(stops) {}
  }
}

struct SignerKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signer-key", abstract: "Make the hot wallet's key, or take one over.",
    discussion: """
      Writes a new file, encrypted by the passphrase, and prints the wallet's address:

        uncross signer-key --out hot.json --passphrase-fd 3 3< passphrase
      """)

  @Option(help: ArgumentHelp("The file to make; it must not be there.", valueName: "file"))
  var out: String
  @Option(help: "The descriptor to read the passphrase from.") var passphraseFd: Int32
  @Option(help: "A descriptor with 64 hex digits of a key to take over.") var secretFd: Int32?

  func run() throws {
    let passphrase = try KeyFile.passphrase(from: passphraseFd)
    if let secretFd {
      let text = try KeyFile.passphrase(from: secretFd)
      guard let bytes = try? Hex.decode("0x" + String(decoding: text, as: UTF8.self)),
        let key = SecretKey(bytes)
      else { throw VerbFailure("descriptor \(secretFd) holds no key of 64 hex digits") }
      try KeyFile.write(key, to: out, passphrase: passphrase)
      print(key.address)
    } else {
      let key = SecretKey.random()
      try KeyFile.write(key, to: out, passphrase: passphrase)
      print(key.address)
    }
  }
}
