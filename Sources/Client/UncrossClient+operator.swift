// An operator's calls.

public import Formats
public import Wire

extension UncrossClient {
  func operate<Answer: Decodable>(
    _ method: HTTPVerb, _ target: Target, _ body: (some Encodable)?, isSafeToRepeat: Bool
  ) async throws(APIError) -> Answer {
    try await call(
      method, target, body: body.map { JSON.bytes($0) } ?? [], isSafeToRepeat: isSafeToRepeat)
  }

  /// No body.
  private static var nothing: String? { nil }

  // MARK: Assets and markets

  /// Refused with `asset_exists` where it is there, whatever its terms.
  public func createAsset(_ asset: NewAsset) async throws(APIError) -> Applied {
    try await operate(
      .post, Target("v1", "operator", "assets"), asset, isSafeToRepeat: false)
  }

  public func createMarket(_ market: NewMarket) async throws(APIError) -> Applied {
    try await operate(
      .post, Target("v1", "operator", "markets"), market, isSafeToRepeat: false)
  }

  public func changeMarket(
    _ market: String, _ change: MarketTermsChange, reason: String
  ) async throws(APIError) -> Applied {
    try await operate(
      .patch, Target("v1", "operator", "markets", market), Reasoned(change, reason: reason),
      isSafeToRepeat: true)
  }

  public func suspend(_ market: String, reason: String) async throws(APIError) -> Applied {
    try await operate(
      .post, Target("v1", "operator", "markets", market, "suspend"), Reason(reason: reason),
      isSafeToRepeat: false)
  }

  public func resume(_ market: String, reason: String) async throws(APIError) -> Applied {
    try await operate(
      .post, Target("v1", "operator", "markets", market, "resume"), Reason(reason: reason),
      isSafeToRepeat: false)
  }

  /// Sets the reference price and cancels the market's market orders.
  public func setReference(
    _ market: String, to price: DecimalAmount, reason: String
  ) async throws(APIError) -> Applied {
    try await operate(
      .post, Target("v1", "operator", "markets", market, "reference"),
      Reasoned(ReferencePrice(price: price), reason: reason), isSafeToRepeat: false)
  }

  // MARK: Users and keys

  /// Registers a user, or finds the one of this name that holds this very key in this role.
  public func createUser(_ user: NewUser) async throws(APIError) -> UserDetails {
    try await operate(
      .post, Target("v1", "operator", "users"), user, isSafeToRepeat: user.publicKey != nil)
  }

  public func user(named name: String) async throws(APIError) -> UserDetails {
    try await operate(
      .get, Target("v1", "operator", "users").with("name", name), Self.nothing,
      isSafeToRepeat: true)
  }

  /// Where the account had a key before, it waits: see `waitingKeys`.
  public func grant(
    _ key: KeyGrant, to userID: String, reason: String
  ) async throws(APIError) -> KeyGrantOutcome {
    try await operate(
      .post, Target("v1", "operator", "users", userID, "keys"), Reasoned(key, reason: reason),
      isSafeToRepeat: true)
  }

  public func revoke(publicKey: String, reason: String) async throws(APIError) -> KeyOwner {
    try await operate(
      .post, Target("v1", "operator", "keys", publicKey, "revoke"), Reason(reason: reason),
      isSafeToRepeat: false)
  }

  /// Cancels the user's orders and takes none from now on.
  public func freeze(_ userID: String, reason: String) async throws(APIError) -> UserState {
    try await operate(
      .post, Target("v1", "operator", "users", userID, "freeze"), Reason(reason: reason),
      isSafeToRepeat: true)
  }

  public func unfreeze(_ userID: String, reason: String) async throws(APIError) -> UserState {
    try await operate(
      .post, Target("v1", "operator", "users", userID, "unfreeze"), Reason(reason: reason),
      isSafeToRepeat: true)
  }

