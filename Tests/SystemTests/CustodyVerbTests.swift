// Custody as its users and operators type it: each verb on a real exchange with a real chain and
// signer, what it prints, how it refuses; and a deposit's events and the door of EIP-55.

import AsyncHTTPClient
import Client
import Formats
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import Wire

@Suite(.serialized) struct CustodyVerbTests {
  /// With the checksums of EIP-55, whose examples they are.
  private static let cold = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
  private static let (second, third) = (
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
  )
  private static let mistyped = "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
  private static let checksum =
    "the checksum does not fit (EIP-55): a digit or a letter's case is wrong"
  private static let gwei = 1_000_000_000

  @Test func everyVerbDoesWhatItSays() async throws {
    try await ExchangeProcess.with { exchange in
      let arguments = ["--no-demo", "--chain-block-seconds", "0.2"]
      try await exchange.start(arguments, withChain: true)
      let scene = try await CustodyScene.open(exchange)
      try await whereItIsPaidIn(scene)
      try await theBookOfAddresses(scene)
      try await theDoorOfAddresses(scene)
      try await aDepositIsFollowed(scene)
      try await depositsAreListed(scene)
      try await termsAreSet(scene)
      try await withdrawalsAreAskedFor(scene)
      try await operatorsDecide(scene)
      try await bothArePaid(scene)
      try await paymentsAreMended(scene)
      try await sweepsAreListed(scene)
      try await chainAndBooksAgree(scene)
      try await chainAndBooksDiffer(scene)
      try await whatIsOwedIsNotHeld(scene)
      try await aCheckFails(scene)
      try await aCreditTakesTwo(scene)
      try await theLastCheckIsKept(scene, arguments)
      try await exchange.stop()
    }
  }

  // MARK: Paying in

  private func whereItIsPaidIn(_ scene: CustodyScene) async throws {
    let lines = try await scene.lines("deposit-address", as: "anna")
    let address = try await scene.anna.depositAddress()
    #expect(lines.first == "\(address.address) on dev (chain id 31337)")
    #expect(lines.dropFirst(2).map { $0.prefix(3) } == ["ETH", "USD", "BTC"])
    #expect(lines[2].contains("the chain's coin") && lines[4].hasSuffix("when final"))
    #expect(try await scene.lines("deposits", as: "anna") == ["no deposits"])
    try await scene.refuse("deposit-address", as: "operator", "forbidden: ")
    let keyless = ["deposit-address", "--api", scene.api]
    try await scene.misuse(keyless, "this verb signs: name a key with --key FILE or UNCROSS_KEY")
    try await scene.refuse(
      keyless + ["--key", "/none.pem"], "key file /none.pem: cannot be opened", status: 64)
    try await scene.refuse(
      ["custody", "--api", "http://127.0.0.1:1", "--key", scene.key("operator")], "no_answer: ",
      status: 69)
  }

