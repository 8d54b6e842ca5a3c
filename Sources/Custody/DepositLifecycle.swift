// A deposit's life as a value: the table of `docs/custody.md`, which `CustodyStore` does to many
// rows at once.

public import Ethereum

/// One deposit, told what happens to it.
///
/// **Invariant:** `raw == amount * scale + dust`; `credited` is 0 or `amount`; what was in review
/// gets a number only after an operator credited it; while a credit is live, what was credited does
/// not change.
public struct DepositLifecycle: Sendable, Equatable {
  /// What the chain shows of it. A reorganisation may bring another in the same transaction's same
  /// place.
  public struct Payment: Sendable, Equatable {
    public var value: DepositValue
    public var raw: UInt256
    public var asset: String
    public var recipient: Address

    public init(_ value: DepositValue, raw: UInt256, asset: String, recipient: Address) {
      (self.value, self.raw, self.asset, self.recipient) = (value, raw, asset, recipient)
    }

    /// What a credit, or an operator's decision, was of.
    func isSame(as other: Payment) -> Bool {
      raw == other.raw && asset == other.asset && recipient == other.recipient
    }
  }

  public enum Event: Sendable, Equatable {
    /// The chain's last block, and its last final one.
    case deeper(tip: Int64, finalized: Int64)
    /// Creditable for ever, under this number.
    case numbered(Int64)
    /// The ledger has the credit.
    case credited
    /// Its block left the chain.
    case blockLeft
    /// In another block, with what the chain shows there.
    case minedAgain(Payment, height: Int64)
    /// The new chain is known to its end, and the credit is not on it.
    case clawbackNumbered(Int64)
    /// The ledger has the clawback.
    case clawedBack
    case resolved(DepositResolution.Decision)
  }

  struct Changed: Sendable, Equatable {
    var payment: Payment
    var height: Int64
  }

  /// An event that cannot happen in this state.
  public struct Impossible: Error, Equatable {
    public var status: DepositStatus
    public var event: Event
  }

  public private(set) var status: DepositStatus
  public private(set) var payment: Payment
  public private(set) var reason: String
  /// Of the block that its payment lies in, or lay in last.
  public private(set) var height: Int64
  public private(set) var isOnChain = true
  public private(set) var creditNumber: Int64?
  public private(set) var clawbackNumber: Int64?
  /// Atoms in the user's balance.
  public private(set) var credited: Int128 = 0
  public private(set) var resolution: DepositResolution.Decision?
  /// What the chain has in place of what was credited, until the ledger has the clawback.
  private(set) var changed: Changed?
  /// The ledger had the credit, and had the clawback, of the present number.
  private var isBooked = false
  private var isTakenBack = false

  /// Seen for the first time.
  public init(_ payment: Payment, height: Int64) {
    (status, reason) = (payment.value.status, payment.value.reason)
    (self.payment, self.height) = (payment, height)
  }

  public var amount: Int128 { payment.value.amount }

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
      (isOnChain, changed) = (false, nil)
      if status != .clawback { status = .orphaned }
    case .minedAgain(let payment, let height):
      guard !isOnChain else { throw impossible }
      mine(payment, height)
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
    // From here on it says what the chain has, which no balance has.
    if status == .clawback, isTakenBack, let now = changed {
      (payment, height, changed, resolution) = (now.payment, now.height, nil, nil)
    }
    // Taken back, in the ledger too, and on the chain again: as if it were new.
    if status == .clawback, isTakenBack, isOnChain, reason.isEmpty {
      (creditNumber, clawbackNumber, isBooked, isTakenBack) = (nil, nil, false, false)
      status = .confirming
    }
    if status == .credited, height <= finalized { status = .final }
  }

  private mutating func mine(_ now: Payment, _ height: Int64) {
    let isSame = now.isSame(as: payment)
    // Its credit is live or on its way: it must say what was credited.
    let isBound = creditNumber != nil && !isTakenBack
    isOnChain = true
    if creditNumber == nil {
      (status, reason) = (now.value.status, now.value.reason)
      // What an operator decided stands for the same.
      if isSame, now.value.status == .review, let resolution { decide(resolution, credited: .seen) }
    } else {
      // A number is of one payment: with another on the chain it is taken back, and stays so.
      if status != .clawback || reason.isEmpty {
        reason = isSame ? now.value.reason : Self.change(from: payment, to: now)
        if isSame, now.value.status == .review, resolution == .credit { reason = "" }
      }
      if status != .clawback, isSame { status = isBooked ? .credited : .confirming }
    }
    if isBound, !isSame {
      changed = Changed(payment: now, height: height)
      return
    }
    self.height = height
    if isBound { return }
    if !isSame { resolution = nil }
    payment = now
  }

  private mutating func decide(_ decision: DepositResolution.Decision, credited: DepositStatus) {
    switch decision {
    case .credit: (status, reason) = (credited, "")
    case .reject: (status, reason) = (.rejected, Self.rejected)
    }
  }

  static let changed = "changed in a reorganisation: "
  static let rejected = "rejected by an operator"

  private static func change(from payment: Payment, to now: Payment) -> String {
    let what = [
      payment.raw == now.raw ? nil : "amount", payment.asset == now.asset ? nil : "asset",
      payment.recipient == now.recipient ? nil : "recipient",
    ]
    return changed + what.compactMap { $0 }.joined(separator: ", ")
  }
}
