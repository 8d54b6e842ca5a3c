// An operator's users and funds: `uncross user`, `adjust`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Foundation

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
      lines += user.keys.map { "key         \($0.publicKey) \($0.role.rawValue)" }
      return lines.joined(separator: "\n")
    }
  }

  struct Freeze: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Cancel a user's orders and take none from now on.",
      discussion: "  uncross user freeze anna --key operator.pem")

    @Argument(help: "Name or id.") var user: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.freeze(try await api.userID(user))) {
          "user \($0.userID) is frozen; \($0.cancelledOrders) orders cancelled"
        }
      }
    }
  }

  struct Unfreeze: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a user trade again.",
      discussion: "  uncross user unfreeze anna --key operator.pem")

    @Argument(help: "Name or id.") var user: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.unfreeze(try await api.userID(user))) {
          "user \($0.userID) may trade"
        }
      }
    }
  }

  struct Grant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a user one more key; 16 at most.",
      discussion: """
          uncross user grant anna $(uncross key show laptop.pem) --key operator.pem
          uncross user grant anna $(uncross key show audit.pem) --role read_only
        """)

    @Argument(help: "Name or id.") var user: String
    @Argument(help: "64 hex digits.") var publicKey: String
    @Option(help: "What the key may do.") var role: KeyRole = .trader
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        let key = KeyGrant(publicKey: publicKey.lowercased(), role: role)
        client.show(try await api.grant(key, to: try await api.userID(user))) {
          "user \($0.userID) holds key \($0.publicKey) as \(role.rawValue)"
        }
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a key back: from now on it signs nothing.",
      discussion: "  uncross user revoke $(uncross key show laptop.pem) --key operator.pem")

    @Argument(help: "64 hex digits.") var publicKey: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.revoke(publicKey: publicKey.lowercased())) {
          "key \($0.publicKey) of user \($0.userID) is revoked"
        }
      }
    }
  }
}

struct AdjustCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adjust", abstract: "Give a user funds or take them away; decide what waits.",
    discussion: """
        uncross adjust anna USDC 1000 --reason "opening gift" --key operator.pem
        uncross adjust anna USDC 250 --take --reason "too large" --key operator.pem

      Beyond the asset's limit it waits for another operator:

        uncross adjust list --key second.pem
        uncross adjust approve 17 --key second.pem
      """,
    subcommands: [Book.self, List.self, Approve.self, Refuse.self], defaultSubcommand: Book.self)

  struct Book: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a user funds or take them away. (the default)",
      discussion: """
        The request id makes a resend safe: the same adjustment under the same id is made once.

          uncross adjust anna USDC 1000 --reason gift --key operator.pem
          uncross adjust anna USDC 1000 --reason gift --request-id gift-1
        """)

    @Argument(help: "Name or id.") var user: String
    @Argument(help: "As USDC.") var asset: String
    @Argument(help: "In whole coins, exact decimal.") var amount: DecimalAmount
    @Option(help: "For the auditor, 1 to 200 bytes.") var reason: String
    @Option(
      name: .customLong("request-id"),
      help: "1 to 36 characters of A-Z a-z 0-9 . _ : -  (a new one)")
    var requestID: String?
    @Flag(help: "Take the amount away.") var take = false
    @OptionGroup var client: ClientOptions

    func validate() throws {
      guard !take || amount.digits > 0 else {
        throw ValidationError("--take goes with an amount above zero")
      }
    }

    func run() async throws {
      let id = requestID ?? "cli-" + UUID().uuidString.lowercased().suffix(32)
      try await client.signed { api in
        let adjustment = NewAdjustment(
          requestID: id, user: try await api.userID(user), asset: asset,
          amount: take ? DecimalAmount(atoms: -amount.digits, decimals: amount.scale) : amount,
          reason: reason)
        do throws(APIError) {
          client.show(try await api.adjust(adjustment)) { Self.text($0, requestID: id) }
        } catch {
          guard error.isOutcomeUnknown else { throw error }
          Output.error("the outcome is unknown; to ask again: --request-id \(id)")
          throw error
        }
      }
    }

    private static func text(_ outcome: AdjustmentOutcome, requestID: String) -> String {
      let id = outcome.adjustmentID
      return switch outcome.status {
      case .booked: "adjustment \(id) is booked (request \(requestID))"
      case .waitingApproval:
        "adjustment \(id) waits for another operator: uncross adjust approve \(id)"
      case .refused: "adjustment \(id) was refused"
      case .decided: "adjustment \(id) was decided before; the user's ledger knows how"
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the adjustments that wait for another operator.",
      discussion: "  uncross adjust list --key second.pem")

    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        let waiting = WaitingAdjustments(adjustments: try await api.waitingAdjustments())
        client.show(waiting) { Self.table($0.adjustments) }
      }
    }

    private static func table(_ adjustments: [WaitingAdjustment]) -> String {
      if adjustments.isEmpty { return "none waits" }
      var table = Table(
        ">ADJUSTMENT", "REQUESTED", ">BY USER", ">FOR USER", "ASSET", ">AMOUNT", "REASON")
      for adjustment in adjustments {
        table.add(
          adjustment.adjustmentID, "\(adjustment.requestedAt)", adjustment.requestedBy,
          adjustment.user, adjustment.asset, "\(adjustment.amount)", adjustment.reason)
      }
      return table.text()
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Book an adjustment that another operator asked for.",
      discussion: "  uncross adjust approve 17 --key second.pem")

    @Argument(help: "As `uncross adjust list` prints it.") var id: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.approve(adjustment: id)) {
          "adjustment \($0.adjustmentID) is \($0.status.rawValue)"
        }
      }
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Turn down an adjustment that waits.",
      discussion: "  uncross adjust refuse 17 --key second.pem")

    @Argument(help: "As `uncross adjust list` prints it.") var id: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.refuse(adjustment: id)) {
          "adjustment \($0.adjustmentID) is \($0.status.rawValue)"
        }
      }
    }
  }
}
