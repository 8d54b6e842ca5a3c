// What operators know of each other, and what a user says about keys: `uncross log`, `key-grants`,
// `keys`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Show what operators did, with which key and why, newest first.",
    discussion: """
        uncross log --key operator.pem
        uncross log --operator 2 --action register_key --key operator.pem
        uncross log --subject ETH-USDC --before 551-2 --key operator.pem

      Operator 0 is the venue itself: its first commands, its development chain, custody.
      """)

  @Option(help: "By user id.") var `operator`: String?
  @Option(help: "As suspend_market.") var action: String?
  @Option(help: "A market, a user's id, an asset or a chain.") var subject: String?
  @Option(help: "Rows before this one.") var before: String?
  @Option(help: "Rows at most.") var limit = 100
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      let page = try await api.operatorLog(
        operator: `operator`, action: action, subject: subject, before: before, limit: limit)
      client.show(page) { Self.table($0) }
    }
  }

  private static func table(_ page: OperatorLogPage) -> String {
    if page.rows.isEmpty { return "no actions" }
    var table = Table("TIME", ">OPERATOR", "KEY", "ACTION", "SUBJECT", "REASON", "DETAIL")
    for row in page.rows {
      table.add(
        "\(row.timestamp)", row.operator, row.publicKey.map { String($0.prefix(12)) } ?? "-",
        row.action, row.subject, row.reason.isEmpty ? "-" : row.reason, row.detail)
    }
    return table.text() + (page.next.map { "\nolder ones: --before \($0)" } ?? "")
  }
}

struct KeyGrantsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key-grants", abstract: "List the keys that wait for another operator; decide.",
    discussion: """
      A key that an operator gives to an account which had one before waits: for the account's
      owner, or for a second operator and the operator delay.

        uncross key-grants --key second.pem
        uncross key-grants approve 3 --key second.pem
        uncross key-grants approve 3 --yes DIGEST --key second.pem
        uncross key-grants refuse 3 --reason "not asked for" --key second.pem
      """,
    subcommands: [List.self, Approve.self, Refuse.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the keys that wait. (the default)",
      discussion: "  uncross key-grants --key second.pem")

    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(WaitingKeys(keys: try await api.waitingKeys())) { WaitingKey.table($0.keys) }
      }
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Approve a key that another operator asked for: your key signs its fields.",
      discussion: "  uncross key-grants approve 3 --yes DIGEST --key second.pem")

    @Argument(help: "As `uncross key-grants` prints it.") var grant: String
    @OptionGroup var approval: ApprovalOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        let found = try await api.waitingKeys().first { $0.grantID == grant }
        guard let waiting = found else { throw VerbFailure("no key waits as grant \(grant)") }
        let signature = try approval.signature(
          of: Output.printable(waiting).approvalText, waiting.approvalDigest, client)
        guard let signature else { return }
        client.show(try await api.approve(keyGrant: grant, signature: signature)) { $0.text }
      }
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Turn down a key that waits.",
      discussion: "  uncross key-grants refuse 3 --reason \"not asked for\" --key second.pem")

    @Argument(help: "As `uncross key-grants` prints it.") var grant: String
    @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.refuse(keyGrant: grant, reason: reason)) { $0.text }
      }
    }
  }
}

extension WaitingKey {
  fileprivate static func table(_ keys: [WaitingKey]) -> String {
    if keys.isEmpty { return "none waits" }
    var table = Table(
      ">GRANT", ">USER", "ROLE", "PUBLIC KEY", ">BY", "REQUESTED", "NOT BEFORE", "APPROVED BY",
      "REASON")
    for key in keys {
      table.add(
        key.grantID, key.user, key.role.rawValue, key.publicKey, key.requestedBy,
        "\(key.requestedAt)", "\(key.effectiveAt)", key.approvedBy ?? "-", key.reason)
    }
    return table.text()
  }
}

struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Show the keys of your account; decide about new ones.",
    discussion: """
        uncross keys --key anna.pem
        uncross keys confirm 3 --key anna.pem
        uncross keys refuse 3 --key anna.pem
      """,
    subcommands: [List.self, Confirm.self, Refuse.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the account's keys, and those that wait for it. (the default)",
      discussion: "  uncross keys --key anna.pem")

    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.keys()) { answer in
          let keys = answer.keys.map(\.text).joined(separator: "\n")
          return answer.waiting.isEmpty
            ? keys
            : keys + "\n\nan operator wants these to have access:\n"
              + WaitingKey.table(answer.waiting)
        }
      }
    }
  }

  struct Confirm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a key have access to your account.",
      discussion: "  uncross keys confirm 3 --key anna.pem")

    @Argument(help: "The grant's number.") var grant: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.confirm(keyGrant: grant)) { $0.text }
      }
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Turn down a key that an operator wants to have access to your account.",
      discussion: "  uncross keys refuse 3 --key anna.pem")

    @Argument(help: "The grant's number.") var grant: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.decline(keyGrant: grant)) { $0.text }
      }
    }
  }
}

struct OperatorDelayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operator-delay",
    abstract: "Show or set how long a new operator's key counts for nothing.",
    discussion: """
      A key younger than this books and approves no adjustments and no keys; and a key that an
      operator gives to another's account waits as long. A shorter delay waits for the one before;
      a raise is taken back after what was in force before it, until it has stood as long as it is.

        uncross operator-delay --key operator.pem
        uncross operator-delay 86400 --reason "the venue opens" --key operator.pem
      """)

  @Argument(help: "Seconds; without it the delay is shown.") var seconds: Int64?
  @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String?
  @OptionGroup var client: ClientOptions

  func validate() throws {
    guard (seconds == nil) == (reason == nil) else {
      throw ValidationError("a change needs a --reason, and a reason a change")
    }
  }

  func run() async throws {
    try await client.signed { api in
      if let seconds, let reason {
        client.show(try await api.setOperatorDelay(seconds: seconds, reason: reason)) { $0.text }
      } else {
        client.show(try await api.operatorDelay()) { answer in
          "\(answer.seconds) s"
            + (answer.pending.map { ", \($0.seconds) s from \($0.effectiveAt)" } ?? "")
        }
      }
    }
  }
}
