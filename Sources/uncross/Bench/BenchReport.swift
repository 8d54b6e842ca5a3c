// Figures of a bench run: each beside its floor from the same run, and the ratio of the two.

internal import Foundation

/// What one measurement says. A ratio survives a slow or busy machine, a figure alone does not.
struct BenchRow {
  var name: String
  var rate: Double
  var unit: String
  /// The rate of what no design could do without, measured in this run.
  var floor: Double?
  var floorName: String
}

struct BenchReport {
  private(set) var rows: [BenchRow] = []

  mutating func add(_ row: BenchRow) {
    rows.append(row)
    Output.line(Self.render(row))
  }

  static func render(_ row: BenchRow) -> String {
    let ratio = row.floor.map {
      String(format: "%5.2f of %@ %@", row.rate / $0, number($0), row.floorName)
    }
    let name = row.name.padding(toLength: 38, withPad: " ", startingAt: 0)
    let rate = "\(number(row.rate)) \(row.unit)".padding(toLength: 26, withPad: " ", startingAt: 0)
    return name + rate + (ratio ?? "")
  }

  static func number(_ value: Double) -> String {
    switch value {
    case 1_000_000...: String(format: "%.2fM", value / 1_000_000)
    case 10_000...: String(format: "%.0fk", value / 1_000)
    case 1_000...: String(format: "%.1fk", value / 1_000)
    default: String(format: "%.1f", value)
    }
  }
}

/// Seconds that a call takes, by the monotonic clock.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock()
  let elapsed = try clock.measure(body)
  return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
}
