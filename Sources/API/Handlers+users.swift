// The operator's routes about users and keys, and a user's own keys.

internal import Crypto
internal import Engine
internal import Formats
internal import Wire

extension Handlers {
  // MARK: Users

  /// Registers a name, then its key. Where the name exists, it must hold this very key in this role
  /// already: a second person of the same name must not get the first one's account.
  func createUser(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let new: NewUser = try call.decoded()
    let name = new.name
    let grant = try Self.grant(new)
    let reason = try checkedReason(new.reason ?? "the first key of a new user")
    if let grant { try await checkFirst(grant, for: name, by: user) }
    let reply = try await submit(
      [.operation(.registerUser(name: name), by: user.authority(""))], of: user)[0]
    guard let id = UserID(exactly: reply.id) else {
      preconditionFailure("the engine gave a user id beyond its type")
    }
    switch reply.rejection {
    case nil: if let grant { try await grantFirst(grant, to: id, by: user, reason) }
    case .nameTaken:
      guard let grant, try await isAsked(grant, for: id) else { throw Refusal(.nameTaken) }
    case let rejection?: throw Refusal(rejection)
    }
    return .json(try await details(id))
  }

  /// The name is registered by now: what keeps the key away must not read as if nothing happened.
  private func grantFirst(
    _ grant: KeyFields, to id: UserID, by user: Identity, _ reason: String
  ) async throws(Refusal) {
    do throws(Refusal) {
      _ = try await submit(
        .registerKey(user: id, key: grant.key, role: grant.role, expiresAt: grant.expiresAt),
        by: user, reason)
    } catch {
      throw Refusal(
        .outcomeUnknown, "user \(id) is registered, its key may not be (\(error.code)): grant it")
    }
  }

  /// Whether the user holds this very key, in this role and until this end, or it waits.
  private func isAsked(_ grant: KeyFields, for id: UserID) async throws(Refusal) -> Bool {
    let whole = AccessGrant(
      user: id, key: grant.key, role: grant.role, expiresAt: grant.expiresAt)
    let held = ListedKey(
      key: grant.key, user: id, role: grant.role, expiresAt: grant.expiresAt)
    if directory.user(id)?.keys.contains(held) == true { return true }
    return try await read { engine in
      engine.pendingKeyGrants(of: id).contains { $0.grant == whole }
    }
  }

  /// What keeps a first key away is refused before the name is taken: somebody else's key, an end
  /// that has passed, an operator's key where too many wait.
  private func checkFirst(
    _ grant: KeyFields, for name: String, by user: Identity
  ) async throws(Refusal) {
    if let holder = directory.holder(of: grant.key) {
      guard holder.role == grant.role, directory.user(holder.user)?.name == name else {
        throw Refusal(.keyTaken)
      }
    }
    guard Self.isName(name) else { return }
    let (isKnown, time, waiting) = try await read { engine in
      (engine.user(named: name) != nil, engine.time, engine.pendingKeyGrants())
    }
    // Nothing is done for a name that is there: the whole key is compared.
    if isKnown { return }
    guard grant.expiresAt == 0 || grant.expiresAt > max(time, clock.microseconds()) else {
      throw Refusal(.expiryPassed)
    }
    if grant.role == .operator {
      guard waiting.count < Bounds.maximumKeyGrants,
        waiting.count(where: { $0.authority.user == user.user }) < Bounds.maximumPendingOfOperator
      else { throw Refusal(.tooManyApprovals) }
    }
  }

  func findUser(_ call: Call) async throws(Refusal) -> Answer {
    let name = call.query.required("name")
    guard Self.isName(name), let id = try await read({ $0.user(named: name) }) else {
      throw Refusal(.unknownUser)
    }
    return .json(try await details(id))
  }

  private func details(_ id: UserID) async throws(Refusal) -> UserDetails {
    guard let user = directory.user(id) else { throw Refusal(.unknownUser) }
    let waiting = try await read { $0.pendingKeyGrants(of: id) }
    return UserDetails(
      userID: String(id), name: user.name, frozen: user.isFrozen,
      keys: user.keys.map { KeyGrant($0) }, waitingKeys: waiting.map(Self.line),
      registeredAt: Timestamp(microseconds: user.registered))
  }

  func user(_ text: String) throws(Refusal) -> UserID {
    // The account for losses is nobody's, but an operator looks at it and makes losses good.
    guard let id: UserID = Self.number(text),
      directory.user(id) != nil || id == Bounds.lossAccount
    else { throw Refusal(.unknownUser) }
    return id
  }