  public func waitingKeys() async throws(APIError) -> [WaitingKey] {
    let answer: WaitingKeys = try await operate(
      .get, Target("v1", "operator", "key-grants"), Self.nothing, isSafeToRepeat: true)
    return answer.keys
  }

  /// By another operator than the one who asked.
  /// - Parameter signature: of the grant's `approvalDigest`, by the key that signs the request.
  public func approve(
    keyGrant id: String, signature: [UInt8]
  ) async throws(APIError) -> KeyGrantOutcome {
    try await operate(
      .post, Target("v1", "operator", "key-grants", id, "approve"),
      ApprovalSignature(signature: Hex.string(signature)), isSafeToRepeat: false)
  }

  public func refuse(keyGrant id: String, reason: String) async throws(APIError) -> KeyGrantOutcome
  {
    try await operate(
      .post, Target("v1", "operator", "key-grants", id, "refuse"), Reason(reason: reason),
      isSafeToRepeat: false)
  }

  public func operatorDelay() async throws(APIError) -> OperatorDelay {
    try await call(.get, Target("v1", "operator", "operator-delay"), isSafeToRepeat: true)
  }

  public func setOperatorDelay(
    seconds: Int64, reason: String
  ) async throws(APIError) -> SettingChange {
    try await operate(
      .post, Target("v1", "operator", "operator-delay"),
      Reasoned(AddressDelay(seconds: seconds), reason: reason), isSafeToRepeat: true)
  }

  /// What operators did, newest first.
  public func operatorLog(
    operator: String? = nil, action: String? = nil, subject: String? = nil, before: String? = nil,
    limit: Int? = nil
  ) async throws(APIError) -> OperatorLogPage {
    try await call(
      .get,
      Target("v1", "operator", "log").with("operator", `operator`).with("action", action)
        .with("subject", subject).with("before", before).with("limit", limit),
      isSafeToRepeat: true)
  }

  // MARK: Own keys

  public func keys() async throws(APIError) -> OwnKeys {
    try await call(.get, Target("v1", "keys"), isSafeToRepeat: true)
  }

  /// Lets a key that an operator asked for have access to this account.
  public func confirm(keyGrant id: String) async throws(APIError) -> KeyGrantOutcome {
    try await operate(
      .post, Target("v1", "key-grants", id, "confirm"), Self.nothing, isSafeToRepeat: false)
  }

  /// Turns down a key that an operator asked for.
  public func decline(keyGrant id: String) async throws(APIError) -> KeyGrantOutcome {
    try await operate(
      .post, Target("v1", "key-grants", id, "refuse"), Self.nothing, isSafeToRepeat: false)
  }

  // MARK: Funds

  /// Safe to repeat: the request id names the adjustment.
  public func adjust(_ adjustment: NewAdjustment) async throws(APIError) -> AdjustmentOutcome {
    try await operate(
      .post, Target("v1", "operator", "adjustments"), adjustment, isSafeToRepeat: true)
  }

  /// Pauses the engine while its state is written: for proofs, not for polling.
  public func engineState() async throws(APIError) -> EngineState {
    try await operate(
      .get, Target("v1", "operator", "state"), Self.nothing, isSafeToRepeat: true)
  }

  public func waitingAdjustments() async throws(APIError) -> [WaitingAdjustment] {
    let answer: WaitingAdjustments = try await operate(
      .get, Target("v1", "operator", "adjustments"), Self.nothing, isSafeToRepeat: true)
    return answer.adjustments
  }

  /// By another operator than the one who asked.
  /// - Parameter signature: of the adjustment's `approvalDigest`, by the key that signs the
  ///   request.
  public func approve(
    adjustment id: String, signature: [UInt8]
  ) async throws(APIError) -> AdjustmentOutcome {
    try await operate(
      .post, Target("v1", "operator", "adjustments", id, "approve"),
      ApprovalSignature(signature: Hex.string(signature)), isSafeToRepeat: false)
  }

