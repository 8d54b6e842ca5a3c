// The API's own figures, and the Prometheus text of all figures.

internal import Synchronization

/// Counts answers by status and refusals by code.
final class APICounters: Sendable {
  private struct State {
    var answers: [Int: Int] = [:]
    var refusals: [String: Int] = [:]
    var nanoseconds: Int64 = 0
  }

  private let state = Mutex(State())

  func count(status: Int, refusal code: String?, nanoseconds: Int64) {
    state.withLock { state in
      state.answers[status, default: 0] += 1
      if let code { state.refusals[code, default: 0] += 1 }
      state.nanoseconds += nanoseconds
    }
  }

  func metrics(
    subscribers: Int, connections: ConnectionPlaces.Figures, bodyBytes: Int
  ) -> [Metric] {
    let state = state.withLock { $0 }
    var metrics = state.answers.sorted { $0.key < $1.key }.map { status, count in
      Metric(
        "uncross_api_answers_total", "Answers by HTTP status.", .counter, Double(count),
        labels: [("status", String(status))])
    }
    metrics += state.refusals.sorted { $0.key < $1.key }.map { code, count in
      Metric(
        "uncross_api_refusals_total", "Refusals by code.", .counter, Double(count),
        labels: [("code", code)])
    }
    metrics.append(
      Metric(
        "uncross_api_seconds_total", "Time from the head of a request to its answer.", .counter,
        Double(state.nanoseconds) / 1e9))
    metrics.append(
      Metric(
        "uncross_api_event_readers", "Open event streams.", .gauge, Double(subscribers)))
    for (holder, count) in [("nobody", connections.anonymous), ("key", connections.proved)] {
      metrics.append(
        Metric(
          "uncross_api_connections", "Open connections by what they proved.", .gauge,
          Double(count), labels: [("holder", holder)]))
    }
    return metrics + [
      Metric(
        "uncross_api_evicted_connections_total", "Connections closed for another's place.",
        .counter, Double(connections.evicted)),
      Metric(
        "uncross_api_body_bytes", "Bytes of bodies under way, without operators'.", .gauge,
        Double(bodyBytes)),
    ]
  }
}

/// The Prometheus text format, version 0.0.4.
enum PrometheusText {
  static let contentType = "text/plain; version=0.0.4"

  static func render(_ metrics: [Metric]) -> String {
    var text = ""
    var described: Set<String> = []
    for name in metrics.map(\.name) where described.insert(name).inserted {
      let samples = metrics.filter { $0.name == name }
      text += "# HELP \(name) \(escaped(samples[0].help, quote: false))\n"
      text += "# TYPE \(name) \(samples[0].kind.rawValue)\n"
      for sample in samples { text += "\(name)\(labels(sample)) \(number(sample.value))\n" }
    }
    return text
  }

  private static func labels(_ metric: Metric) -> String {
    if metric.labels.isEmpty { return "" }
    let pairs = metric.labels.map { "\($0.name)=\"\(escaped($0.value, quote: true))\"" }
    return "{" + pairs.joined(separator: ",") + "}"
  }

  private static func escaped(_ text: String, quote: Bool) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quote: result += "\\\""
      default: result.append(character)
      }
    }
    return result
  }

  private static func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return String(whole) }
    if value.isNaN { return "NaN" }
    return value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : String(value)
  }
}
