// What operators do about withdrawals: approve, reject, set terms, look at payments and mend them.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct ApproveWithdrawalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve-withdrawal", abstract: "Approve a withdrawal: your key signs its fields.",
    discussion: """
      Prints the fields and their digest; --yes with that digest signs them, if they are still the
      same:

        uncross approve-withdrawal 7 --key operator.pem
        uncross approve-withdrawal 7 --yes DIGEST --key operator.pem
      """)

  @Argument(help: "Its id.") var id: String
  @Option(
    help: ArgumentHelp("Sign the fields that have this digest: 64 hex digits.", valueName: "digest")
  )
  var yes: String?
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard let yes else { return }
    guard Hex.bytes(yes.lowercased())?.count == 32 else {
      throw ValidationError("--yes takes the digest that was shown: 64 hex digits")
    }
  }

  func run() async throws {
    try await client.signed { api in
      let found = try await api.waitingWithdrawals().first { $0.withdrawal.id == id }
      guard var waiting = found else { throw VerbFailure("no withdrawal \(id) waits for approval") }
      // Made here, of what is shown, not taken from the server.
      let digest = waiting.withdrawal.approvalDigest
      waiting.digest = Hex.string(digest)
      client.show(waiting) { Self.text($0, isHint: yes == nil) }
      guard let yes else { return }
      guard Hex.bytes(yes.lowercased()) == digest else {
        throw VerbFailure("nothing is signed: the fields of withdrawal \(id) have another digest")
      }
      let signature = try client.signer().sign(digest: digest)
      client.show(try await api.approve(withdrawal: id, signature: signature)) {
        "withdrawal \($0.id) is \($0.status.rawValue)"
          + ($0.missing > 0 ? ", \($0.missing) more must approve" : "")
      }
    }
  }

  private static func text(_ waiting: WaitingWithdrawal, isHint: Bool) -> String {
    waiting.withdrawal.approvalText + "digest \(waiting.digest)"
      + (isHint ? "\nto approve this: --yes \(waiting.digest)" : "")
  }
}

struct RejectWithdrawalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject-withdrawal", abstract: "Reject a withdrawal that has not begun.",
    discussion: "  uncross reject-withdrawal 7 --reason \"sanctioned address\" --key operator.pem")

  @Argument(help: "Its id.") var id: String
  @Option(help: "Why, for the auditor.") var reason: String
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      client.show(try await api.reject(withdrawal: id, reason: reason)) {
        "withdrawal \($0.id) is \($0.status.rawValue)"
      }
    }
  }
}

struct WithdrawalTermsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdrawal-terms", abstract: "Set on which terms an asset can be taken out.",
    discussion: """
      They hold for later requests; amounts are in whole coins. What is looser in any respect than
      before is in force after the address delay, and can be replaced until then:

        uncross withdrawal-terms ETH --chain dev --minimum 0.01 --fee 0.001 --user-day-limit 50 \\
          --venue-day-limit 5000 --approval-above 5 --approvals 2 --reason opening \\
          --key operator.pem
        uncross withdrawal-terms ETH --chain dev --closed ... stops new requests
      """)

  @Argument(help: "As ETH.") var asset: String
  @Option(help: "On which it is paid.") var chain: String
  @Option(help: "The least that arrives.") var minimum: DecimalAmount
  @Option(help: "On top of what arrives.") var fee: DecimalAmount
  @Option(help: "One user's in 24 hours.") var userDayLimit: DecimalAmount
  @Option(help: "All users' in 24 hours.") var venueDayLimit: DecimalAmount
  @Option(help: "What takes one user's 24 hours above it, operators approve.") var approvalAbove:
    DecimalAmount
  @Option(help: "So many of them.") var approvals: UInt8
  @Flag(help: "Take no requests.") var closed = false
  @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      let terms = WithdrawalTermsLine(
        asset: asset, chain: chain, open: !closed, minimum: minimum, fee: fee,
        userDayLimit: userDayLimit, venueDayLimit: venueDayLimit, approvalAbove: approvalAbove,
        approvals: approvals)
      client.show(try await api.setWithdrawalTerms(terms, reason: reason)) { $0.text }
    }
  }
}

extension SettingChange {
  var text: String {
    isPending ? "\(name): in force from \(effectiveAt)" : "\(name): set at \(appliedAt)"
  }
}