  func setFrozen(
    _ call: Call, _ operator: Identity, _ isFrozen: Bool
  ) async throws(Refusal) -> Answer {
    let id = try user(call.parameters[0])
    let reason = try call.reason()
    let reply = try await submit(
      .setFrozen(user: id, frozen: isFrozen), by: `operator`, reason)
    var cancelled: Int64 = 0
    if case .cancelledAll(let count) = reply.outcome { cancelled = count }
    return .json(
      UserState(userID: String(id), frozen: isFrozen, cancelledOrders: Int(cancelled)))
  }

  // MARK: Keys

  private struct KeyFields {
    var key: PublicKey
    var role: Role
    var expiresAt: Microseconds

    init(_ grant: KeyGrant) throws(Refusal) {
      guard let key = Handlers.key(grant.publicKey) else {
        throw .wrong("public_key", "64 lower-case hex digits")
      }
      self.key = key
      role = grant.role.engine
      // 0 stands for none in the engine: an end then or before is the first microsecond, which has
      // passed as well.
      expiresAt = grant.expiresAt.map { max($0.microseconds, 1) } ?? 0
    }
  }

  /// `public_key`, `role` and, if it ends, `expires_at`: all or none.
  private static func grant(_ new: NewUser) throws(Refusal) -> KeyFields? {
    if new.publicKey == nil, new.role == nil, new.expiresAt == nil { return nil }
    guard let key = new.publicKey, let role = new.role else {
      throw Refusal(.badRequest, "`public_key` and `role` come together")
    }
    return try KeyFields(KeyGrant(publicKey: key, role: role, expiresAt: new.expiresAt))
  }

  private static func key(_ text: String) -> PublicKey? {
    Hex.bytes(text).flatMap { PublicKey($0) }
  }

  func grantKey(_ call: Call, _ operator: Identity) async throws(Refusal) -> Answer {
    let id = try user(call.parameters[0])
    let request: Reasoned<KeyGrant> = try call.decoded()
    let grant = try KeyFields(request.body)
    let reason = try request.checkedReason()
    let reply = try await submit(
      .registerKey(user: id, key: grant.key, role: grant.role, expiresAt: grant.expiresAt),
      by: `operator`, reason)
    var outcome = KeyGrantOutcome(
      publicKey: Hex.string(grant.key.bytes), userID: String(id), status: .granted)
    if case .waits(let id) = reply.outcome {
      outcome.status = .waiting
      outcome.grantID = String(id)
    }
    return .json(outcome)
  }

  func revokeKey(_ call: Call, _ operator: Identity) async throws(Refusal) -> Answer {
    guard let key = Self.key(call.parameters[0]) else { throw Refusal(.keyNotFound) }
    let reason = try call.reason()
    let reply = try await submit(.revokeKey(key), by: `operator`, reason)
    return .json(KeyOwner(publicKey: Hex.string(key.bytes), userID: String(reply.id)))
  }

  // MARK: Keys that wait

  func waitingKeys() async throws(Refusal) -> Answer {
    let views = try await read { $0.pendingKeyGrants() }
    return .json(WaitingKeys(keys: views.map(Self.line)))
  }

  private static func line(_ view: PendingKeyGrantView) -> WaitingKey {
    WaitingKey(
      grantID: String(view.id), user: String(view.grant.user),
      publicKey: Hex.string(view.grant.key.bytes), role: view.grant.role.wire,
      expiresAt: view.grant.expiresAt == 0
        ? nil : Timestamp(microseconds: view.grant.expiresAt),
      requestedBy: String(view.authority.user), reason: view.authority.reason,
      requestedAt: Timestamp(microseconds: view.time),
      effectiveAt: Timestamp(microseconds: view.effectiveAt),
      approvedBy: view.approvedBy.map { String($0) })
  }

  private func waiting(_ call: Call) async throws(Refusal) -> PendingKeyGrantView {
    guard let id: Int64 = Self.number(call.parameters[0]) else { throw Refusal(.keyGrantNotFound) }
    let view = try await read { $0.pendingKeyGrants().first { $0.id == id } }
    guard let view else { throw Refusal(.keyGrantNotFound) }
    return view
  }

