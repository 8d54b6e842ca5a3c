// Whether everybody's coins are there: `uncross reconcile` asks the chain, `uncross solvency` shows
// what it last said.

internal import ArgumentParser
internal import Client
internal import Formats
internal import Wire

struct ReconcileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reconcile",
    abstract: "Compare what is on the chain with what is in the books and what is owed.",
    discussion: """
      As of the last scanned block, in whole coins; exit status 1 unless every difference is 0, what
      is held covers what is owed, the float covers what was taken, and the scan follows the chain:

        uncross reconcile --key operator.pem
      """)

  @Flag(help: "Amounts in the chain's smallest units.") var raw = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      let report = try await api.reconciliation()
      // Of a block that the chain has long left behind nothing follows for now.
      let isBehind = try await api.solvency().check == .behind
      client.show(report) { SolvencyText.of($0, isRaw: raw, isBehind: isBehind) }
      if !report.agrees || isBehind { throw ExitCode(VerbFailure.refused) }
    }
  }
}

struct SolvencyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solvency",
    abstract: "Show the last comparison of chain and books, and its age.",
    discussion: """
      The exchange compares by itself; this asks no chain. Exit status 1 unless the last check is
      current (none failed since, and it is not older than twice the interval), and it agrees:

        uncross solvency --key operator.pem
      """)

  @Flag(help: "Amounts in the chain's smallest units.") var raw = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.signed { api in
      let report = try await api.solvency()
      client.show(report) { SolvencyText.of($0, isRaw: raw) }
      if !report.solvent { throw ExitCode(VerbFailure.refused) }
    }
  }
}

/// Reports as a person reads them.
enum SolvencyText {
  static func of(
    _ report: ReconciliationReport, isRaw: Bool = false, isBehind: Bool = false
  ) -> String {
    figures(report, isRaw) + "\n" + (isBehind ? unknown(.behind) : verdict(report))
  }

  /// Figures of a check that is not current have no verdict: nothing of it may look good.
  static func of(_ report: SolvencyReport, isRaw: Bool) -> String {
    let age = report.ageSeconds.map { "\($0) s old" } ?? "of no time"
    var lines: [String] = []
    if let check = report.report {
      lines = [
        figures(check, isRaw),
        "the check is \(age), one is due every \(report.intervalSeconds) s",
      ]
      if report.check == .current {
        return (lines + [verdict(check)]).joined(separator: "\n")
      }
    }
    if report.failures > 0 {
      lines.append(
        "\(report.failures) FAILED since, the last at \(report.failedAt.map { "\($0)" } ?? "-"): "
          + (report.failure ?? "-"))
    }
    return (lines + [unknown(report.check)]).joined(separator: "\n")
  }

  private static func unknown(_ check: SolvencyReport.Check) -> String {
    let why =
      switch check {
      case .current: "the check is without figures"
      case .failed: "the last check FAILED"
      case .old: "the check is OLD"
      case .behind: "the check is of a block that the chain has LEFT BEHIND"
      case .never: "no check was made yet"
      }
    return "solvency is NOT KNOWN: " + why
  }

  private static func figures(_ report: ReconciliationReport, _ isRaw: Bool) -> String {
    var owed = Table("ASSET", ">HELD", ">OWED", ">SURPLUS", "COVERED")
    var books = Table(
      "ASSET", ">USERS", ">VENUE", ">ADJUSTMENTS", ">UNBOOKED", ">WAITING", ">LEAVING", ">FLOAT",
      ">OPENING", ">TAKEN", ">DIFFERENCE")
    for asset in report.assets {
      func amount(_ units: String?) -> String {
        units.map { isRaw ? $0 : coins($0, decimals: asset.decimals) } ?? "not known"
      }
      owed.add(
        asset.asset, amount(asset.held), amount(asset.owed), amount(surplus(asset)),
        asset.covered ? "yes" : "NO")
      books.add(
        asset.asset, amount(asset.users), amount(asset.venue), amount(asset.adjustments),
        amount(asset.unbooked), amount(asset.waiting), amount(asset.leaving), amount(asset.float),
        amount(asset.opening), amount(asset.taken), amount(asset.difference))
    }
    return "\(report.chain) at block \(report.block), \(report.blockHash), checked "
      + "\(report.checkedAt)\n" + owed.text() + "\n\n" + books.text() + "\n"
  }

  private static func verdict(_ report: ReconciliationReport) -> String {
    var lines: [String] = []
    // A key that is out is told of even where the venue has made good what it took.
    let taken = report.assets.filter { $0.taken != "0" }.map(\.asset)
    if !taken.isEmpty {
      lines.append("TAKEN by somebody who has a key: " + taken.joined(separator: ", "))
    }
    if report.agrees {
      return (lines + ["chain and books agree, and all that is owed is held"])
        .joined(separator: "\n")
    }
    let differing = report.assets.filter { $0.difference != "0" }.map(\.asset)
    if !differing.isEmpty {
      lines.append("chain and books DIFFER: " + differing.joined(separator: ", "))
    }
    let open = report.assets.filter { !$0.covered }.map { asset in
      asset.onChain ? asset.asset : asset.asset + " (on no chain here)"
    }
    if !open.isEmpty { lines.append("NOT COVERED: " + open.joined(separator: ", ")) }
    return lines.isEmpty ? "chain and books do NOT agree" : lines.joined(separator: "\n")
  }

  /// `held` less `owed`; nil where one is no number of 127 bits.
  private static func surplus(_ asset: ReconciliationReport.Asset) -> String? {
    guard let held = Int128(asset.held), let owed = asset.owed.flatMap({ Int128($0) }) else {
      return nil
    }
    let (rest, overflow) = held.subtractingReportingOverflow(owed)
    return overflow ? nil : "\(rest)"
  }

  /// Smallest units as whole coins, exact whatever their size; a text that is no number stays.
  static func coins(_ units: String, decimals: Int) -> String {
    let (sign, digits) = units.hasPrefix("-") ? ("-", units.dropFirst()) : ("", units[...])
    guard (0...100).contains(decimals), !digits.isEmpty,
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return units }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    var fraction = padded.suffix(decimals)
    while fraction.last == "0" { fraction.removeLast() }
    return sign + padded.dropLast(decimals) + (fraction.isEmpty ? "" : "." + fraction)
  }
}
