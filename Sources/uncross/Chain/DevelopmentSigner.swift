// The hot wallet of the development chain: its signer, its policy, and coins to pay with.

internal import Client
internal import Custody
internal import Embedded
internal import Ethereum
internal import Formats
internal import Foundation
internal import Logging

enum DevelopmentSigner {
  /// Starts the signer and writes into the settings how payments are made.
  static func start(
    _ settings: inout ChainSettings, directory: String, _ keys: Keys, _ logger: Logger
  ) throws -> SignerHost {
    let files = FileManager.default
    try files.createDirectory(
      atPath: directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    guard let executable = try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
      throw EmbeddedError("the path of this program is not known")
    }
    let wallet = try keys.hotWallet(executable: executable)
    // A socket's path has at most 107 bytes: where the data lie deep, the link to them is short.
    let socket = try shortPath(directory) + "/signer.sock"
    let policy = directory + "/policy.json"
    try Data(Self.policy(settings).bytes).write(to: URL(fileURLWithPath: policy))
    let host = SignerHost(
      executable: executable,
      arguments: ["--key", keys.hotKeyFile, "--policy", policy, "--socket", socket],
      passphraseFile: keys.hotPassphraseFile, directory: directory, logger: logger)
    try host.start()
    settings.payouts = ChainSettings.Payouts(
      sender: wallet, signer: socket, maximumFeePerGas: 200_000_000_000,
      priorityFeePerGas: 1_000_000_000)
    return host
  }

  private static func shortPath(_ directory: String) throws -> String {
    if directory.utf8.count < 90 { return directory }
    // The same at each start, so that none is left behind; the signer refuses one that is not ours
    // alone.
    let name = Keccak256.hash(Array(directory.utf8)).bytes.prefix(8)
      .reduce("/tmp/uncross-") { $0 + String($1, radix: 16) }
    try FileManager.default.createDirectory(
      atPath: name, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    return name
  }

  /// The policy that a real signer's operator would write; generous, for coins of no worth.
  private static func policy(_ settings: ChainSettings) -> JSONValue {
    let assets = settings.assets.map { asset in
      let whole = "1" + String(repeating: "0", count: asset.decimals)
      var fields = [
        JSONField("asset", .text(asset.asset)),
        .init("maximum_per_transaction", .text(whole + "000000")),
        .init("maximum_per_day", .text(whole + "0000000")),
      ]
      if let contract = asset.contract { fields.append(.init("contract", .text(contract))) }
      return JSONValue.object(fields)
    }
    return .object([
      .init("chain_id", .number(settings.chainID)), .init("assets", .array(assets)),
      .init("maximum_fee_per_gas", .text("200000000000")),
      .init("maximum_gas_limit", .number(200_000)),
      .init("maximum_gas_cost_per_day", .text("100000000000000000000")),
    ])
  }

  /// The venue's float: without it the first withdrawals would wait for a sweep.
  static func fund(_ settings: ChainSettings) async throws {
    guard let wallet = settings.payouts?.sender, let url = settings.nodes.first else { return }
    let faucet = ChainFaucet(url: url)
    guard try await faucet.isEmpty("\(wallet)") else { return }
    try await faucet.pay(
      settings.assets.map { asset in
        let coins: Int128 = asset.asset == "ETH" ? 2_000 : asset.asset == "BTC" ? 100 : 5_000_000
        let whole = (0..<asset.decimals).reduce(Int128(1)) { product, _ in product * 10 }
        return ChainFaucet.Payment(
          address: "\(wallet)", asset: asset.asset, amount: coins * whole)
      })
  }
}
