// Which answer, when several rules are broken: the lists of `Precedence` against the engine.

import Testing

@testable import Engine

/// A command that breaks many rules, mended one by one: each answer is the next of the command's
/// list.
struct Ladder {
  let precedence: Precedence
  private(set) var answers: [Rejection] = []

  init(_ precedence: Precedence) { self.precedence = precedence }

  /// Applies the command, which still breaks this rule and most of those after it.
  mutating func step(
    _ engine: inout AuctionEngine, _ command: Command, _ rejection: Rejection,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let own = command.precedence
    #expect(
      own == precedence || precedence == .operatorAction && command.isOperation, "\(command)",
      sourceLocation: sourceLocation)
    #expect(
      engine.apply(command).rejection == rejection, "\(command)", sourceLocation: sourceLocation)
    let rank = precedence.rank(rejection)
    let last = answers.last.flatMap { precedence.rank($0) }
    #expect(
      rank != nil && rank ?? 0 > last ?? -1, "\(rejection) is not after \(answers)",
      sourceLocation: sourceLocation)
    answers.append(rejection)
  }
}

extension Precedence {
  func rank(_ rejection: Rejection) -> Int? { checks.firstIndex(of: .engine(rejection)) }

  /// Their lists name the edge's refusals too: `RequestPrecedenceTests` climb them.
  static let beforeTheEngine: Set<Precedence> = [.request, .orderBody]
}

@Suite struct PrecedenceTests {
  /// Its commands, and what no test can bring about: sixteen million users, a million orders.
  struct Family: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var precedences: [Precedence]
    var outOfReach: [Rejection] = []
    var climb: @Sendable () -> [Ladder]
  }

  static let families: [Family] = [
    Family(
      testDescription: "orders",
      precedences: [.placeOrder, .amendOrder, .cancelOrder, .cancelAllOrders, .runAuction],
      outOfReach: [.bookFull], climb: OrderLadders.climb),
    Family(
      testDescription: "operators", precedences: [.operatorAction],
      climb: OperatorLadders.everyAction),
    Family(
      testDescription: "markets",
      precedences: [
        .createAsset, .createMarket, .changeMarket, .suspendMarket, .resumeMarket, .setReference,
        .setOrderTerms,
      ], climb: OperatorLadders.markets),
    Family(
      testDescription: "users and keys",
      precedences: [
        .registerUser, .registerKey, .approveKey, .refuseKey, .revokeKey, .setFrozen,
        .setOperatorDelay, .answerKeyGrant,
      ], outOfReach: [.tooManyUsers], climb: KeyLadders.climb),
    Family(
      testDescription: "adjustments",
      precedences: [.adjustBalance, .approveAdjustment, .refuseAdjustment],
      climb: AdjustmentLadders.climb),
    Family(
      testDescription: "deposits",
      precedences: [.registerChain, .creditDeposit, .clawBackDeposit],
      climb: DepositLadders.climb),
    Family(
      testDescription: "withdrawals",
      precedences: [
        .setAddressDelay, .setWithdrawalTerms, .addPayoutAddress, .removePayoutAddress,
        .requestWithdrawal, .approveWithdrawal, .rejectWithdrawal, .cancelWithdrawal,
        .startWithdrawal, .endWithdrawal,
      ], climb: WithdrawalLadders.climb),
    Family(
      testDescription: "venue", precedences: [.configureVenue, .activateRules, .advanceTime],
      climb: OperatorLadders.venue),
  ]

  /// Every rule of every list is met, in its place.
  @Test(arguments: families) func theFirstBrokenRuleAnswers(_ family: Family) {
    let ladders = family.climb()
    for precedence in family.precedences {
      let met = ladders.filter { $0.precedence == precedence }.flatMap(\.answers)
      let listed = precedence.checks.filter { name in
        !family.outOfReach.contains { name == .engine($0) }
      }
      #expect(
        Set(met.map { RefusalRow.Name.engine($0) }) == Set(listed), "\(precedence.rawValue)")
    }
  }

  @Test func everyCommandIsClimbed() {
    #expect(
      Set(Self.families.flatMap(\.precedences)).union(Precedence.beforeTheEngine)
        == Set(Precedence.allCases))
  }

  /// No refusal is listed that nobody raises, and none raised that is not listed.
  @Test func theTableSaysWhatTheEngineRaises() {
    let climbed = Precedence.allCases.filter { !Precedence.beforeTheEngine.contains($0) }
    let listed = Set(climbed.flatMap(\.checks))
    for row in Refusals.table {
      #expect(row.raisedBy.contains(.engine) == listed.contains(row.name), "\(row.code)")
    }
    for precedence in Precedence.allCases {
      #expect(Set(precedence.checks).count == precedence.checks.count && !precedence.checks.isEmpty)
    }
  }
}

extension Command {
  var isOperation: Bool { if case .operation = self { true } else { false } }

  /// Whoever adds a command says here whose list is its own.
  var precedence: Precedence {
    switch self {
    case .order(let command): command.precedence
    case .schedule(.advanceTime): .advanceTime
    case .schedule(.runAuction): .runAuction
    case .operation(let action, _): action.precedence
    case .user(.answerKeyGrant): .answerKeyGrant
    case .user(.addPayoutAddress): .addPayoutAddress
    case .user(.removePayoutAddress): .removePayoutAddress
    case .deposit(.credit): .creditDeposit
    case .deposit(.clawBack): .clawBackDeposit
    case .withdrawal(let command): command.precedence
    case .venue(.configure): .configureVenue
    case .venue(.activateRules): .activateRules
    }
  }
}

extension OrderCommand {
  fileprivate var precedence: Precedence {
    switch self {
    case .place: .placeOrder
    case .amend: .amendOrder
    case .cancel: .cancelOrder
    case .cancelAll: .cancelAllOrders
    }
  }
}

extension WithdrawalCommand {
  fileprivate var precedence: Precedence {
    switch self {
    case .request: .requestWithdrawal
    case .cancel: .cancelWithdrawal
    case .start: .startWithdrawal
    case .finish, .fail: .endWithdrawal
    }
  }
}

extension OperatorAction {
  fileprivate var precedence: Precedence {
    switch self {
    case .createAsset: .createAsset
    case .createMarket: .createMarket
    case .changeMarket: .changeMarket
    case .suspendMarket: .suspendMarket
    case .resumeMarket: .resumeMarket
    case .setReference: .setReference
    case .registerUser: .registerUser
    case .registerKey: .registerKey
    case .approveKey: .approveKey
    case .refuseKey: .refuseKey
    case .revokeKey: .revokeKey
    case .setFrozen: .setFrozen
    case .setOperatorDelay: .setOperatorDelay
    case .setOrderTerms: .setOrderTerms
    case .adjustBalance: .adjustBalance
    case .approveAdjustment: .approveAdjustment
    case .refuseAdjustment: .refuseAdjustment
    case .registerChain: .registerChain
    case .setAddressDelay: .setAddressDelay
    case .setWithdrawalTerms: .setWithdrawalTerms
    case .approveWithdrawal: .approveWithdrawal
    case .rejectWithdrawal: .rejectWithdrawal
    }
  }
}