  /// Open before the payment, a stream tells every step of it; `GET /v1/deposits` says the same of
  /// the last.
  private func aDepositIsFollowed(_ scene: CustodyScene) async throws {
    // Nothing more becomes final until the credit was told: what it is final with is more than
    // before.
    try await wait("the chain to rest") {
      let state = try await scene.admin.custody()
      return state.state == "caught_up" && state.scannedBlock == state.latestBlock
        && state.finalizedBlock == (state.latestBlock ?? 0) - 4
    }
    let final = Int(try await scene.admin.custody().finalizedBlock)
    try await scene.chain.call("dev_options", [["finalized_stalled": final]])
    let own = try await DepositStream.open(scene, as: "anna")
    let operators = try await DepositStream.open(scene, as: "operator")
    let hash = try await scene.chain.pay(
      scene.anna.depositAddress().address, "ETH", 3 * Self.gwei * Self.gwei)
    try await wait("the credit to be told") { try own.steps().last?.status == .credited }
    let credited = try #require(try own.steps().last)
    try await scene.chain.call("evm_mine", [1])
    try await wait("one more confirmation") {
      let tip = try await scene.admin.custody().scannedBlock ?? 0
      return tip - credited.block + 1 > credited.confirmations
    }
    try await scene.chain.call("dev_options", [["finalized_stalled": Int(Int32.max)]])
    try await wait("the deposit to be final") { try own.steps().last?.status == .final }
    let steps = try own.steps()
    // It is confirming twice: deeper in the chain, and when its credit got its number.
    let statuses = steps.map(\.status).reduce(into: [DepositLine.Status]()) { statuses, status in
      if statuses.last != status { statuses.append(status) }
    }
    #expect(statuses == [.seen, .confirming, .credited, .final])
    for (step, next) in zip(steps, steps.dropFirst()) {
      #expect(step.confirmations <= next.confirmations, "\(step) \(next)")
    }
    let last = try #require(steps.last)
    #expect(last.confirmations > credited.confirmations && credited.confirmations >= 3)
    #expect(steps.allSatisfy { $0.transaction == hash && $0.user == scene.user })
    #expect(last.amount == DecimalAmount("3") && last.credited == DecimalAmount("3"))
    let page = try await scene.anna.deposits()
    var listed = try #require(page.deposits.first)
    #expect(page.deposits.count == 1 && listed.confirmations >= last.confirmations)
    listed.confirmations = last.confirmations
    #expect(listed == last)
    // An operator has a stream too, of its own deposits: none.
    #expect(try operators.steps().isEmpty)
    own.close()
    operators.close()
  }

  private func depositsAreListed(_ scene: CustodyScene) async throws {
    for (verb, user) in [("deposits", "anna"), ("deposits --all --status final", "operator")] {
      let lines = try await scene.lines(verb, as: user)
      let words = lines.last?.split(separator: " ").map { String($0) } ?? []
      #expect(lines.count == 2 && words.count == 10, "\(lines)")
      #expect(words.dropFirst().prefix(5) == ["1", scene.user, "ETH", "3", "final"])
      #expect(words.last == "n")
    }
    let custody = try await scene.lines("custody", as: "operator")
    #expect(custody.first?.hasPrefix("chain      dev (id 31337), ") == true, "\(custody)")
    #expect(custody.contains("deposits   1 credited, 0 taken back"), "\(custody)")
    #expect(custody.contains { $0.hasPrefix("node 1     127.0.0.1:") && $0.hasSuffix(", in use") })
    #expect(custody.contains("loss       0 ETH"))
    try await scene.misuse(
      "deposits --status gone", as: "anna", "The value 'gone' is invalid for '--status <status>'")
    try await scene.refuse("deposits --all", as: "anna", "forbidden: ")
    try await scene.refuse("custody", as: "anna", "forbidden: ")
    try await scene.misuse("deposits --limit 0", as: "anna", "--limit is 1 to 1000")
    try await scene.refuse(
      "resolve-deposit 1 --credit --reason seen", as: "operator", "deposit_not_in_review: ")
    try await scene.refuse(
      "resolve-deposit 99 --reject --reason seen", as: "operator", "deposit_not_found: ")
    try await scene.misuse(
      "resolve-deposit 1 --credit --reject --reason seen", as: "operator",
      "either --credit or --reject")
  }

  // MARK: Addresses

  private func theBookOfAddresses(_ scene: CustodyScene) async throws {
    #expect(try await scene.lines("address list", as: "anna") == ["no addresses"])
    let added = try await scene.lines("address add \(Self.cold) --label cold", as: "anna")
    #expect(added.count == 1 && added[0].hasPrefix("\(Self.cold) on dev is usable from 20"))
    let listed = try await scene.lines("address list", as: "anna")
    let words = listed.last?.split(separator: " ").map { String($0) } ?? []
    #expect(listed.count == 2 && words.prefix(3) == [Self.cold, "dev", "cold"], "\(listed)")
    try await scene.refuse("address add \(Self.cold)", as: "anna", "address_exists: ")
    try await scene.refuse("address add \(Self.cold)", as: "operator", "forbidden: ")
    try await scene.refuse(
      "address remove \(Self.second)", as: "anna", "address_not_listed: ")
    let removed = try await scene.lines("address remove \(Self.cold)", as: "anna")
    #expect(removed == ["\(Self.cold) is removed"])
    #expect(try await scene.lines("address list", as: "anna") == ["no addresses"])
    let refusal = try await scene.refuse(
      "address add \(Self.mistyped)", as: "anna", "address_invalid: \(Self.checksum)")
    #expect(!refusal.contains(Self.cold))
    try await scene.misuse("address add", as: "anna", "Missing expected argument '<address>'")
  }

