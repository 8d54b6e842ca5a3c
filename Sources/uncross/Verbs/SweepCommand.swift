// `uncross sweep`: coins of deposit addresses into the hot wallet. Planned and submitted by an
// operator, signed where the extended private key is, which is not here.

internal import ArgumentParser
internal import Client
internal import Custody
internal import Ethereum
internal import Formats
internal import Foundation
internal import Signer
internal import Wire

struct SweepCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Move coins of deposit addresses into the hot wallet.",
    discussion: """
      Four steps; the third is for a machine without a network (docs/operations.md):

        uncross sweep --plan plan.json --asset USDC --minimum 100 --key operator.pem
        uncross sweep --top-up --asset USDC --minimum 100 --key operator.pem   if the plan says so
        uncross sweep --sign plan.json --out signed.json --to 0xHOTWALLET \\
          --xprv-fd 3 3< deposits.xprv
        uncross sweep --submit signed.json --key operator.pem

      Without any of them it shows how sweeps stand.
      """)

  @Option(help: ArgumentHelp("Write what can be signed.", valueName: "file")) var plan: String?
  @Flag(help: "Send gas to the addresses that cannot send their tokens.") var topUp = false
  @Option(help: ArgumentHelp("Sign a plan, offline.", valueName: "file")) var sign: String?
  @Option(help: ArgumentHelp("Submit what was signed.", valueName: "file")) var submit: String?

  @Option(help: "As USDC.") var asset: String?
  @Option(help: "Addresses with less are left alone, in whole coins.")
  var minimum: DecimalAmount = DecimalAmount(atoms: 0, decimals: 0)
  @Option(help: "Where signed transactions are written; an existing file is never overwritten.")
  var out: String?
  @Option(help: "The hot wallet: nothing else is paid.") var to: String?
  @Option(
    name: .customLong("xprv-fd"), help: "The descriptor to read the extended private key from.")
  var xprvDescriptor: Int32?
  @Option(help: "Wei for each unit of gas above which nothing is signed.")
  var maximumFeePerGas = "300000000000"
  @OptionGroup var client: ClientOptions

  func validate() throws {
    let steps = [plan != nil, topUp, sign != nil, submit != nil].count { $0 }
    guard steps <= 1 else {
      throw ValidationError("one of --plan, --top-up, --sign and --submit at a time")
    }
    if plan != nil || topUp, asset == nil { throw ValidationError("--asset is missing") }
    if sign != nil, out == nil || to == nil || xprvDescriptor == nil {
      throw ValidationError("--sign needs --out, --to and --xprv-fd")
    }
    if UInt256(decimal: maximumFeePerGas) == nil {
      throw ValidationError("--maximum-fee-per-gas is a number of wei")
    }
  }

  func run() async throws {
    if let sign { return try SignerFailure.reported { try signOffline(sign) } }
    try await client.signed { api in
      if let plan {
        try await write(plan, api)
      } else if topUp {
        try await sendGas(api)
      } else if let submit {
        try await send(submit, api)
      } else {
        client.show(try await api.sweeps(), Self.text)
      }
    }
  }

  // MARK: With the exchange

  /// Of all pages.
  private func pages(_ api: UncrossClient) async throws -> SweepPlanPage {
    var whole: SweepPlanPage?
    var after: String?
    repeat {
      let page = try await api.sweepPlan(asset: asset ?? "", minimum: minimum, after: after)
      if whole == nil {
        whole = page
      } else {
        whole?.items += page.items
        whole?.needsGas += page.needsGas
      }
      after = page.next
    } while after != nil
    guard var whole else { throw VerbFailure("no plan") }
    whole.next = nil
    return whole
  }

  private func write(_ path: String, _ api: UncrossClient) async throws {
    let plan = try await pages(api)
    try Self.write(JSON.bytes(plan), to: path)
    client.show(plan) { plan in
      var lines = Self.table(plan.items)
      lines.append(
        "\(path): \(plan.items.count) to sign, all to \(plan.hotWallet) on chain \(plan.chainID), "
          + "balances of block \(plan.block)")
      let waiting = plan.needsGas.count { $0.toppedUp }
      if plan.needsGas.count > waiting {
        lines.append(
          "\(plan.needsGas.count - waiting) lack gas: "
            + "uncross sweep --top-up --asset \(asset ?? "") ...")
      }
      if waiting > 0 { lines.append("\(waiting) wait for their gas") }
      return lines.joined(separator: "\n")
    }
  }

  private static func table(_ items: [SweepPlanPage.Item]) -> [String] {
    if items.isEmpty { return [] }
    var table = Table(">USER", "ADDRESS", "ASSET", ">AMOUNT")
    for item in items { table.add(item.user, item.address, item.asset, "\(item.amount)") }
    return [table.text()]
  }

  private func sendGas(_ api: UncrossClient) async throws {
    var whole = TopUpOutcome(addresses: [], next: nil)
    repeat {
      let page = try await api.topUp(
        NewTopUps(asset: asset ?? "", minimum: minimum, after: whole.next))
      whole.addresses += page.addresses
      whole.next = page.next
    } while whole.next != nil
    client.show(whole) { outcome in
      (outcome.addresses + [
        "\(outcome.addresses.count) addresses get gas: plan again when it is there"
      ])
      .joined(separator: "\n")
    }
  }

  private func send(_ path: String, _ api: UncrossClient) async throws {
    let signed: SignedSweeps = try Self.read(path)
    var outcomes: [SweepOutcomes.Outcome] = []
    for start in stride(from: 0, to: signed.transactions.count, by: SignedSweeps.maximumCount) {
      let end = min(start + SignedSweeps.maximumCount, signed.transactions.count)
      outcomes += try await api.submit(
        sweeps: SignedSweeps(transactions: Array(signed.transactions[start..<end]))
      ).outcomes
    }
    client.show(SweepOutcomes(outcomes: outcomes)) { answer in
      answer.outcomes.enumerated().map { number, outcome in
        "\(number + 1) \(outcome.outcome) \(outcome.transaction ?? "")"
      }.joined(separator: "\n")
    }
    let refused = outcomes.count { $0.outcome != "accepted" }
    if refused > 0 { throw VerbFailure("\(refused) of \(outcomes.count) were refused") }
  }

  private static func text(_ report: SweepReport) -> String {
    var lines: [String] = []
    if !report.sweeps.isEmpty {
      var table = Table("ADDRESS", ">NONCE", "ANSWER", "TRANSACTION")
      for sweep in report.sweeps {
        table.add(sweep.address, sweep.nonce, sweep.answer, sweep.transactions.last ?? "-")
      }
      lines.append(table.text())
    }
    for topUp in report.topUps {
      lines.append(
        "gas for \(topUp.address): \(topUp.value) wei, "
          + (topUp.nonce.map { "nonce \($0)" } ?? "waits for a nonce"))
    }
    for hash in report.unknown {
      lines.append("UNKNOWN \(hash): a deposit address sent it, and nobody submitted it here")
    }
    return lines.isEmpty ? "no open sweeps" : lines.joined(separator: "\n")
  }

  // MARK: Without

  private func signOffline(_ path: String) throws {
    guard let out, let to, let xprvDescriptor else { return }
    guard SignerProcess.forbidDumps() else {
      throw VerbFailure("the system does not forbid core dumps", status: VerbFailure.unavailable)
    }
    let plan: SweepPlanPage = try Self.read(path)
    guard let chainID = UInt64(plan.chainID), let wallet = try? Address(to),
      let maximum = UInt256(decimal: maximumFeePerGas)
    else { throw VerbFailure("--to is no address", status: VerbFailure.usage) }
    let requests = try plan.items.map { item in
      guard let user = UInt32(item.user), let address = try? Address(item.address),
        let unsigned = try? Hex.decode(item.unsigned)
      else {
        throw VerbFailure(
          "\(path): \(item.address): not a line of a plan", status: VerbFailure.badData)
      }
      return SweepRequest(user: user, address: address, unsigned: unsigned)
    }
    let key = try Self.key(xprvDescriptor)
    let signed: [SignedTransaction]
    do throws(SweepSigningError) {
      signed = try SweepSigner(chainID: chainID, hotWallet: wallet, maximumFee: maximum)
        .sign(requests, with: key)
    } catch { throw VerbFailure("nothing is signed: \(error)", status: VerbFailure.badData) }
    try Self.write(
      JSON.bytes(SignedSweeps(transactions: signed.map { Hex.encode($0.raw) })), to: out)
    for line in signed.map(Self.line) { Output.line(line) }
    Output.line("\(out): \(signed.count) signed, all to \(wallet) on chain \(chainID)")
  }

  /// What a person must see: read from the transaction, not from the plan.
  private static func line(_ signed: SignedTransaction) -> String {
    let transaction = signed.transaction
    let what = SweepPayload(transaction).map { payload in
      switch payload.source {
      case .native: "\(payload.amount) wei"
      case .token(let contract): "\(payload.amount) units of token \(contract)"
      }
    }
    return "\(signed.sender) nonce \(transaction.nonce): \(what ?? "?")"
  }

  private static func key(_ descriptor: Int32) throws(VerbFailure) -> ExtendedPrivateKey {
    let secret = try SignerFailure.readSecret(descriptor, "extended private key")
    let text = secret.withBytes { String(decoding: $0, as: UTF8.self) }
    do throws(ExtendedKeyError) { return try ExtendedPrivateKey(text) } catch {
      throw VerbFailure("not an extended private key", status: VerbFailure.badData)
    }
  }

  private static func read<Value: Decodable>(_ path: String) throws(VerbFailure) -> Value {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw VerbFailure("\(path): it cannot be read", status: VerbFailure.inputOutput)
    }
    do { return try JSON.value(from: Array(bytes)) } catch {
      throw VerbFailure("\(path): not what --plan or --sign wrote", status: VerbFailure.badData)
    }
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(VerbFailure) {
    guard !FileManager.default.fileExists(atPath: path),
      FileManager.default.createFile(
        atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
    else {
      throw VerbFailure("\(path): it exists, or cannot be written", status: VerbFailure.inputOutput)
    }
  }
}
