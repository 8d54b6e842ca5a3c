// Taking out: `uncross address`, `uncross withdraw`, `uncross withdrawals`,
// `uncross cancel-withdrawal`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Foundation
internal import Wire

struct AddressCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "address", abstract: "Keep the addresses to withdraw to.",
    discussion: """
      A new address is usable after a delay, a day unless the operator says otherwise: whoever
      steals a key cannot take the coins at once.
      """,
    subcommands: [Add.self, List.self, Remove.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add an address.",
      discussion: """
          uncross address add 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --label cold --key anna.pem
        """)

    @Argument(help: "With its checksum, or all in lower case.") var address: String
    @Option(help: "A name for it.") var label = ""
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.add(NewWithdrawalAddress(address: address, label: label))) {
          "\($0.address) on \($0.chain) is usable from \($0.usableAt)"
        }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the addresses.", discussion: "  uncross address list --key anna.pem")

    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        let book = WithdrawalAddressBook(addresses: try await api.withdrawalAddresses())
        client.show(book) { book in
          if book.addresses.isEmpty { return "no addresses" }
          var table = Table("ADDRESS", "CHAIN", "LABEL", "USABLE FROM")
          for line in book.addresses {
            table.add(line.address, line.chain, line.label, "\(line.usableAt)")
          }
          return table.text()
        }
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove an address.",
      discussion: """
          uncross address remove 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --key anna.pem
        """)

    @Argument(help: "As it is listed.") var address: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.remove(withdrawalAddress: address)) { "\($0.name) is removed" }
      }
    }
  }
}

struct WithdrawCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw", abstract: "Ask for coins to be paid out on the chain.",
    discussion: """
      The amount arrives; the fee is taken on top of it. With the same --id it is asked for once,
      however often:

        uncross withdraw 0.5 ETH 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --id rent-7 \\
          --key anna.pem
      """)

  @Argument(help: "What arrives, in whole coins.") var amount: DecimalAmount
  @Argument(help: "As ETH.") var asset: String
  @Argument(help: "Of the address book, see `uncross address`.") var address: String
  @Option(help: "Names the withdrawal. (a new one)") var id: String?
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      let withdrawal = NewWithdrawal(
        clientWithdrawalID: id ?? UUID().uuidString.lowercased(), asset: asset, amount: amount,
        address: address)
      client.show(try await api.withdraw(withdrawal)) { line in
        let next =
          line.approvalsNeeded > 0 && line.status == .requested
          ? "waits for \(line.approvalsNeeded) operators" : line.status.rawValue
        return "withdrawal \(line.id): \(line.amount) \(line.asset) to \(line.address), "
          + "fee \(line.fee), \(next)"
      }
    }
  }
}

struct WithdrawalsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdrawals", abstract: "List withdrawals, newest first, or their terms.",
    discussion: """
        uncross withdrawals --key anna.pem
        uncross withdrawals --terms --key anna.pem
        uncross withdrawals --all --status halted --key operator.pem
        uncross withdrawals --waiting --key operator.pem
      """)

  @Option(help: "How many at most, 1 to 1000.") var limit = 50
  @Option(help: "Only those in this state.") var status: WithdrawalLine.Status?
  @Flag(help: "Of all users; for operators.") var all = false
  @Flag(help: "Those that wait for operators; for operators.") var waiting = false
  @Flag(help: "What can be taken out, and on which terms.") var terms = false
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard (1...1_000).contains(limit) else { throw ValidationError("--limit is 1 to 1000") }
  }

  func run() async throws {
    try await client.signed { api in
      if terms { return client.show(try await api.withdrawalTerms(), Self.table) }
      if waiting {
        let found = WaitingWithdrawals(withdrawals: try await api.waitingWithdrawals())
        return client.show(found, Self.table)
      }
      let page =
        all
        ? try await api.allWithdrawals(status: status, limit: limit)
        : try await api.withdrawals(status: status, limit: limit)
      client.show(page) { $0.withdrawals.isEmpty ? "no withdrawals" : Self.table($0.withdrawals) }
    }
  }

  private static func table(_ withdrawals: [WithdrawalLine]) -> String {
    var table = Table(
      "TIME", ">ID", ">USER", "ASSET", ">AMOUNT", ">FEE", "STATUS", ">BLOCK", "TO", "TRANSACTION")
    for line in withdrawals {
      table.add(
        "\(line.requestedAt)", line.id, line.user, line.asset, "\(line.amount)", "\(line.fee)",
        line.status.rawValue, line.block.map { "\($0)" } ?? "-", line.address,
        line.transaction ?? "-")
    }
    return table.text()
  }

  private static func table(_ list: WithdrawalTermsList) -> String {
    var table = Table(
      "ASSET", "CHAIN", ">MINIMUM", ">FEE", ">DAY LIMIT", ">VENUE'S", ">APPROVAL ABOVE",
      ">OPERATORS", "IN FORCE")
    func add(_ line: WithdrawalTermsLine, _ inForce: String) {
      table.add(
        line.asset, line.open ? line.chain : "closed", "\(line.minimum)", "\(line.fee)",
        "\(line.userDayLimit)", "\(line.venueDayLimit)", "\(line.approvalAbove)",
        "\(line.approvals)", inForce)
    }
    for line in list.terms { add(line, "now") }
    for change in list.pending { add(change.terms, "from \(change.effectiveAt)") }
    var text = table.text() + "\na new address is usable after \(list.addressDelaySeconds) s"
    if let change = list.pendingAddressDelay {
      text += ", after \(change.seconds) s from \(change.effectiveAt)"
    }
    return text
  }

  private static func table(_ waiting: WaitingWithdrawals) -> String {
    if waiting.withdrawals.isEmpty { return "none waits" }
    var table = Table(">ID", ">USER", "ASSET", ">AMOUNT", "TO", ">OPERATORS", "APPROVED BY")
    for line in waiting.withdrawals {
      let withdrawal = line.withdrawal
      table.add(
        withdrawal.id, withdrawal.user, withdrawal.asset, "\(withdrawal.amount)",
        withdrawal.address, "\(withdrawal.approvalsNeeded)",
        line.approvedBy.isEmpty ? "-" : line.approvedBy.joined(separator: " "))
    }
    return table.text()
  }
}

struct CancelWithdrawalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel-withdrawal", abstract: "Cancel a withdrawal that has not begun.",
    discussion: "  uncross cancel-withdrawal 7 --key anna.pem")

  @Argument(help: "Its id.") var id: String
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      client.show(try await api.cancel(withdrawal: id)) {
        "withdrawal \($0.id) is \($0.status.rawValue)"
      }
    }
  }
}
