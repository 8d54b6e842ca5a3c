// How far a load got: a file beside the orders that a second run goes on from, and the display.

internal import Client
internal import Formats
internal import Foundation
internal import Glibc
internal import Synchronization
internal import Wire

/// What became of the orders sent.
struct LoadTotals: Equatable {
  var accepted = 0
  /// Of the accepted: those that had their answer before.
  var repeated = 0
  var refused: [String: Int] = [:]

  var sent: Int { accepted + refused.values.reduce(0, +) }

  mutating func add(_ other: LoadTotals) {
    accepted += other.accepted
    repeated += other.repeated
    refused.merge(other.refused) { $0 + $1 }
  }

  init() {}

  init(_ outcomes: [OrderOutcome]) {
    for outcome in outcomes {
      switch outcome {
      case .accepted(let order):
        accepted += 1
        if order.repeated { repeated += 1 }
      case .refused(let order): refused[Self.word(order.error.code), default: 0] += 1
      }
    }
  }

  /// A code as it may stand in the progress file: the server says it, and a space or a line's end
  /// in it would be read as something else.
  private static func word(_ code: String) -> String {
    let isWord = code.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    return isWord && (1...64).contains(code.utf8.count) ? code : "unknown_code"
  }

  /// A number as the progress file has it: digits, and small enough that no sum of them overflows.
  static func count(_ text: Substring) -> Int? {
    guard (1...12).contains(text.utf8.count),
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return Int(text)
  }

  /// As `1000 3 price_off_tick=2`.
  init?(_ words: some Collection<Substring>) {
    let words = Array(words)
    guard words.count >= 2, let accepted = Self.count(words[0]),
      let repeated = Self.count(words[1])
    else { return nil }
    (self.accepted, self.repeated) = (accepted, repeated)
    for word in words.dropFirst(2) {
      let parts = word.split(separator: "=")
      guard parts.count == 2, let count = Self.count(parts[1]) else { return nil }
      refused[String(parts[0])] = count
    }
  }

  var words: String {
    let reasons = refused.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
    return "\(accepted) \(repeated)" + reasons.joined()
  }
}

/// The progress file: lines that are appended and synced, one for each thing that is done.
///
///     uncross-load 1 FINGERPRINT BATCHSIZE
///     funded
///     batch NUMBER ACCEPTED REPEATED CODE=COUNT...
///     window NUMBER
///
/// A last line without its end was torn by a crash and does not count.
final class LoadProgress: Sendable {
  private struct State {
    var totals = LoadTotals()
    var isFunded = false
    /// Windows of the file that are done: the numbers below it.
    var windows = 0
    /// Done batches of the window that is not.
    var batches: Set<Int> = []
  }

  private let state: Mutex<State>
  private let descriptor: Int32
  let path: String

  init(path: String, fingerprint: String, batchSize: Int) throws(VerbFailure) {
    self.path = path
    let first = "uncross-load 1 \(fingerprint) \(batchSize)"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0o600)
    guard descriptor >= 0 else {
      throw VerbFailure("\(path) cannot be opened", status: VerbFailure.inputOutput)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw VerbFailure("\(path) is in use: another load of this file runs")
    }
    guard let content = FileManager.default.contents(atPath: path) else {
      throw VerbFailure("\(path) cannot be read", status: VerbFailure.inputOutput)
    }
    let whole = content.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    guard ftruncate(descriptor, off_t(whole)) == 0 else {
      throw VerbFailure("\(path) cannot be written", status: VerbFailure.inputOutput)
    }
    var state = State()
    let lines = String(decoding: content.prefix(whole), as: UTF8.self).split(separator: "\n")
    if let found = lines.first, found != first {
      throw VerbFailure(
        "\(path) belongs to another content of the file or another --batch: "
          + "remove it to begin anew",
        status: VerbFailure.badData)
    }
    for line in lines.dropFirst() {
      guard Self.take(line, into: &state) else {
        throw VerbFailure(
          "\(path) does not parse: \(Printable.line(line, maximumBytes: 80))",
          status: VerbFailure.badData)
      }
    }
    self.state = Mutex(state)
    if lines.isEmpty { try append(first) }
  }

  deinit { close(descriptor) }

  private static func take(_ line: Substring, into state: inout State) -> Bool {
    let words = line.split(separator: " ")
    switch words.first {
    case "funded": state.isFunded = true
    case "batch":
      guard words.count >= 4, let number = LoadTotals.count(words[1]),
        let totals = LoadTotals(words[2...])
      else { return false }
      state.batches.insert(number)
      state.totals.add(totals)
    case "window":
      guard words.count == 2, let number = LoadTotals.count(words[1]) else { return false }
      state.windows = number + 1
      state.batches.removeAll()
    default: return false
    }
    return true
  }

  private func append(_ line: String) throws(VerbFailure) {
    let bytes = Array((line + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
      throw VerbFailure("\(path) cannot be written", status: VerbFailure.inputOutput)
    }
  }

  private func record(_ line: String) throws(VerbFailure) {
    try state.withLock { (state) throws(VerbFailure) in
      try append(line)
      guard Self.take(line[...], into: &state) else { preconditionFailure("a line of ours") }
    }
  }

  var totals: LoadTotals { state.withLock { $0.totals } }
  var isFunded: Bool { state.withLock { $0.isFunded } }
  var windows: Int { state.withLock { $0.windows } }
  func isDone(batch: Int) -> Bool { state.withLock { $0.batches.contains(batch) } }

  func funded() throws(VerbFailure) { try record("funded") }
  func done(window: Int) throws(VerbFailure) { try record("window \(window)") }
  func done(batch: Int, _ totals: LoadTotals) throws(VerbFailure) {
    try record("batch \(batch) \(totals.words)")
  }
}

/// Shows progress on standard error: a bar on a terminal, else a line every few seconds.
final class LoadDisplay: Sendable {
  private static let barWidth = 30

  private struct State {
    var shown: ContinuousClock.Instant?
    let start = ContinuousClock.now
  }

  private let state = Mutex(State())
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let total: Int
  /// Sent by earlier runs.
  private let before: Int

  init(total: Int, before: Int) {
    self.total = total
    self.before = before
  }

  func show(_ totals: LoadTotals, isLast: Bool = false) {
    state.withLock { state in
      let now = ContinuousClock.now
      let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
      if !isLast, let shown = state.shown, now - shown < pause { return }
      if !isLast, !isTerminal, state.shown == nil, now - state.start < pause { return }
      state.shown = now
      let text = line(totals.sent, milliseconds: (now - state.start).milliseconds)
      if isTerminal {
        FileHandle.standardError.write(Data("\r\u{1b}[K\(text)\(isLast ? "\n" : "")".utf8))
      } else {
        Output.error(text)
      }
    }
  }

  private func line(_ sent: Int, milliseconds: Int64) -> String {
    let share = total == 0 ? 100 : sent * 100 / total
    let rate = milliseconds > 0 ? Int64(sent - before) * 1_000 / milliseconds : 0
    var text = "\(sent) of \(total) orders, \(share) %, \(rate) a second"
    if isTerminal {
      let full = min(share, 100) * Self.barWidth / 100
      let bar =
        String(repeating: "#", count: full)
        + String(
          repeating: "-", count: Self.barWidth - full)
      text = "[\(bar)] \(text)"
    }
    return text
  }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  var milliseconds: Int64 {
    components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
  }
}