  public func refuse(
    adjustment id: String, reason: String
  ) async throws(APIError) -> AdjustmentOutcome {
    try await operate(
      .post, Target("v1", "operator", "adjustments", id, "refuse"), Reason(reason: reason),
      isSafeToRepeat: false)
  }

  /// Of all users, newest first.
  public func allDeposits(
    status: DepositLine.Status? = nil, before: String? = nil, limit: Int? = nil
  ) async throws(APIError) -> DepositPage {
    try await call(
      .get,
      Target("v1", "operator", "deposits").with("status", status?.rawValue).with("before", before)
        .with("limit", limit),
      isSafeToRepeat: true)
  }

  /// Decides about a deposit in review, once; a credit waits: see `waitingDecisions`.
  public func resolve(
    deposit id: String, _ resolution: NewDepositResolution
  ) async throws(APIError) -> CustodyOutcome {
    try await operate(
      .post, Target("v1", "operator", "deposits", id, "resolution"), resolution,
      isSafeToRepeat: true)
  }

  public func reconciliation() async throws(APIError) -> ReconciliationReport {
    try await call(.get, Target("v1", "operator", "reconciliation"), isSafeToRepeat: true)
  }

  /// The last comparison of chain and books that was made: cheap.
  public func solvency() async throws(APIError) -> SolvencyReport {
    try await call(.get, Target("v1", "operator", "solvency"), isSafeToRepeat: true)
  }

  /// Looks at scanned blocks once more; what was left out is recorded once, however often asked.
  public func rescan(_ rescan: NewRescan) async throws(APIError) -> RescanReport {
    try await operate(
      .post, Target("v1", "operator", "custody", "rescan"), rescan, isSafeToRepeat: true)
  }

  public func custody() async throws(APIError) -> CustodyState {
    try await call(.get, Target("v1", "operator", "custody"), isSafeToRepeat: true)
  }

  // MARK: Withdrawals

  /// Of all users, newest first.
  public func allWithdrawals(
    status: WithdrawalLine.Status? = nil, before: String? = nil, limit: Int? = nil
  ) async throws(APIError) -> WithdrawalPage {
    try await call(
      .get,
      Target("v1", "operator", "withdrawals").with("status", status?.rawValue)
        .with("before", before).with("limit", limit),
      isSafeToRepeat: true)
  }

  public func waitingWithdrawals() async throws(APIError) -> [WaitingWithdrawal] {
    let answer: WaitingWithdrawals = try await operate(
      .get, Target("v1", "operator", "withdrawals", "waiting"), Self.nothing, isSafeToRepeat: true)
    return answer.withdrawals
  }

  /// - Parameter signature: of the withdrawal's `approvalDigest`, by the key that signs the
  ///   request.
  public func approve(
    withdrawal id: String, signature: [UInt8]
  ) async throws(APIError) -> WithdrawalOutcome {
    try await operate(
      .post, Target("v1", "operator", "withdrawals", id, "approve"),
      ApprovalSignature(signature: Hex.string(signature)), isSafeToRepeat: false)
  }

  public func reject(
    withdrawal id: String, reason: String
  ) async throws(APIError) -> WithdrawalOutcome {
    try await operate(
      .post, Target("v1", "operator", "withdrawals", id, "reject"), Reason(reason: reason),
      isSafeToRepeat: false)
  }

  public func setWithdrawalTerms(
    _ terms: WithdrawalTermsLine, reason: String
  ) async throws(APIError) -> SettingChange {
    try await operate(
      .post, Target("v1", "operator", "withdrawal-terms"), Reasoned(terms, reason: reason),
      isSafeToRepeat: true)
  }

  public func setAddressDelay(
    seconds: Int64, reason: String
  ) async throws(APIError) -> SettingChange {
    try await operate(
      .post, Target("v1", "operator", "address-delay"),
      Reasoned(AddressDelay(seconds: seconds), reason: reason), isSafeToRepeat: true)
  }

