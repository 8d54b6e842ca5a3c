// An operator's users: `uncross user`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

extension UncrossClient {
  /// The id of a user given by name or id; digits alone are an id.
  func userID(_ nameOrID: String) async throws(APIError) -> String {
    let isID = nameOrID.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return isID ? nameOrID : try await user(named: nameOrID).userID
  }
}

struct UserCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user", abstract: "Register users, freeze them, grant and revoke keys.",
    discussion: "A USER is a name or an id; digits alone are an id.",
    subcommands: [
      Create.self, Show.self, Freeze.self, Unfreeze.self, Grant.self, Revoke.self,
    ])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Register a user, with a first key or without one.",
      discussion: """
          uncross key new anna.pem
          uncross user create anna --public-key $(uncross key show anna.pem)
        """)

    @Argument(help: "1 to 64 printable ASCII characters without space.") var name: String
    @Option(help: "64 hex digits, as `uncross key show` prints them.") var publicKey: String?
    @Option(help: "What the key may do.") var role: KeyRole = .trader
    @OptionGroup var client: ClientOptions

    func run() async throws {
      let key = publicKey.map { KeyGrant(publicKey: $0.lowercased(), role: role) }
      try await client.signed { api in
        client.show(try await api.createUser(NewUser(name: name, key: key))) { Show.text($0) }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a user's keys and balances.",
      discussion: "  uncross user show anna --key operator.pem")

    @Argument(help: "The user's name.") var name: String
    @OptionGroup var client: ClientOptions

    private struct Answer: Codable {
      var user: UserDetails
      var balances: [AssetBalance]
    }

    func run() async throws {
      try await client.signed { api in
        let user = try await api.user(named: name)
        let answer = Answer(user: user, balances: try await api.balances(ofUser: user.userID))
        client.show(answer) { Self.text($0.user) + "\n\n" + BalanceCommand.table($0.balances) }
      }
    }

    static func text(_ user: UserDetails) -> String {
      var lines = [
        "user        \(user.userID) \(user.name)\(user.frozen ? " (frozen)" : "")",
        "registered  \(user.registeredAt)",
      ]
      lines += user.keys.map { "key         \($0.text)" }
      lines += user.waitingKeys.map {
        "waits       \($0.publicKey) \($0.role.rawValue) grant \($0.grantID)"
      }
      return lines.joined(separator: "\n")
    }
  }

  struct Freeze: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Cancel a user's orders and take none from now on.",
      discussion: "  uncross user freeze anna --reason \"stolen key\" --key operator.pem")

    @Argument(help: "Name or id.") var user: String
    @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.freeze(try await api.userID(user), reason: reason)) {
          "user \($0.userID) is frozen; \($0.cancelledOrders) orders cancelled"
        }
      }
    }
  }

  struct Unfreeze: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a user trade again.",
      discussion: "  uncross user unfreeze anna --reason \"new key\" --key operator.pem")

    @Argument(help: "Name or id.") var user: String
    @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.unfreeze(try await api.userID(user), reason: reason)) {
          "user \($0.userID) may trade"
        }
      }
    }
  }

  struct Grant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a user one more key; 16 at most.",
      discussion: """
        Where the account had a key before, the new one waits: for the account's owner
        (uncross keys confirm), or for a second operator and the operator delay
        (uncross key-grants).

          uncross user grant anna $(uncross key show laptop.pem) --reason "her laptop"
          uncross user grant anna $(uncross key show bot.pem) --role trade_only --reason bot
        """)

    @Argument(help: "Name or id.") var user: String
    @Argument(help: "64 hex digits.") var publicKey: String
    @Option(help: "What the key may do.") var role: KeyRole = .trader
    @Option(help: "From then on it signs nothing, as 2027-01-01T00:00:00.000000Z. (never)")
    var expiresAt: Timestamp?
    @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        let key = KeyGrant(publicKey: publicKey.lowercased(), role: role, expiresAt: expiresAt)
        let outcome = try await api.grant(key, to: try await api.userID(user), reason: reason)
        client.show(outcome) { $0.text }
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a key back: from now on it signs nothing.",
      discussion: "  uncross user revoke $(uncross key show laptop.pem) --reason lost")

    @Argument(help: "64 hex digits.") var publicKey: String
    @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.revoke(publicKey: publicKey.lowercased(), reason: reason)) {
          "key \($0.publicKey) of user \($0.userID) is revoked"
        }
      }
    }
  }
}

extension KeyGrant {
  /// One line.
  var text: String {
    "\(publicKey) \(role.rawValue)" + (expiresAt.map { " until \($0)" } ?? "")
  }
}

extension KeyGrantOutcome {
  var text: String {
    switch status {
    case .granted: "user \(userID) holds key \(publicKey)"
    case .waiting:
      "key \(publicKey) of user \(userID) waits as grant \(grantID ?? "?"): for the owner, or for"
        + " another operator and the operator delay"
    case .refused: "grant \(grantID ?? "?") is refused: key \(publicKey) has no access"
    }
  }
}
