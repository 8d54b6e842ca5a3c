// Whether chain and books agree and everybody is covered: asked again and again, kept with its age.

internal import API
internal import Client
internal import Custody
internal import Ethereum
internal import Formats
internal import Foundation
internal import Logging
internal import Synchronization
internal import Wire

typealias SolvencyChecks = CheckHistory<ReconciliationReport>

// MARK: Checking

extension ChainCustody {
  /// Blocks of the chain that are not scanned, from which on a check of the last scanned one says
  /// nothing of now.
  private static let maximumLag: Int64 = 16

  /// Until it is cancelled.
  func keepChecking() async {
    await loadChecks()
    while !Task.isCancelled {
      let pause = solvencyChecks.withLock { $0.pause(at: SystemClock.wallMicroseconds()) }
      try? await Task.sleep(for: .microseconds(pause))
      if Task.isCancelled { return }
      _ = try? await reconcile()
    }
  }

  /// What the last process knew; of other assets than are listed now it says too little.
  private func loadChecks() async {
    let interval = solvencyChecks.withLock { $0.interval }
    let codes = rules.assets.map(\.code)
    do throws(CustodyDesk.Failure) {
      let stored = try await desk.storedChecks(interval: interval).mapped { text in
        (try? JSON.value(ReconciliationReport.self, from: Array(text.utf8))).flatMap {
          $0.assets.filter(\.onChain).map(\.asset) == codes ? $0 : nil
        }
      }
      // One that was made meanwhile is newer.
      solvencyChecks.withLock { if $0.success == nil, $0.failure == nil { $0 = stored } }
    } catch {
      logger.warning("\(settings.name): the last check of solvency cannot be read")
    }
  }

  /// Asks the chain now. Whatever comes of it is what the last check says from then on.
  func reconcile() async throws(ExchangeError) -> ReconciliationReport {
    let time = SystemClock.wallMicroseconds()
    let result = await desk.reconcile(
      Reconciliation(
        chain: settings.name, rules: rules, node: nodes[scanner.currentFigures().nodeInUse]))
    let answer = result.map { report($0, at: time) }
    let now = solvencyChecks.withLock { history in
      switch answer {
      case .success(let report): history.succeeded(report, at: time)
      case .failure(let error): history.failed("\(error)", at: time)
      }
      return history
    }
    do throws(CustodyDesk.Failure) {
      try await desk.save(now.mapped { String(decoding: JSON.bytes($0), as: UTF8.self) })
    } catch {
      logger.warning("\(settings.name): a check of solvency could not be stored")
    }
    guard case .success(let report) = answer else {
      throw .unavailable(reason: "chain_unavailable", retryAfterSeconds: 5)
    }
    return report
  }

  private func report(_ found: Reconciled, at time: Int64) -> ReconciliationReport {
    ReconciliationReport(
      chain: found.chain, block: found.height, blockHash: "\(found.block)",
      checkedAt: Timestamp(microseconds: time), agrees: found.agrees,
      assets: found.assets.map(line))
  }

  private func line(_ asset: ReconciledAsset) -> ReconciliationReport.Asset {
    // A scale is a power of ten.
    let zeros = "\(asset.scale)".count - 1
    var line = ReconciliationReport.Asset(
      asset: asset.code, decimals: (directory.decimals(of: asset.code) ?? 0) + zeros,
      onChain: asset.isOnChain)
    (line.held, line.owed) = ("\(asset.held)", asset.owed.map { "\($0)" })
    line.covered = asset.isCovered
    line.users = Self.scaled(asset.users, asset.scale)
    line.venue = Self.scaled(asset.venue, asset.scale)
    line.adjustments = Self.scaled(asset.adjustments, asset.scale)
    (line.unbooked, line.waiting) = ("\(asset.unbooked)", "\(asset.waiting)")
    (line.leaving, line.float) = ("\(asset.leaving)", "\(asset.float)")
    (line.opening, line.taken) = ("\(asset.opening)", "\(asset.taken)")
    line.difference = asset.difference.map { "\($0)" }
    return line
  }