  /// By EIP-55, and nothing that is the venue's own or no account. Nobody is told the checksum that
  /// would do.
  private func theDoorOfAddresses(_ scene: CustodyScene) async throws {
    let terms = try await scene.anna.depositAddress()
    let contract = try #require(terms.assets.compactMap(\.contract).first)
    let nothing = "nothing is paid to "
    for (address, reason) in [
      (Self.mistyped, Self.checksum),
      ("0x" + Self.third.dropFirst(2).uppercased(), Self.checksum),
      (String(Self.cold.dropLast()) + "e", Self.checksum),
      (String(Self.cold.dropFirst(2)), "an address begins with 0x"),
      (String(Self.cold.dropLast()), "an address has 40 hexadecimal digits after 0x"),
      (
        String(Self.cold.dropLast()) + "g",
        "an address has nothing but hexadecimal digits after 0x"
      ),
      ("0x" + String(repeating: "0", count: 40), nothing + "the zero address"),
      (terms.address, nothing + "a deposit address of this venue"),
      (contract, nothing + "the contract of a token"),
      (try await scene.admin.payouts().sender, nothing + "an address of the venue"),
    ] {
      let error = try await #require(throws: APIError.self, "\(address)") {
        try await scene.anna.add(NewWithdrawalAddress(address: address))
      }
      #expect(error.status == 422 && error.code == "address_invalid", "\(error)")
      #expect(error.message == reason, "\(address): \(error)")
    }
    for (address, written) in [
      (Self.cold, Self.cold), (Self.second.lowercased(), Self.second),
      (Self.third, Self.third),
    ] {
      let line = try await scene.anna.add(NewWithdrawalAddress(address: address))
      #expect(line.address == written)
    }
  }

  // MARK: Taking out

  private func termsAreSet(_ scene: CustodyScene) async throws {
    let rest =
      "--minimum 0.01 --fee 0.001 --user-day-limit 50 --venue-day-limit 5000 --approval-above 0.5 "
      + "--approvals 2 --reason opening"
    let set = try await scene.lines(
      "withdrawal-terms ETH --chain dev \(rest)", as: "operator")
    #expect(set.count == 1 && set[0].hasPrefix("ETH: set at 20"), "\(set)")
    for (terms, user, code) in [
      ("NONE --chain dev", "operator", "unknown_asset: "),
      ("ETH --chain nowhere", "operator", "unknown_chain: "),
      ("ETH --chain dev", "anna", "forbidden: "),
    ] {
      try await scene.refuse("withdrawal-terms \(terms) \(rest)", as: user, code)
    }
    try await scene.misuse(
      "withdrawal-terms ETH --chain dev", as: "operator", "Missing expected argument '--minimum")
    let delayed = try await scene.lines("address-delay 30 --reason careful", as: "operator")
    #expect(delayed.count == 1 && delayed[0].hasPrefix("dev: set at 20"), "\(delayed)")
    let young = "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"
    _ = try await scene.lines("address add \(young)", as: "anna")
    try await scene.refuse("withdraw 0.1 ETH \(young)", as: "anna", "address_too_new: ")
    try await whatLoosensWaits(scene)
    try await scene.refuse(
      "address-delay 999999999999 --reason never", as: "operator", "withdrawal_terms_invalid: ")
    try await scene.refuse("address-delay 0 --reason quick", as: "anna", "forbidden: ")
    try await scene.misuse(
      "address-delay soon --reason quick", as: "operator", "The value 'soon' is invalid")
  }

  /// Terms that are looser, until they are called off; and a delay that was raised a moment ago
  /// from nothing, which is taken back at once.
  private func whatLoosensWaits(_ scene: CustodyScene) async throws {
    func terms(userDayLimit: Int) -> String {
      "ETH --chain dev --minimum 0.01 --fee 0.001 --user-day-limit \(userDayLimit) "
        + "--venue-day-limit 5000 --approval-above 0.5 --approvals 2 --reason more"
    }
    let looser = try await scene.lines(
      "withdrawal-terms " + terms(userDayLimit: 60), as: "operator")
    #expect(looser.count == 1 && looser[0].hasPrefix("ETH: in force from 20"), "\(looser)")
    let shorter = try await scene.lines("address-delay 0 --reason quick", as: "operator")
    #expect(shorter.count == 1 && shorter[0].hasPrefix("dev: set at 20"), "\(shorter)")
    func listed() async throws -> (last: String, words: [[String]]) {
      let lines = try await scene.lines("withdrawals --terms", as: "anna")
      return (lines.last ?? "", lines.map { $0.split(separator: " ").map { String($0) } })
    }
    let line = ["ETH", "dev", "0.01", "0.001", "50", "5000", "0.5", "2", "now"]
    let before = try await listed()
    #expect(before.last == "a new address is usable after 0 s")
    #expect(before.words.contains(line), "\(before)")
    #expect(
      before.words.contains { $0.prefix(5) == ["ETH", "dev", "0.01", "0.001", "60"] }, "\(before)")
    _ = try await scene.lines("withdrawal-terms " + terms(userDayLimit: 50), as: "operator")
    let after = try await listed()
    #expect(after.last == "a new address is usable after 0 s" && after.words.contains(line))
    #expect(after.words.filter { $0.first == "ETH" }.count == 1, "\(after)")
  }

  private func withdrawalsAreAskedFor(_ scene: CustodyScene) async throws {
    #expect(try await scene.lines("withdrawals", as: "anna") == ["no withdrawals"])
    #expect(try await scene.lines("withdrawals --waiting", as: "operator") == ["none waits"])
    let small = try await scene.lines("withdraw 0.1 ETH \(Self.cold) --id small", as: "anna")
    #expect(small == ["withdrawal 1: 0.1 ETH to \(Self.cold), fee 0.001, approved"])
    let again = try await scene.lines("withdraw 0.1 ETH \(Self.cold) --id small", as: "anna")
    #expect(again.first?.hasPrefix("withdrawal 1: 0.1 ETH to \(Self.cold)") == true)
    for (id, amount) in [("2", "0.6"), ("3", "0.7"), ("4", "0.8")] {
      let large = try await scene.lines("withdraw \(amount) ETH \(Self.cold)", as: "anna")
      #expect(
        large == [
          "withdrawal \(id): \(amount) ETH to \(Self.cold), fee 0.001, waits for 2 operators"
        ])
    }
    for (what, code) in [
      ("0.2 ETH \(Self.cold) --id small", "duplicate_client_withdrawal_id: "),
      ("0.001 ETH \(Self.cold)", "withdrawal_too_small: "),
      ("49 ETH \(Self.cold)", "user_day_limit: "), ("4 ETH \(Self.cold)", "insufficient_funds: "),
      ("1 NONE \(Self.cold)", "unknown_asset: "),
      ("0.1 ETH 0x\(String(repeating: "1", count: 40))", "address_not_listed: "),
      ("0.1 ETH \(Self.mistyped)", "address_invalid: \(Self.checksum)"),
    ] {
      try await scene.refuse("withdraw \(what)", as: "anna", code)
    }
    try await scene.misuse("withdraw x ETH \(Self.cold)", as: "anna", "The value 'x' is invalid")
    let waiting = try await scene.lines("withdrawals --waiting", as: "operator")
    let ids = waiting.dropFirst().compactMap { $0.split(separator: " ").first }
    #expect(ids == ["2", "3", "4"] && waiting.dropFirst().allSatisfy { $0.hasSuffix(" -") })
    // The table follows the engine some milliseconds later.
    try await wait("the requests to be listed") {
      try await scene.anna.withdrawals(status: .requested).withdrawals.count == 3
    }
    let all = try await scene.lines("withdrawals --all --status requested", as: "operator")
    #expect(all.count == 4, "\(all)")
    try await scene.refuse("withdrawals --waiting", as: "anna", "forbidden: ")
    try await scene.misuse(
      "withdrawals --status gone", as: "anna", "The value 'gone' is invalid for '--status")
  }

  private func operatorsDecide(_ scene: CustodyScene) async throws {
    #expect(
      try await scene.lines("cancel-withdrawal 3", as: "anna") == ["withdrawal 3 is cancelled"])
    #expect(
      try await scene.lines("reject-withdrawal 4 --reason sanctioned", as: "operator") == [
        "withdrawal 4 is rejected"
      ])
    for (verb, user, code) in [
      ("cancel-withdrawal 3", "anna", "withdrawal_finished: "),
      ("cancel-withdrawal 99", "anna", "withdrawal_not_found: "),
      ("cancel-withdrawal 2", "operator", "forbidden: "),
      ("reject-withdrawal 4 --reason again", "operator", "withdrawal_finished: "),
      ("reject-withdrawal 2 --reason mine", "anna", "forbidden: "),
      ("approve-withdrawal 2", "anna", "forbidden: "),
      ("approve-withdrawal 99", "operator", "no withdrawal 99 waits for approval"),
    ] {
      try await scene.refuse(verb, as: user, code)
    }
    try await scene.misuse(
      "reject-withdrawal 2", as: "operator", "Missing expected argument '--reason")
    try await approve(scene, try #require(try await scene.admin.waitingWithdrawals().first))
    try await scene.refuse(
      "approve-withdrawal 2", as: "second", "no withdrawal 2 waits for approval")
  }

  /// Two operators, each by the digest of what both were shown; no other digest signs anything.
  private func approve(_ scene: CustodyScene, _ waiting: WaitingWithdrawal) async throws {
    let digest = Hex.string(waiting.withdrawal.approvalDigest)
    #expect(digest == waiting.digest && waiting.withdrawal.id == "2")
    let fields =
      waiting.withdrawal.approvalText.split(separator: "\n").map { String($0) }
      + ["digest \(digest)"]
    let shown = try await scene.lines("approve-withdrawal 2", as: "operator")
    #expect(shown == fields + ["to approve this: --yes \(digest)"])
    let other = String(repeating: "0", count: 64)
    let refused = try await scene.lines(
      "approve-withdrawal 2 --yes \(other)", as: "operator", status: 1)
    #expect(
      Set(refused)
        == Set(fields + ["nothing is signed: the fields of withdrawal 2 have another digest"]))
    for wrong in ["--yes", "--yes yes", "--yes \(digest.dropLast())"] {
      try await scene.misuse("approve-withdrawal 2 \(wrong)", as: "operator", "--yes")
    }
    #expect(try await scene.admin.waitingWithdrawals().first?.approvedBy == [])
    let first = try await scene.lines("approve-withdrawal 2 --yes \(digest)", as: "operator")
    #expect(first == fields + ["withdrawal 2 is requested, 1 more must approve"])
    let twice = try await scene.lines(
      "approve-withdrawal 2 --yes \(digest)", as: "operator", status: 1)
    #expect(twice.contains { $0.hasPrefix("approval_repeated: ") }, "\(twice)")
    let table = try await scene.lines("withdrawals --waiting", as: "second")
    #expect(table.count == 2 && table[1].hasSuffix(" 1"), "\(table)")
    let second = try await scene.lines(
      "approve-withdrawal 2 --yes \(digest.uppercased())", as: "second")
    #expect(second == fields + ["withdrawal 2 is approved"])
  }

  private func bothArePaid(_ scene: CustodyScene) async throws {
    try await wait("the payments to be final") {
      try await scene.anna.withdrawals(status: .confirmed).withdrawals.count == 2
    }
    #expect(
      try await scene.chain.balance(of: Self.cold) == 700_000_000_000_000_000, "0.1 and 0.6 ether")
    let lines = try await scene.lines("withdrawals", as: "anna")
    let statuses = lines.dropFirst().map { $0.split(separator: " ")[6] }
    #expect(statuses == ["rejected", "cancelled", "confirmed", "confirmed"], "\(lines)")
    try await scene.refuse("cancel-withdrawal 1", as: "anna", "withdrawal_finished: ")
  }

  private func paymentsAreMended(_ scene: CustodyScene) async throws {
    let sender = try await scene.admin.payouts().sender
    let shown = try await scene.lines("payouts", as: "operator")
    #expect(shown.first?.hasPrefix("wallet     \(sender) on dev, ") == true, "\(shown)")
    #expect(shown.contains("next nonce 2") && shown.last == "no open payments", "\(shown)")
    try await scene.refuse("payouts", as: "anna", "forbidden: ")
    for verb in ["cancel 99", "resolve 99 paid"] {
      try await scene.refuse("payouts \(verb) --reason stuck", as: "operator", "not_found: no ")
    }
    try await scene.misuse(
      "payouts resolve 99 maybe --reason stuck", as: "operator", "the outcome is paid")
    try await scene.misuse(
      "payouts cancel 99", as: "operator", "Missing expected argument '--reason")
    #expect(
      try await scene.lines("payouts resume --reason checked", as: "operator") == [
        "payments on dev go on"
      ])
  }

  private func sweepsAreListed(_ scene: CustodyScene) async throws {
    #expect(try await scene.lines("sweep", as: "operator") == ["no open sweeps"])
    try await scene.refuse("sweep", as: "anna", "forbidden: ")
    let plan = scene.exchange.root + "/plan.json"
    let verb = "sweep --plan \(plan) --asset ETH --minimum 1"
    let lines = try await scene.lines(verb, as: "operator")
    #expect(
      lines.contains { $0.hasPrefix("\(plan): 1 to sign, all to 0x") } && lines.count == 3,
      "\(lines)")
    try await scene.refuse(
      verb, as: "operator", "\(plan): it exists, or cannot be written", status: 74)
    try await scene.refuse(
      "sweep --top-up --asset NONE", as: "operator", "unknown_asset: ")
    try await scene.misuse("sweep --top-up", as: "operator", "--asset is missing")
    try await scene.misuse(
      "sweep --plan x --top-up --asset ETH", as: "operator", "at a time")
  }
}

