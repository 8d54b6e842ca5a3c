// What waits for a second operator about deposits and payments: `uncross custody-decisions`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct CustodyDecisionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "custody-decisions",
    abstract: "Approve or refuse what gives a user money: a credit, a payment that has not paid.",
    discussion: """
      Another operator proposed it by `uncross resolve-deposit --credit` or
      `uncross payouts resolve`:

        uncross custody-decisions --key second.pem
        uncross custody-decisions approve 3 --key second.pem
        uncross custody-decisions approve 3 --yes DIGEST --key second.pem
      """,
    subcommands: [List.self, Approve.self, Refuse.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the decisions that wait for another operator. (the default)",
      discussion: "  uncross custody-decisions list --key second.pem")

    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        let waiting = WaitingDecisions(decisions: try await api.waitingDecisions())
        client.show(waiting) { Self.table($0.decisions) }
      }
    }

    private static func table(_ decisions: [WaitingDecision]) -> String {
      if decisions.isEmpty { return "none waits" }
      var table = Table(
        ">ID", "REQUESTED", ">BY USER", "DECISION", "OF", ">FOR USER", "ASSET", ">AMOUNT",
        "TRANSACTION", "REASON")
      for decision in decisions {
        table.add(
          decision.decisionID, "\(decision.requestedAt)", decision.requestedBy,
          decision.decision.rawValue, decision.matter, decision.user, decision.asset,
          "\(decision.amount)", decision.transaction, decision.reason)
      }
      return table.text()
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Do what another operator proposed: your key signs its fields.",
      discussion: """
        Without --yes the fields and their digest are shown, and nothing is signed:

          uncross custody-decisions approve 3 --key second.pem
          uncross custody-decisions approve 3 --yes DIGEST --key second.pem
        """)

    @Argument(help: "As `uncross custody-decisions` prints it.") var id: String
    @OptionGroup var approval: ApprovalOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        let found = try await api.waitingDecisions().first { $0.decisionID == id }
        guard let waiting = found else { throw VerbFailure("no decision \(id) waits for approval") }
        let signature = try approval.signature(
          of: Output.printable(waiting).approvalText, waiting.approvalDigest, client)
        guard let signature else { return }
        client.show(try await api.approve(decision: id, signature: signature)) {
          "decision \(id) is \($0.status.rawValue)"
        }
      }
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Turn down a decision that waits.",
      discussion: "  uncross custody-decisions refuse 3 --reason \"not ours\" --key second.pem")

    @Argument(help: "As `uncross custody-decisions` prints it.") var id: String
    @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.refuse(decision: id, reason: reason)) {
          "decision \(id) is \($0.status.rawValue)"
        }
      }
    }
  }
}

extension WaitingDecision {
  /// What it is about, in a cell.
  fileprivate var matter: String {
    if let deposit { return "deposit \(deposit)" }
    return "withdrawal \(withdrawal.cell) nonce \(nonce.cell)"
  }
}

extension CustodyOutcome {
  /// What an operator reads where another one must approve.
  var waitingText: String? {
    guard status == .waitingApproval, let decisionID else { return nil }
    return "decision \(decisionID) waits for another operator: "
      + "uncross custody-decisions approve \(decisionID)"
  }
}
