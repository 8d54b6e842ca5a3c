// The exchange's own keys, made at the first start and kept with mode 0600.

internal import Client
internal import Embedded
internal import Ethereum
internal import Formats
internal import Foundation
internal import Wire

struct Keys {
  let `operator`: RequestSigner
  /// The second operator of a development exchange, who funds whom the first one registered.
  let treasurer: RequestSigner
  let publisher: RequestSigner
  /// The public keys that the embedded Worker accepts.
  let publisherKeysFile: String
  let operatorKeyFile: String
  let treasurerKeyFile: String
  /// The extended private key of the development chain's deposit addresses: for sweeping, never
  /// read by the exchange. On a real chain it stays offline.
  let depositKeyFile: String
  /// Its public half.
  let depositPublicKeyFile: String
  /// The development chain's hot wallet, encrypted, and the passphrase of it: a convenience for
  /// worthless coins. On a real chain both are the signer's alone.
  let hotKeyFile: String
  let hotPassphraseFile: String

  init(directory: String) throws {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    operatorKeyFile = directory + "/operator.pem"
    treasurerKeyFile = directory + "/treasurer.pem"
    publisherKeysFile = directory + "/publisher-keys.txt"
    depositKeyFile = directory + "/deposits.xprv"
    depositPublicKeyFile = directory + "/deposits.xpub"
    hotKeyFile = directory + "/hot.json"
    hotPassphraseFile = directory + "/hot.passphrase"
    `operator` = try Self.readOrMake(operatorKeyFile)
    treasurer = try Self.readOrMake(treasurerKeyFile)
    publisher = try Self.readOrMake(directory + "/publisher.pem")
    try publisher.publicKeyHex.write(
      toFile: publisherKeysFile, atomically: true, encoding: .utf8)
  }

  /// The public key whose children are the development chain's deposit addresses.
  func depositPublicKey() throws -> String {
    if let data = FileManager.default.contents(atPath: depositPublicKeyFile) {
      return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    var generator = SystemRandomNumberGenerator()
    let seed = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    // The path of an account's receiving addresses (BIP-44).
    let hardened = ExtendedPublicKey.firstHardenedIndex
    let key = try ExtendedPrivateKey(seed: seed).descendant(
      [hardened + 44, hardened + 60, hardened, 0])
    try write(key.secretText(), to: depositKeyFile)
    let xpub = "\(key.extendedPublicKey)"
    try write(xpub, to: depositPublicKeyFile)
    return xpub
  }

  /// The development chain's hot wallet. Its key is made by a process of its own: the exchange has
  /// never held it.
  func hotWallet(executable: String) throws -> Address {
    let files = FileManager.default
    if !files.fileExists(atPath: hotKeyFile) {
      if !files.fileExists(atPath: hotPassphraseFile) {
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try write(Hex.string(secret), to: hotPassphraseFile)
      }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: executable)
      process.arguments = ["signer-key", "--out", hotKeyFile, "--passphrase-fd", "0"]
      process.standardInput = FileHandle(forReadingAtPath: hotPassphraseFile)
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw EmbeddedError("the hot wallet's key cannot be made in \(hotKeyFile)")
      }
    }
    return try hotWalletAddress()
  }

  /// The private keys of the development chain lie here in clear: no real chain may be paid to
  /// them.
  func refuseDevelopmentKeys(in settings: ChainSettings) throws {
    let files = FileManager.default
    // By what children depend on: a key may be written with another place in its tree.
    if files.fileExists(atPath: depositPublicKeyFile),
      let own = try? ExtendedPublicKey(depositPublicKey()),
      let named = try? ExtendedPublicKey(settings.xpub),
      (own.publicKey, own.chainCode) == (named.publicKey, named.chainCode)
    {
      throw ChainSettingsError(
        "xpub is the development chain's, whose private key lies in \(depositKeyFile)")
    }
    if files.fileExists(atPath: hotKeyFile), let sender = settings.payouts?.sender,
      try hotWalletAddress() == sender
    {
      throw ChainSettingsError(
        "payouts.sender is the development chain's wallet, whose key and passphrase lie in "
          + hotKeyFile)
    }
  }

  private func hotWalletAddress() throws -> Address {
    struct KeyFileHead: Decodable {
      var address: String
    }
    do {
      let head: KeyFileHead = try JSON.value(
        from: Array(Data(contentsOf: URL(fileURLWithPath: hotKeyFile))))
      return try Address(head.address)
    } catch { throw EmbeddedError("\(hotKeyFile): \(error)") }
  }

  private func write(_ text: String, to path: String) throws {
    let isWritten = FileManager.default.createFile(
      atPath: path, contents: Data((text + "\n").utf8), attributes: [.posixPermissions: 0o600])
    guard isWritten else { throw EmbeddedError("\(path) cannot be written") }
  }

  static func readOrMake(_ path: String) throws -> RequestSigner {
    if FileManager.default.fileExists(atPath: path) { return try RequestSigner(keyFile: path) }
    let signer = RequestSigner()
    try signer.writeKeyFile(path)
    return signer
  }

  /// 32 random bytes of which the demo traders' keys are made.
  static func readOrMakeSeed(_ path: String) throws -> [UInt8] {
    if let data = FileManager.default.contents(atPath: path) { return Array(data) }
    var generator = SystemRandomNumberGenerator()
    let seed = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let isWritten = FileManager.default.createFile(
      atPath: path, contents: Data(seed), attributes: [.posixPermissions: 0o600])
    guard isWritten else { throw EmbeddedError("\(path) cannot be written") }
    return seed
  }
}