// MARK: - Who types

/// An exchange with a trader and two operators, whose verbs are run as they type them.
struct CustodyScene: Sendable {
  let exchange: ExchangeProcess
  let chain: ChainProbe
  let api: String
  let admin: UncrossClient
  let anna: UncrossClient
  /// Anna's id.
  let user: String

  static func open(_ exchange: ExchangeProcess) async throws -> CustodyScene {
    let admin = try exchange.client(try exchange.operatorSigner())
    let treasurer = try exchange.client(try exchange.treasurerSigner())
    func enter(
      _ name: String, _ role: KeyRole, by admin: UncrossClient
    ) async throws -> (String, RequestSigner) {
      let signer = RequestSigner()
      try signer.writeKeyFile("\(exchange.root)/\(name).pem")
      let grant = KeyGrant(publicKey: signer.publicKeyHex, role: role)
      return (try await admin.createUser(NewUser(name: name, key: grant)).userID, signer)
    }
    // The treasurer registers anna, so the two operators who approve have nothing to do with her
    // account.
    let (user, signer) = try await enter("anna", .trader, by: treasurer)
    _ = try await enter("second", .operator, by: admin)
    for waiting in try await treasurer.waitingKeys() {
      let signature = try exchange.treasurerSigner().sign(digest: waiting.approvalDigest)
      _ = try await treasurer.approve(keyGrant: waiting.grantID, signature: signature)
    }
    return CustodyScene(
      exchange: exchange, chain: ChainProbe(url: try #require(exchange.chain)),
      api: try #require(exchange.api), admin: admin, anna: try exchange.client(signer), user: user)
  }

  /// The file of a user's key.
  func key(_ user: String) -> String {
    user == "operator"
      ? exchange.data + "/keys/operator.pem" : "\(exchange.root)/\(user).pem"
  }

  private func arguments(_ verb: String, _ user: String) -> [String] {
    verb.split(separator: " ").map { String($0) } + ["--api", api, "--key", key(user)]
  }

  /// What a verb prints.
  func lines(
    _ verb: String, as user: String, status: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> [String] {
    let result = try await exchange.run(arguments(verb, user))
    #expect(
      result.status == status, "\(verb): \(result.output)", sourceLocation: sourceLocation)
    return result.output.split(separator: "\n").map { String($0) }
  }

  /// One line says why, and the status is not 0.
  @discardableResult
  func refuse(
    _ verb: String, as user: String, _ reason: String, status: Int32 = 1,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    try await refuse(
      arguments(verb, user), reason, status: status, sourceLocation: sourceLocation)
  }

  @discardableResult
  func refuse(
    _ arguments: [String], _ reason: String, status: Int32,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let result = try await exchange.run(arguments)
    let lines = result.output.split(separator: "\n")
    #expect(
      result.status == status && lines.count == 1 && result.output.hasPrefix(reason),
      "\(arguments): \(result)", sourceLocation: sourceLocation)
    return result.output
  }

  /// What cannot be a command line at all: its first line says why, how it is used follows.
  func misuse(
    _ verb: String, as user: String, _ reason: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await misuse(arguments(verb, user), reason, sourceLocation: sourceLocation)
  }

  func misuse(
    _ arguments: [String], _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let result = try await exchange.run(arguments)
    let first = result.output.split(separator: "\n").first ?? ""
    #expect(
      result.status == 64 && first.hasPrefix("Error: ") && first.contains(reason),
      "\(arguments): \(result)", sourceLocation: sourceLocation)
  }

