// What a transaction does, as far as the signer lets transactions do anything.

internal import Ethereum

/// The only two things that are signed.
enum SignerPayload: Equatable {
  /// Nothing, to the own address: it takes a nonce's place so that its payment never happens.
  case cancel
  case payment(Payment)

  struct Payment: Equatable {
    /// Nil for the chain's own coin.
    let contract: Address?
    let recipient: Address
    let amount: UInt256
  }

  /// - Parameter account: whose key signs.
  init(_ transaction: Transaction1559, account: Address) throws(SignerRefusal) {
    let (destination, value, data) = (transaction.destination, transaction.value, transaction.data)
    if destination == account {
      guard data.isEmpty else { throw .notAPayment }
      guard value == .zero else { throw .badRecipient }
      self = .cancel
      return
    }
    let payment: Payment
    if data.isEmpty {
      payment = Payment(contract: nil, recipient: destination, amount: value)
    } else {
      guard value == .zero, let call = try? ERC20.decodeTransferCall(data) else {
        throw .notAPayment
      }
      payment = Payment(contract: destination, recipient: call.recipient, amount: call.amount)
    }
    guard payment.amount > .zero else { throw .zeroAmount }
    guard
      payment.recipient != .zero, payment.recipient != account,
      payment.recipient != payment.contract
    else { throw .badRecipient }
    self = .payment(payment)
  }
}
