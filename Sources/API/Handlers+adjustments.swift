// The operator's routes about adjustments, and the operators' log.

internal import Engine
internal import Formats
internal import Ledger
internal import Wire

extension Handlers {
  func adjust(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let new: NewAdjustment = try call.decoded()
    let requestID = try checkedClientID(new.requestID, field: "request_id")
    let receiver = try self.user(new.user)
    let asset = try asset(named: new.asset)
    let reason = try new.checkedReason()
    guard let atoms = new.amount.atoms(decimals: asset.decimals) else {
      throw Refusal(.amountInvalid)
    }
    let reply = try await submit(
      .adjustBalance(
        BalanceAdjustment(user: receiver, asset: asset.id, amount: atoms, requestID: requestID)),
      by: user, reason)
    let status = try await status(ofAdjustment: reply)
    return .json(AdjustmentOutcome(adjustmentID: String(reply.id), status: status))
  }

  /// A repeated request gets the first answer, which does not say what became of it since.
  private func status(ofAdjustment reply: Reply) async throws(Refusal) -> AdjustmentOutcome.Status {
    guard case .adjusted(let adjusted) = reply.outcome else { Self.unexpected(reply) }
    switch adjusted {
    case .booked, .bookedBefore: return .booked
    case .waits, .askedBefore: break
    }
    let id = reply.id
    do throws(Refusal) {
      let waits = try await read { engine in
        engine.pendingAdjustmentViews().contains { $0.id == id }
      }
      return waits ? .waitingApproval : .decided
    } catch {
      // The request itself was applied.
      throw Refusal(.outcomeUnknown)
    }
  }

  func waitingAdjustments() async throws(Refusal) -> Answer {
    let views = try await read { $0.pendingAdjustmentViews() }
    return .json(WaitingAdjustments(adjustments: views.map(line)))
  }

  private func line(_ view: PendingAdjustmentView) -> WaitingAdjustment {
    let asset = listedAsset(view.adjustment.asset)
    return WaitingAdjustment(
      adjustmentID: String(view.id), requestID: view.adjustment.requestID.description,
      requestedBy: String(view.authority.user), user: String(view.adjustment.user),
      asset: asset.definition.code,
      amount: DecimalAmount(atoms: view.adjustment.amount, decimals: asset.decimals),
      reason: view.authority.reason, requestedAt: Timestamp(microseconds: view.time))
  }

  private func waiting(_ call: Call) async throws(Refusal) -> PendingAdjustmentView {
    guard let id: Int64 = Self.number(call.parameters[0]) else { throw Refusal(.approvalNotFound) }
    let view = try await read { engine in
      engine.pendingAdjustmentViews().first { $0.id == id }
    }
    guard let view else { throw Refusal(.approvalNotFound) }
    return view
  }

  /// As `approveWithdrawal`: the signature is over all fields, and the command names them again.
  func approveAdjustment(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let view = try await waiting(call)
    let signature = try signature(call, of: line(view).approvalDigest, by: user)
    _ = try await submit(
      .approveAdjustment(
        AdjustmentApproval(
          id: view.id,
          content: AdjustmentApproval.Content(
            adjustment: view.adjustment, requestedBy: view.authority.user,
            reason: view.authority.reason), signature: signature)),
      by: user)
    return .json(AdjustmentOutcome(adjustmentID: String(view.id), status: .booked))
  }

  func refuseAdjustment(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let view = try await waiting(call)
    let reason = try call.reason()
    _ = try await submit(.refuseAdjustment(id: view.id), by: user, reason)
    return .json(AdjustmentOutcome(adjustmentID: String(view.id), status: .refused))
  }

  // MARK: The log

  func operatorLog(_ call: Call) async throws(Refusal) -> Answer {
    var query = OperatorLogQuery()
    query.operator = call.query.integer("operator")
    query.action = call.query["action"]
    query.subject = call.query["subject"]
    if let text = call.query["before"] {
      guard let place = OperatorLogRow.Place(text) else {
        throw Refusal(.badRequest, "parameter `before` is no row's id")
      }
      query.before = place
    }
    query.limit = call.query.integer("limit") ?? Self.defaultLimit
    let rows: [OperatorLogRow]
    do throws(ExchangeError) {
      rows = try await exchange.operatorLog(query)
    } catch {
      throw Refusal(ofCore: error)
    }
    let lines = rows.map { row in
      OperatorLogLine(
        id: row.place.text, timestamp: Timestamp(microseconds: row.time),
        operator: String(row.operator), publicKey: row.key.map { Hex.string($0.bytes) },
        action: row.action, subject: row.subject, detail: row.detail, reason: row.reason)
    }
    return .json(
      OperatorLogPage(rows: lines, next: rows.count == query.limit ? lines.last?.id : nil))
  }
}

extension OperatorLogRow.Place {
  /// As `551-2`.
  fileprivate init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let sequence: Int64 = Handlers.number(String(parts[0])),
      let position: Int32 = Handlers.number(String(parts[1]))
    else { return nil }
    self.init(journalSequence: sequence, position: position)
  }

  fileprivate var text: String { "\(journalSequence)-\(position)" }
}

extension Identity {
  func authority(_ reason: String) -> Authority {
    Authority(user: user, key: key, reason: reason)
  }
}
