// An operator's word about funds: `uncross adjust`.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Foundation
internal import Wire

struct AdjustCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adjust", abstract: "Give a user funds or take them away; decide what waits.",
    discussion: """
        uncross adjust anna USDC 1000 --reason "opening gift" --key operator.pem
        uncross adjust anna USDC 250 --take --reason "too large" --key operator.pem

      What is beyond the asset's limit in 24 hours waits for another operator, and so does whatever
      is for an account that the operator gave a key to:

        uncross adjust list --key second.pem
        uncross adjust approve 17 --key second.pem
        uncross adjust approve 17 --yes DIGEST --key second.pem
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
      abstract: "Book an adjustment that another operator asked for: your key signs its fields.",
      discussion: """
        Without --yes the fields and their digest are shown, and nothing is signed:

          uncross adjust approve 17 --key second.pem
          uncross adjust approve 17 --yes DIGEST --key second.pem
        """)

    @Argument(help: "As `uncross adjust list` prints it.") var id: String
    @OptionGroup var approval: ApprovalOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        let found = try await api.waitingAdjustments().first { $0.adjustmentID == id }
        guard let waiting = found else {
          throw VerbFailure("no adjustment \(id) waits for approval")
        }
        let signature = try approval.signature(
          of: Output.printable(waiting).approvalText, waiting.approvalDigest, client)
        guard let signature else { return }
        client.show(try await api.approve(adjustment: id, signature: signature)) {
          "adjustment \($0.adjustmentID) is \($0.status.rawValue)"
        }
      }
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Turn down an adjustment that waits.",
      discussion: "  uncross adjust refuse 17 --reason \"not ours\" --key second.pem")

    @Argument(help: "As `uncross adjust list` prints it.") var id: String
    @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String
    @OptionGroup var client: ClientOptions

    func run() async throws {
      try await client.signed { api in
        client.show(try await api.refuse(adjustment: id, reason: reason)) {
          "adjustment \($0.adjustmentID) is \($0.status.rawValue)"
        }
      }
    }
  }
}

/// What an operator signs is shown first, and signed by its digest.
struct ApprovalOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Sign these fields.", valueName: "digest")) var yes: String?

  func validate() throws {
    guard let yes else { return }
    guard Hex.bytes(yes.lowercased())?.count == 32 else {
      throw ValidationError("--yes takes the digest that was shown: 64 hex digits")
    }
  }

  /// Shows the fields; the signature where their digest is the one named, nil where none is.
  ///
  /// The digest is made here, of what is shown, not taken from the server.
  func signature(
    of text: String, _ digest: [UInt8], _ client: ClientOptions
  ) throws -> [UInt8]? {
    Output.line(text + "digest \(Hex.string(digest))")
    guard let yes else {
      Output.line("to approve this: --yes \(Hex.string(digest))")
      return nil
    }
    guard Hex.bytes(yes.lowercased()) == digest else {
      throw VerbFailure("nothing is signed: these fields have another digest")
    }
    return try client.signer().sign(digest: digest)
  }
}