  /// One of custody's metrics; nil where it is not there.
  func figure(_ name: String, _ labels: String) async throws -> Double? {
    let sample = "uncross_custody_\(name){\(labels)} "
    let line = try await admin.metrics().split(separator: "\n").first { $0.hasPrefix(sample) }
    return line.flatMap { Double($0.dropFirst(sample.count)) }
  }
}

/// A user's deposits as they are told to a stream that stays open.
private final class DepositStream: Sendable {
  private static let path = "/v1/deposits/events"

  private let text = Mutex("")
  private let reading = Mutex<Task<Void, Never>?>(nil)

  static func open(_ scene: CustodyScene, as user: String) async throws -> DepositStream {
    var request = HTTPClientRequest(url: scene.api + path)
    let fields = try RequestSigner(keyFile: scene.key(user)).sign(
      method: "GET", target: path, body: [], created: Timestamp.now().seconds)
    for field in fields.all { request.headers.add(name: field.name, value: field.value) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
    guard response.status == .ok else { throw TestFailure("\(user): \(response.status)") }
    let stream = DepositStream()
    let task = Task {
      do {
        for try await chunk in response.body {
          stream.text.withLock { $0 += String(buffer: chunk) }
        }
      } catch {
        // It was closed.
      }
    }
    stream.reading.withLock { $0 = task }
    return stream
  }

  func close() { reading.withLock { $0?.cancel() } }

  /// Those that came whole.
  func steps() throws -> [DepositLine] {
    let events = text.withLock { $0 }.components(separatedBy: "\n\n").dropLast()
    return try events.filter { $0.contains("event: deposit\n") }.map { event in
      let data = event.split(separator: "\n").first { $0.hasPrefix("data: ") }
      return try JSON.value(from: Array(try #require(data).dropFirst(6).utf8))
    }
  }
}