  /// As `approveWithdrawal`: the signature is over all fields, and the command names them again.
  func approveKey(_ call: Call, _ operator: Identity) async throws(Refusal) -> Answer {
    let view = try await waiting(call)
    let signature = try signature(call, of: Self.line(view).approvalDigest, by: `operator`)
    _ = try await submit(
      .approveKey(KeyApproval(id: view.id, grant: view.grant, signature: signature)),
      by: `operator`)
    return .json(
      KeyGrantOutcome(
        publicKey: Hex.string(view.grant.key.bytes), userID: String(view.grant.user),
        // The time may have come and no place be there: the directory knows whether it was given.
        status: directory.holder(of: view.grant.key)?.user == view.grant.user
          ? .granted : .waiting,
        grantID: String(view.id)))
  }

  /// The signature of an approval's body, which must be this key's over the digest.
  func signature(
    _ call: Call, of digest: [UInt8], by user: Identity
  ) throws(Refusal) -> [UInt8] {
    let approval: ApprovalSignature = try call.decoded()
    guard let signature = Hex.bytes(approval.signature), signature.count == 64,
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: user.key.bytes),
      key.isValidSignature(signature, for: digest)
    else {
      throw Refusal(.approvalMismatch, "the signature is not this key's over what was asked for")
    }
    return signature
  }

  func refuseKey(_ call: Call, _ operator: Identity) async throws(Refusal) -> Answer {
    let view = try await waiting(call)
    let reason = try call.reason()
    _ = try await submit(.refuseKey(grant: view.id), by: `operator`, reason)
    return .json(
      KeyGrantOutcome(
        publicKey: Hex.string(view.grant.key.bytes), userID: String(view.grant.user),
        status: .refused, grantID: String(view.id)))
  }

  /// A user's own keys, and those that an operator wants to give access to the account.
  func ownKeys(_ user: Identity) async throws(Refusal) -> Answer {
    let keys = directory.user(user.user)?.keys ?? []
    let waiting = try await read { $0.pendingKeyGrants(of: user.user) }
    return .json(OwnKeys(keys: keys.map { KeyGrant($0) }, waiting: waiting.map(Self.line)))
  }

  func answerKeyGrant(
    _ call: Call, _ user: Identity, isConfirmed: Bool
  ) async throws(Refusal) -> Answer {
    let view = try await waiting(call)
    guard view.grant.user == user.user else { throw Refusal(.keyGrantNotFound) }
    _ = try await submit(
      .user(
        .answerKeyGrant(
          KeyGrantAnswer(
            user: user.user, key: user.key, grant: view.id, isConfirmed: isConfirmed))), of: user)
    return .json(
      KeyGrantOutcome(
        publicKey: Hex.string(view.grant.key.bytes), userID: String(view.grant.user),
        status: isConfirmed ? .granted : .refused, grantID: String(view.id)))
  }

  // MARK: The delay

  func operatorDelay() async throws(Refusal) -> Answer {
    let (delay, pending) = try await read { ($0.operatorDelay, $0.pendingOperatorDelay) }
    return .json(
      OperatorDelay(
        seconds: delay,
        pending: pending.map {
          PendingAddressDelay(
            seconds: $0.value, effectiveAt: Timestamp(microseconds: $0.effectiveAt))
        }))
  }

  func setOperatorDelay(_ call: Call, _ operator: Identity) async throws(Refusal) -> Answer {
    let request: Reasoned<AddressDelay> = try call.decoded()
    let reason = try request.checkedReason()
    let reply = try await submit(
      .setOperatorDelay(seconds: request.body.seconds), by: `operator`, reason)
    return .json(
      SettingChange(
        name: "operator_delay", appliedAt: Timestamp(microseconds: reply.time),
        effectiveAt: Timestamp(microseconds: Self.start(reply))))
  }
}

extension KeyGrant {
  fileprivate init(_ key: ListedKey) {
    self.init(
      publicKey: Hex.string(key.key.bytes), role: key.role.wire,
      expiresAt: key.expiresAt == 0 ? nil : Timestamp(microseconds: key.expiresAt))
  }
}

extension KeyRole {
  fileprivate var engine: Role {
    switch self {
    case .trader: .trader
    case .tradeOnly: .tradeOnly
    case .readOnly: .readOnly
    case .operator: .operator
    }
  }
}

extension Role {
  var wire: KeyRole {
    switch self {
    case .trader: .trader
    case .tradeOnly: .tradeOnly
    case .readOnly: .readOnly
    case .operator: .operator
    }
  }
}
