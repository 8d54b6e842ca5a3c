// Sweeps in a running exchange: how the API sees them.

internal import API
internal import Client
internal import Custody
internal import Engine
internal import Ethereum
internal import Formats
internal import Wire

extension ChainCustody: SweepDesk {
  /// Deposit addresses that one request looks at: each takes a question to the node, and some
  /// three.
  private static let page = 50

  func hasAsset(_ code: String) -> Bool { rules.asset(named: code) != nil }

  private func planner() throws(ExchangeError) -> SweepPlanner {
    guard let payments else { throw .unavailable(reason: "no_payouts", retryAfterSeconds: 60) }
    return payments.planner(node: nodes[scanner.currentFigures().nodeInUse])
  }

  private func plan(
    _ asset: String, _ minimum: Int128, _ after: String?
  ) async throws(ExchangeError) -> SweepPlan {
    let planner = try planner()
    // The API took it: a page that is not understood must not be the first one again.
    let bytes = after.flatMap { Hex.bytes($0.dropFirst(2)) }
    let page = SweepPlanner.Page(
      asset: asset, minimum: minimum, after: bytes.flatMap { Address($0) }, limit: Self.page)
    let answer: Result<SweepPlan, SweepPlanError>
    do throws(CustodyDesk.Failure) {
      answer = try await desk.plan(page, planner)
    } catch {
      throw .unavailable(reason: "chain_unavailable", retryAfterSeconds: 5)
    }
    switch answer {
    case .success(let plan): return plan
    case .failure(.noBlock): throw .unavailable(reason: "no_final_block", retryAfterSeconds: 30)
    case .failure(.feesAboveCap):
      throw .unavailable(reason: "fees_above_the_cap", retryAfterSeconds: 60)
    case .failure(.unknownAsset):
      throw .unavailable(reason: "asset_not_on_this_chain", retryAfterSeconds: 3_600)
    }
  }

  func sweepPlan(
    asset: String, minimum: Int128, after: String?
  ) async throws(ExchangeError) -> SweepPlanPage {
    let plan = try await plan(asset, minimum, after)
    return SweepPlanPage(
      chain: settings.name, chainID: "\(settings.chainID)", block: plan.block.height,
      hotWallet: try "\(planner().rules.hotWallet)",
      items: plan.items.map { item in
        SweepPlanPage.Item(
          user: "\(item.user)", address: "\(item.address)", asset: item.asset,
          amount: whole(item.amount, item.asset),
          unsigned: Hex.encode(item.transaction.signingPayload))
      },
      needsGas: plan.needs.map { need in
        SweepPlanPage.Need(
          user: "\(need.user)", address: "\(need.address)", missing: "\(need.missing)",
          toppedUp: need.isToppedUp)
      }, next: plan.next?.lowercase)
  }

  private func whole(_ raw: UInt256, _ code: String) -> DecimalAmount {
    let scale = rules.asset(named: code)?.scale ?? .one
    let (atoms, _) = raw.quotientAndRemainder(dividingBy: scale)
    return amount(Int128(exactly: atoms) ?? .max, code)
  }

  func topUp(
    asset: String, minimum: Int128, after: String?, by authority: Authority
  ) async throws(ExchangeError) -> TopUpOutcome {
    let plan = try await plan(asset, minimum, after)
    let wallet = try planner().rules.hotWallet
    do throws(CustodyDesk.Failure) {
      let added = try await desk.topUp(
        plan.needs.filter { !$0.isToppedUp }, from: wallet, by: authority)
      return TopUpOutcome(
        addresses: added.map { "\($0)" }, next: plan.next?.lowercase)
    } catch {
      // Asked again, an address whose gas is on its way gets no more.
      throw .outcomeUnknown
    }
  }

  func submit(
    sweeps: [[UInt8]], by authority: Authority
  ) async throws(ExchangeError) -> SweepOutcomes {
    let rules = try planner().rules
    do throws(CustodyDesk.Failure) {
      let results = try await desk.submit(sweeps: sweeps, rules, by: authority)
      return SweepOutcomes(
        outcomes: results.map { result in
          switch result {
          case .success(let hash):
            SweepOutcomes.Outcome(outcome: "accepted", transaction: "\(hash)")
          case .failure(let refusal):
            SweepOutcomes.Outcome(outcome: refusal.rawValue, transaction: nil)
          }
        })
    } catch {
      throw .outcomeUnknown
    }
  }

  func sweeps() async throws(ExchangeError) -> SweepReport {
    let state: SweepState
    do throws(CustodyDesk.Failure) {
      state = try await desk.sweeps()
    } catch {
      throw .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1)
    }
    return SweepReport(
      chain: settings.name,
      sweeps: state.open.map { slot in
        SweepReport.Sweep(
          address: "\(slot.sender)", nonce: "\(slot.nonce)",
          transactions: slot.attempts.map { "\($0.hash)" },
          answer: slot.attempts.last?.answer?.rawValue ?? "")
      },
      topUps: state.topUps.map { topUp in
        SweepReport.TopUp(
          address: "\(topUp.address)", value: "\(topUp.value)", nonce: topUp.nonce.map { "\($0)" })
      }, unknown: state.unknown.map { "\($0)" })
  }
}
