// Paying in: `uncross deposit-address`, `uncross deposits`; the operator's
// `uncross resolve-deposit`, `uncross custody`, `uncross custody rescan`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct DepositAddressCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deposit-address", abstract: "Show where to pay in.",
    discussion: """
      One address takes all assets of the list:

        uncross deposit-address --key anna.pem
      """)

  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      client.show(try await api.depositAddress()) { address in
        var table = Table("ASSET", "CONTRACT", ">MINIMUM", ">CONFIRMATIONS")
        for asset in address.assets {
          table.add(
            asset.asset, asset.contract ?? "the chain's coin", "\(asset.minimum)",
            asset.confirmations.map { "\($0)" } ?? "when final")
        }
        return "\(address.address) on \(address.chain) (chain id \(address.chainID))\n"
          + table.text()
      }
    }
  }
}

struct DepositsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deposits", abstract: "List what was paid in, newest first.",
    discussion: """
        uncross deposits --key anna.pem
        uncross deposits --all --status review --key operator.pem
      """)

  @Option(help: "How many at most, 1 to 1000.") var limit = 50
  @Option(help: "Only those in this state.") var status: DepositLine.Status?
  @Flag(help: "Of all users; for operators.") var all = false
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard (1...1_000).contains(limit) else { throw ValidationError("--limit is 1 to 1000") }
  }

  func run() async throws {
    try await client.signed { api in
      let page =
        all
        ? try await api.allDeposits(status: status, limit: limit)
        : try await api.deposits(status: status, limit: limit)
      client.show(page) { $0.deposits.isEmpty ? "no deposits" : Self.table($0.deposits) }
    }
  }

  private static func table(_ deposits: [DepositLine]) -> String {
    var table = Table(
      "TIME", ">ID", ">USER", "ASSET", ">AMOUNT", "STATUS", ">BLOCK", ">CONF", "TRANSACTION")
    for deposit in deposits {
      table.add(
        "\(deposit.timestamp)", deposit.id, deposit.user, deposit.asset, "\(deposit.amount)",
        deposit.status.rawValue, "\(deposit.block)", "\(deposit.confirmations)",
        "\(deposit.transaction) \(deposit.outRef)")
    }
    return table.text()
  }
}

struct ResolveDepositCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resolve-deposit", abstract: "Decide about a deposit in review.",
    discussion: """
      A credit waits for another operator (see `uncross custody-decisions`); then it goes the way of
      any other: the chain is asked again, and it is booked.

        uncross deposits --all --status review --key operator.pem
        uncross resolve-deposit 17 --credit --reason "contract wallet of anna" --key operator.pem
        uncross resolve-deposit 18 --reject --reason "paid back by hand" --key operator.pem
      """)

  @Argument(help: "The deposit's id.") var id: String
  @Flag(help: "Into the balance, when another operator approves.") var credit = false
  @Flag(help: "Never into the balance.") var reject = false
  @Option(help: "For the auditor, 1 to 200 bytes.") var reason: String
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard credit != reject else { throw ValidationError("either --credit or --reject") }
  }

  func run() async throws {
    try await client.signed { api in
      let resolution = NewDepositResolution(decision: credit ? .credit : .reject, reason: reason)
      client.show(try await api.resolve(deposit: id, resolution)) { outcome in
        outcome.waitingText
          ?? "deposit \(id) " + (credit ? "was credited before" : "is rejected")
      }
    }
  }
}

struct CustodyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "custody",
    abstract: "Show how the chain's scanner stands, and what clawbacks cost.",
    discussion: """
        uncross custody --key operator.pem
      """,
    subcommands: [RescanCommand.self])

  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      client.show(try await api.custody()) { state in
        var lines = [
          "chain      \(state.chain) (id \(state.chainID)), \(state.state)",
          "blocks     scanned \(state.scannedBlock.map { "\($0)" } ?? "-") of "
            + "\(state.latestBlock.map { "\($0)" } ?? "-"), final \(state.finalizedBlock)",
          "deposits   \(state.credits) credited, \(state.clawbacks) taken back",
          "nodes      \(state.nodeErrors) errors, \(state.reorganisations) reorganisations",
        ]
        for (index, node) in state.nodes.enumerated() {
          lines.append(
            "node \(index + 1)     \(node.host) \(node.state), block "
              + "\(node.block.map { "\($0)" } ?? "-")" + (node.inUse ? ", in use" : ""))
        }
        if let halted = state.halted { lines.append("HALTED     \(halted)") }
        if let error = state.lastError { lines.append("last error \(error)") }
        for loss in state.losses { lines.append("loss       \(loss.total) \(loss.asset)") }
        return lines.joined(separator: "\n")
      }
    }
  }
}

struct RescanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rescan", abstract: "Look at scanned blocks again for what a node left out.",
    discussion: """
      Another node than the one in use is asked where there is one. What was left out is recorded
      and credited as any other deposit; nothing is credited twice:

        uncross custody rescan 21500000 21500900 --reason "payment of anna" --key operator.pem
      """)

  /// Of one request, which a slow node must answer in time.
  private static let part: Int64 = 100

  @Argument(help: "The first block.") var from: Int64
  @Argument(help: "The last block.") var to: Int64
  @Option(help: "For the auditor, 1 to 200 bytes.") var reason: String
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard from >= 0, from <= to, to - from < 10_000 else {
      throw ValidationError("FROM to TO is at most 10000 blocks")
    }
  }

  func run() async throws {
    try await client.signed { api in
      var sum = RescanReport(blocks: 0, unproved: 0, deposits: 0)
      for first in stride(from: from, through: to, by: Int(Self.part)) {
        let report = try await api.rescan(
          NewRescan(
            fromBlock: first, toBlock: min(to, first + Self.part - 1), reason: reason))
        sum.blocks += report.blocks
        sum.unproved += report.unproved
        sum.deposits += report.deposits
      }
      client.show(sum) { sum in
        "\(sum.blocks) blocks looked at, \(sum.unproved) of them not proved by their hash; "
          + "\(sum.deposits) deposits had been left out"
      }
    }
  }
}
