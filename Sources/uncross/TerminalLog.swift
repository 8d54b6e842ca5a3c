// Where the log goes: lines on standard error, which hold nothing raw that came from outside.

internal import Formats
internal import Logging

/// Writes each event as one line. Messages quote what servers beside the exchange, nodes and
/// clients said, so message and metadata are made printable.
struct TerminalLog: LogHandler {
  /// Longer messages are cut: a node's or a database's answer may be as long as it likes.
  static let maximumBytes = 8 << 10

  /// A logger of this process.
  static func logger(_ label: String, level: Logger.Level) -> Logger {
    var logger = Logger(label: label) { TerminalLog(label: $0) }
    logger.logLevel = level
    return logger
  }

  let label: String
  var logLevel = Logger.Level.warning
  var metadata = Logger.Metadata()

  init(label: String) { self.label = label }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { Output.error(line(event, at: .now())) }

  /// Without its line end. The time is UTC, as everywhere.
  func line(_ event: LogEvent, at time: Timestamp) -> String {
    var fields = metadata.merging(event.metadata ?? [:]) { $1 }
    if let error = event.error { fields["error"] = "\(error)" }
    let words =
      ["\(time)", "\(event.level)", "\(label):"]
      + fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      + ["[\(event.source)]", "\(event.message)"]
    return Printable.line(words.joined(separator: " "), maximumBytes: Self.maximumBytes)
  }
}