struct AddressDelayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "address-delay",
    abstract: "Set how long a new address waits before it is paid to.",
    discussion: """
      Looser terms and an operator's new key wait as long; and a shorter delay, for the one before.
      A raise is taken back after what was in force before it, until it has stood as long as it is:

        uncross address-delay 86400 --reason "a real chain" --key operator.pem
      """)

  @Argument(help: "Seconds.") var seconds: Int64
  @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      client.show(try await api.setAddressDelay(seconds: seconds, reason: reason)) { $0.text }
    }
  }
}

struct PayoutsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "payouts", abstract: "Show how payments stand, and mend them.",
    discussion: """
      What each state means, and what to do about it, is in docs/operations.md:

        uncross payouts --key operator.pem
        uncross payouts resume --reason "checked the key" --key operator.pem
        uncross payouts cancel 12 --reason "stuck" --key operator.pem
        uncross payouts resolve 12 reverted --reason "balance unchanged" --key operator.pem
      """,
    subcommands: [Show.self, Resume.self, Cancel.self, Resolve.self], defaultSubcommand: Show.self)

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show open payments.")

    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.payouts(), Self.text)
      }
    }

    private static func text(_ report: PayoutReport) -> String {
      var lines = [
        "wallet     \(report.sender) on \(report.chain), \(report.state)",
        "next nonce \(report.nextNonce)",
      ]
      if let halted = report.halted { lines.append("HALTED     \(halted)") }
      if !report.unfunded.isEmpty {
        lines.append("UNFUNDED   \(report.unfunded.joined(separator: " "))")
      }
      if !report.unsigned.isEmpty {
        lines.append("UNSIGNED   \(report.unsigned.joined(separator: ", "))")
      }
      if let error = report.lastError { lines.append("last error \(error)") }
      if report.slots.isEmpty { return (lines + ["no open payments"]).joined(separator: "\n") }
      var table = Table(
        "WALLET", ">NONCE", "PURPOSE", ">WITHDRAWAL", "TO", ">VALUE", "STATE", "ANSWER",
        "TRANSACTION")
      for slot in report.slots {
        table.add(
          slot.sender == report.sender ? "hot" : slot.sender, slot.nonce, slot.purpose,
          slot.withdrawal ?? "-", slot.destination, slot.value,
          slot.hold.map { "HELD: \($0)" } ?? (slot.cancelled ? "cancelling" : "open"), slot.answer,
          slot.transactions.last ?? "-")
      }
      return lines.joined(separator: "\n") + "\n" + table.text()
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Go on after a halt.")

    @Option(help: "Why, for the auditor.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.resumePayouts(reason: reason)) { "payments on \($0.name) go on" }
      }
    }
  }

  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End an open payment without paying, if the chain still lets it.")

    @Argument(help: "Its nonce.") var nonce: String
    @Option(help: "Why, for the auditor.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.cancelPayout(nonce: nonce, reason: reason)) { _ in
          "nonce \(nonce) is being cancelled: the lock returns when the chain has taken it"
        }
      }
    }
  }

  struct Resolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Say what became of a payment that is held, or whose nonce another transaction took.",
      discussion: """
        That it has not paid gives its user money, so it waits for another operator:

          uncross custody-decisions list --key second.pem
        """)

    @Argument(help: "Its nonce.") var nonce: String
    @Argument(
      help: "paid or reverted, as the chain shows it; cancelled where another took its nonce.")
    var outcome: String
    @Option(help: "Why, for the auditor.") var reason: String
    @Option(help: "The wallet that pays it, where it is one of before.") var sender: String?
    @OptionGroup var client: ClientOptions

    func validate() throws {
      guard PayoutResolution.Outcome(rawValue: outcome) != nil else {
        throw ValidationError("the outcome is paid, reverted or cancelled")
      }
    }

    func run() async throws {
      guard let outcome = PayoutResolution.Outcome(rawValue: outcome) else { return }
      try await client.signed { api in
        let resolution = PayoutResolution(outcome: outcome, reason: reason, sender: sender)
        client.show(try await api.resolvePayout(nonce: nonce, resolution)) { answer in
          answer.waitingText ?? "nonce \(nonce) is \(outcome.rawValue)"
        }
      }
    }
  }
}
