// A deposit's life as a value: the table of `docs/custody.md`, which `CustodyStore` does to many rows at once.

public import Ethereum

/// One deposit, told what happens to it.
///
/// **Invariant:** `raw == amount * scale + dust`; `credited` is 0 or `amount`; what was in review gets a number
/// only after an operator credited it.
public struct DepositLifecycle: Sendable, Equatable {
  public enum Event: Sendable, Equatable {
    /// The chain's last block, and its last final one.
    case deeper(tip: Int64, finalized: Int64)
    /// Creditable for ever, under this number.
    case numbered(Int64)
    /// The ledger has the credit.
    case credited
    /// Its block left the chain.
    case blockLeft
    /// In another block, with what it is worth there.
    case minedAgain(DepositValue, raw: UInt256, height: Int64)
    /// The new chain is known to its end, and the credit is not on it.
    case clawbackNumbered(Int64)
    /// The ledger has the clawback.
    case clawedBack
    case resolved(DepositResolution.Decision)
  }

  /// An event that cannot happen in this state.
  public struct Impossible: Error, Equatable {
    public var status: DepositStatus
    public var event: Event
  }

  public private(set) var status: DepositStatus
  public private(set) var raw: UInt256
  public private(set) var amount: Int128
  public private(set) var dust: UInt256
  public private(set) var reason: String
  public private(set) var height: Int64
  public private(set) var isOnChain = true
  public private(set) var creditNumber: Int64?
  public private(set) var clawbackNumber: Int64?
  /// Atoms in the user's balance.
  public private(set) var credited: Int128 = 0
  public private(set) var resolution: DepositResolution.Decision?
  /// The ledger had the credit, and had the clawback, of the present number.
  private var isBooked = false
  private var isTakenBack = false

  /// Seen for the first time.
  public init(_ value: DepositValue, raw: UInt256, height: Int64) {
    (status, reason) = (value.status, value.reason)
    (self.raw, amount, dust, self.height) = (raw, value.amount, value.dust, height)
  }

  /// Refused, it changes nothing.
  public mutating func apply(_ event: Event) throws(Impossible) {
    let impossible = Impossible(status: status, event: event)
    switch event {
    case .deeper(let tip, let finalized): deepen(tip, finalized)
    case .numbered(let number):
      guard status == .seen || status == .confirming, creditNumber == nil else { throw impossible }
      (creditNumber, status) = (number, .confirming)
    case .credited:
      guard creditNumber != nil, !isBooked else { throw impossible }
      (isBooked, credited) = (true, amount)
      if status == .confirming { status = .credited }
    case .blockLeft:
      guard isOnChain, status != .final else { throw impossible }
      isOnChain = false
      if status != .clawback { status = .orphaned }
    case .minedAgain(let value, let raw, let height):
      guard !isOnChain else { throw impossible }
      mine(value, raw, height)
    case .clawbackNumbered(let number):
      guard status == .orphaned, creditNumber != nil else { throw impossible }
      (clawbackNumber, status) = (number, .clawback)
    case .clawedBack:
      guard status == .clawback, isBooked, !isTakenBack else { throw impossible }
      (isTakenBack, credited) = (true, 0)
    case .resolved(let decision):
      guard status == .review, decision == .reject || amount > 0 else { throw impossible }
      resolution = decision
      decide(decision, credited: .confirming)
    }
  }

  private mutating func deepen(_ tip: Int64, _ finalized: Int64) {
    if status == .seen, height < tip { status = .confirming }
    // Taken back, in the ledger too, and on the chain again: as if it were new.
    if status == .clawback, isTakenBack, isOnChain, reason.isEmpty {
      (creditNumber, clawbackNumber, isBooked, isTakenBack) = (nil, nil, false, false)
      status = .confirming
    }
    if status == .credited, height <= finalized { status = .final }
  }

  private mutating func mine(_ value: DepositValue, _ raw: UInt256, _ height: Int64) {
    (isOnChain, self.height) = (true, height)
    let isSame = raw == self.raw
    if !isSame { resolution = nil }
    guard creditNumber == nil else {
      // A number is of one amount: with another it is taken back, and stays so.
      reason = isSame ? value.reason : Self.changed
      if isSame, value.status == .review, resolution == .credit { reason = "" }
      if status != .clawback, isSame { status = isBooked ? .credited : .confirming }
      return
    }
    (self.raw, amount, dust) = (raw, value.amount, value.dust)
    (status, reason) = (value.status, value.reason)
    // What an operator decided stands for the same amount.
    if value.status == .review, let resolution { decide(resolution, credited: .seen) }
  }

  private mutating func decide(_ decision: DepositResolution.Decision, credited: DepositStatus) {
    switch decision {
    case .credit: (status, reason) = (credited, "")
    case .reject: (status, reason) = (.rejected, Self.rejected)
    }
  }

  static let changed = "its amount changed in a reorganisation"
  static let rejected = "rejected by an operator"
}