  /// Atoms in the chain's smallest units.
  private static func scaled(_ atoms: Int128, _ scale: UInt256) -> String {
    let magnitude = UInt256(atoms.magnitude).multiplied(by: scale).map { "\($0)" } ?? "beyond 2^256"
    return atoms < 0 ? "-" + magnitude : magnitude
  }
}

// MARK: Showing

extension ChainCustody {
  private func standing(_ history: SolvencyChecks, at now: Int64) -> SolvencyChecks.Standing {
    let figures = scanner.currentFigures()
    let lag = max(0, (figures.latest ?? 0) - (figures.tip ?? figures.latest ?? 0))
    return history.standing(
      at: now,
      isFollowing: figures.isFollowing && lag < Self.maximumLag)
  }

  func solvency() async throws(ExchangeError) -> SolvencyReport {
    let (history, now) = (solvencyChecks.withLock { $0 }, SystemClock.wallMicroseconds())
    let check: SolvencyReport.Check =
      switch standing(history, at: now) {
      case .current: .current
      case .failed: .failed
      case .old: .old
      case .behind: .behind
      case .never: .never
      }
    return SolvencyReport(
      chain: settings.name, check: check, ageSeconds: history.age(at: now).map { $0 / 1_000_000 },
      intervalSeconds: max(1, history.interval / 1_000_000),
      failures: (
        history.failure?.count ?? 0, history.failure.map { Timestamp(microseconds: $0.at) },
        history.failure?.reason
      ),
      report: history.success?.report)
  }

  /// Figures of a check that is not current are no numbers: an alarm that wants them to be good
  /// goes off.
  func solvencyMetrics() -> [Metric] {
    let (history, now) = (solvencyChecks.withLock { $0 }, SystemClock.wallMicroseconds())
    let report = standing(history, at: now) == .current ? history.success?.report : nil
    let labels = [(name: "chain", value: settings.name)]
    func gauge(_ name: String, _ help: String, _ value: Double) -> Metric {
      Metric(name, help, .gauge, value, labels: labels)
    }
    let others = (history.success?.report.assets ?? []).filter { !$0.onChain }.map(\.asset)
    let assets = (rules.assets.map(\.code) + others).flatMap { code in
      let asset = report?.assets.first { $0.asset == code }
      func figure(
        _ name: String, _ help: String, _ value: (ReconciliationReport.Asset) -> Double?
      ) -> Metric {
        Metric(
          name, help, .gauge, asset.flatMap(value) ?? .nan,
          labels: labels + [(name: "asset", value: code)])
      }
      return [
        figure("uncross_custody_held", "On all addresses, in the chain's smallest units") {
          Double($0.held)
        },
        figure("uncross_custody_owed", "What must be there, in the smallest units") {
          $0.owed.flatMap { Double($0) }
        },
        figure("uncross_custody_covered", "1 where what is held is enough for what is owed") {
          $0.covered ? 1 : 0
        },
        figure(
          "uncross_custody_difference", "Of chain and books, in the chain's smallest units"
        ) { $0.difference.flatMap { Double($0) } },
        figure(
          "uncross_custody_taken",
          "What left by transactions that nobody here signed, in the smallest units"
        ) { Double($0.taken) },
      ]
    }
    return assets + [
      gauge(
        "uncross_custody_solvent", "1 where a current check found all covered and no difference",
        report.map { $0.agrees ? 1 : 0 } ?? .nan),
      gauge(
        "uncross_custody_check_age_seconds", "Since the last check that succeeded",
        history.age(at: now).map { Double($0) / 1e6 } ?? .nan),
      gauge(
        "uncross_custody_failed_checks", "Checks that failed since the last one that succeeded",
        Double(history.failure?.count ?? 0)),
      gauge(
        "uncross_custody_reconciled_block", "The block of the last check that succeeded; -1 before",
        Double(history.success?.report.block ?? -1)),
    ]
  }
}
