// What is remembered of orders, how many a trade allows: `uncross order-terms`, `allowance`.

internal import ArgumentParser
internal import Client
internal import Wire

struct OrderTermsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "order-terms",
    abstract: "Show or set what the venue remembers of orders, and how many a trade allows.",
    discussion: """
      An account has a stock of orders. It begins with --free-per-day, and as many flow in over a
      day; each of its orders that trades in an auction brings --per-trade more. An order and an
      amendment take one, a cancel none. --free-per-day 0 ends the allowance: orders are free.

        uncross order-terms --key operator.pem
        uncross order-terms --remembered 16384 --free-per-day 200000 --per-trade 100 \\
          --reason "the usual terms" --key operator.pem
      """)

  @Option(help: "A user's newest finished orders whose ids are remembered for 24 hours.")
  var remembered: UInt32?
  @Option(help: "Orders of an account in a day without a trade; 0 for no allowance.")
  var freePerDay: UInt32?
  @Option(help: "Orders that each traded order of an auction brings.") var perTrade: UInt32?
  @Option(help: "Why, for the operators' log: 1 to 200 bytes.") var reason: String?
  @OptionGroup var client: ClientOptions

  func validate() throws {
    let given = [remembered != nil, freePerDay != nil, perTrade != nil, reason != nil]
    guard Set(given).count == 1 else {
      throw ValidationError(
        "a change needs --remembered, --free-per-day, --per-trade and --reason")
    }
  }

  func run() async throws {
    try await client.signed { api in
      if let remembered, let freePerDay, let perTrade, let reason {
        let terms = VenueOrderTerms(
          rememberedOrders: remembered, freeOrdersPerDay: freePerDay, ordersPerTrade: perTrade)
        client.show(try await api.setOrderTerms(terms, reason: reason)) { $0.text }
      } else {
        client.show(try await api.orderTerms()) { $0.text }
      }
    }
  }
}

struct AllowanceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allowance",
    abstract: "Show how many orders you may place before you must trade or wait.",
    discussion: """
        uncross allowance --key trader.pem
      """)

  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      client.show(try await api.orderAllowance()) { answer in
        (answer.remaining.map { "\($0) orders left. " } ?? "") + answer.terms.text
      }
    }
  }
}

extension VenueOrderTerms {
  fileprivate var text: String {
    let remembered = "The newest \(rememberedOrders) finished orders are remembered for 24 hours."
    if freeOrdersPerDay == 0 { return "Orders are free. " + remembered }
    return "\(freeOrdersPerDay) orders a day, \(ordersPerTrade) more for each traded order. "
      + remembered
  }
}
