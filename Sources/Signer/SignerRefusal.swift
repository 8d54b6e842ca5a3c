// The words in which the signer says no; docs/signer.md explains each.

/// Why a transaction is not signed. The raw values are the protocol's and never change.
public enum SignerRefusal: String, Error, CaseIterable, Sendable {
  /// Not a request, or not an unsigned transaction of type 2 without an access list.
  case malformed
  case wrongChain = "wrong_chain"
  /// Neither a payment, nor a token's transfer, nor a cancel.
  case notAPayment = "not_a_payment"
  case zeroAmount = "zero_amount"
  /// To nobody, to the signer's own address, or to the contract of a token.
  case badRecipient = "bad_recipient"
  case assetNotListed = "asset_not_listed"
  case notOnAllowList = "not_on_allow_list"
  case overTransactionLimit = "over_transaction_limit"
  case overDayLimit = "over_day_limit"
  case gasTooHigh = "gas_too_high"
  case feeTooHigh = "fee_too_high"
  case gasCostOverDayLimit = "gas_cost_over_day_limit"
  /// Another payment has been signed at this nonce.
  case nonceUsed = "nonce_used"
  /// A cancel has been signed at this nonce: no payment is signed there any more.
  case nonceCancelled = "nonce_cancelled"
  /// The same payload has been signed with another gas limit.
  case gasLimitChanged = "gas_limit_changed"
  /// Not both fees are 10 % above the highest attempt of this nonce.
  case feeNotRaised = "fee_not_raised"

  /// For people.
  public var message: String {
    switch self {
    case .malformed: "not a request, or not an unsigned EIP-1559 transaction without access list"
    case .wrongChain: "the transaction is for another chain"
    case .notAPayment: "neither a payment nor a transfer of a token nor a cancel"
    case .zeroAmount: "the payment pays nothing"
    case .badRecipient: "paid to nobody, to the signer itself or to a token's contract"
    case .assetNotListed: "the policy does not list this asset"
    case .notOnAllowList: "the policy does not list this recipient"
    case .overTransactionLimit: "more than the policy allows in one transaction"
    case .overDayLimit: "more than the policy allows in 24 hours"
    case .gasTooHigh: "the gas limit is above the policy's"
    case .feeTooHigh: "the maximum fee is above the policy's"
    case .gasCostOverDayLimit: "gas could cost more than the policy allows in 24 hours"
    case .nonceUsed: "another payment has been signed at this nonce"
    case .nonceCancelled: "a cancel has been signed at this nonce"
    case .gasLimitChanged: "the same payload has been signed with another gas limit"
    case .feeNotRaised: "both fees must be 10 % above the highest attempt of this nonce"
    }
  }
}
