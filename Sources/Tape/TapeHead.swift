// Where the Worker's copy of a tape ends, and the one reading of what it says about that.

internal import Formats

/// Where the Worker's copy of a tape ends.
public struct TapeHead: Sendable, Equatable {
  /// What the Worker says of a tape that nobody has published.
  public static let noEpoch = "-"

  public let epoch: String
  /// From 0.
  public let last: Int64
  public let chain: [UInt8]

  public init(epoch: String, last: Int64, chain: [UInt8]) {
    precondition(last >= 0 && chain.count == 32, "a head that no Worker has")
    self.epoch = epoch
    self.last = last
    self.chain = chain
  }
}

// MARK: - From the Worker

extension TapeHead {
  /// The Worker counts records in JavaScript's numbers, which are exact up to here.
  private static let highestLast: Int64 = (1 << 53) - 1

  /// The head that an answer names. Its epoch goes into a header that is signed and into a file,
  /// its last record into arithmetic, and the Worker is another machine: nil unless each field is
  /// spelled as the Worker spells it.
  init?(epoch: String, last: String, chain: String) {
    guard epoch.hasSameBytes(as: Self.noEpoch) || Self.isStorage(epoch),
      let number = Int64(last), (0...Self.highestLast).contains(number),
      String(number).hasSameBytes(as: last), chain.utf8.count == 64, let bytes = Hex.bytes(chain)
    else { return nil }
    // Storage is made with its first batch.
    guard epoch != Self.noEpoch || number == 0 else { return nil }
    self.init(epoch: epoch, last: number, chain: bytes)
  }

  /// Whether a text names a storage: a UUID in lower case, as the Worker draws it.
  static func isStorage(_ epoch: String) -> Bool {
    let parts = epoch.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return parts.map(\.count) == [8, 4, 4, 4, 12]
      && parts.joined().allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
      }
  }
}

/// What the Worker answers to a look at the head and to a batch.
struct WorkerAnswer: Decodable {
  var status: String?
  var epoch: String?
  var last: String?
  var chain: String?

  /// Answers are small; what is larger is not ours.
  static let maximumBytes = 64 << 10
  private static let limits = JSONLimits(
    bytes: maximumBytes, depth: 8, members: 64, elements: 1_024, stringBytes: 4_096)
  /// Of what is told to people about an answer that cannot be read.
  private static let maximumTold = 200

  /// The head that it names; nil where a field is missing or not as the Worker writes it.
  private var head: TapeHead? {
    guard let epoch, let last, let chain else { return nil }
    return TapeHead(epoch: epoch, last: last, chain: chain)
  }

  private static func read(_ body: [UInt8]) -> WorkerAnswer? {
    try? StrictJSON.decode(from: body, limits)
  }

  /// The answer to a look at the head.
  static func head(_ status: Int, _ body: [UInt8]) -> TapeStream.Event {
    guard status == 200 else { return .headFailed("HTTP \(status)") }
    guard let head = read(body)?.head else { return .headFailed("the head does not parse") }
    return .head(head)
  }

  /// The answer to a batch. Only what the Worker itself said decides anything: a proxy's 4xx is a
  /// failure like others.
  static func batch(_ status: Int, _ body: [UInt8]) -> TapeStream.Answer {
    let answer = read(body)
    switch (status, answer?.status) {
    case (200, _):
      guard let head = answer?.head else { return .failed("an answer that does not parse") }
      return .stored(head)
    case (412, "epoch"?):
      guard let head = answer?.head else { return .failed("an epoch that does not parse") }
      return .otherEpoch(head.epoch)
    case (409, "fork"?): return .fork("the Worker answered fork")
    case (409, "gap"?), (409, "overlap"?): return .elsewhere
    case (422, "inconsistent"?): return .refused("the Worker answered inconsistent")
    case (400, "malformed"?): return .refused("the Worker answered malformed")
    default: return .failed(told("HTTP \(status) \(answer?.status ?? "")"))
    }
  }

  /// What was said outside, as it may be shown.
  static func told(_ text: String) -> String {
    Printable.line(text, maximumBytes: maximumTold)
  }
}