  public func payouts() async throws(APIError) -> PayoutReport {
    try await operate(.get, Target("v1", "operator", "payouts"), Self.nothing, isSafeToRepeat: true)
  }

  /// Payments go on after a halt.
  public func resumePayouts(reason: String) async throws(APIError) -> Applied {
    try await operate(
      .post, Target("v1", "operator", "payouts", "resume"), Reason(reason: reason),
      isSafeToRepeat: true)
  }

  /// Ends an open payment without paying, if the chain still lets it.
  public func cancelPayout(nonce: String, reason: String) async throws(APIError) -> Applied {
    try await operate(
      .post, Target("v1", "operator", "payouts", nonce, "cancel"), Reason(reason: reason),
      isSafeToRepeat: true)
  }

  /// Says what became of a payment that is held; that it has not paid waits: see
  /// `waitingDecisions`.
  public func resolvePayout(
    nonce: String, _ resolution: PayoutResolution
  ) async throws(APIError) -> CustodyOutcome {
    try await operate(
      .post, Target("v1", "operator", "payouts", nonce, "resolve"), resolution,
      isSafeToRepeat: true)
  }

  // MARK: What waits for a second operator

  public func waitingDecisions() async throws(APIError) -> [WaitingDecision] {
    let answer: WaitingDecisions = try await operate(
      .get, Target("v1", "operator", "custody-decisions"), Self.nothing, isSafeToRepeat: true)
    return answer.decisions
  }

  /// By another operator than the one who asked; the same again is answered alike.
  /// - Parameter signature: of the decision's `approvalDigest`, by the key that signs the request.
  public func approve(
    decision id: String, signature: [UInt8]
  ) async throws(APIError) -> CustodyOutcome {
    try await operate(
      .post, Target("v1", "operator", "custody-decisions", id, "approve"),
      ApprovalSignature(signature: Hex.string(signature)), isSafeToRepeat: true)
  }

  public func refuse(decision id: String, reason: String) async throws(APIError) -> CustodyOutcome {
    try await operate(
      .post, Target("v1", "operator", "custody-decisions", id, "refuse"), Reason(reason: reason),
      isSafeToRepeat: false)
  }

  // MARK: Sweeps

  /// How sweeps stand.
  public func sweeps() async throws(APIError) -> SweepReport {
    try await operate(.get, Target("v1", "operator", "sweeps"), Self.nothing, isSafeToRepeat: true)
  }

  /// What can be swept of a page of deposit addresses.
  public func sweepPlan(
    asset: String, minimum: DecimalAmount, after: String? = nil
  ) async throws(APIError) -> SweepPlanPage {
    try await operate(
      .get,
      Target("v1", "operator", "sweeps", "plan").with("asset", asset)
        .with("minimum", "\(minimum)").with("after", after), Self.nothing, isSafeToRepeat: true)
  }

  /// Gas for the addresses of that page that lack it.
  public func topUp(_ topUps: NewTopUps) async throws(APIError) -> TopUpOutcome {
    try await operate(
      .post, Target("v1", "operator", "sweeps", "top-ups"), topUps, isSafeToRepeat: true)
  }

  /// Gives signed sweeps to the exchange, which sends them until the chain has them.
  public func submit(sweeps: SignedSweeps) async throws(APIError) -> SweepOutcomes {
    try await operate(.post, Target("v1", "operator", "sweeps"), sweeps, isSafeToRepeat: true)
  }

  public func balances(ofUser userID: String) async throws(APIError) -> [AssetBalance] {
    let answer: BalanceList = try await operate(
      .get, Target("v1", "operator", "balances").with("user", userID), Self.nothing,
      isSafeToRepeat: true)
    return answer.balances
  }

  /// The venue's figures in the Prometheus text format.
  public func metrics() async throws(APIError) -> String {
    let bytes = try await callForBytes(
      .get, Target("v1", "operator", "metrics"), isSafeToRepeat: true)
    return String(decoding: bytes, as: UTF8.self)
  }
}
