// Commands about deposits and withdrawals as bytes, see `CommandCodec`.

internal import Engine

extension CommandCodec {
  static func encode(_ approval: WithdrawalApproval, to writer: inout ByteWriter) {
    writer.int(Int128(approval.id))
    writer.uint(approval.operator)
    writer.raw(approval.key.bytes)
    writer.uint(approval.user)
    writer.uint(approval.asset)
    writer.int(approval.amount)
    writer.int(approval.fee)
    writer.payoutAddress(approval.address)
    writer.uint(approval.signature.count)
    writer.raw(approval.signature)
  }

  /// Of tags whose commands are about deposits, withdrawals and where these go.
  static func decodeMoney(
    _ tag: Tag, _ reader: inout ByteReader
  ) throws(ByteError) -> Command {
    switch tag {
    case .creditDeposit:
      return .deposit(
        .credit(
          DepositCredit(
            chain: try reader.uint(), number: try reader.int(as: Int64.self),
            user: try reader.uint(), asset: try reader.uint(), amount: try reader.int())))
    case .clawBackDeposit:
      return .deposit(
        .clawBack(
          DepositClawback(
            chain: try reader.uint(), number: try reader.int(as: Int64.self),
            credit: try reader.int(as: Int64.self), user: try reader.uint(),
            asset: try reader.uint(), amount: try reader.int())))
    case .addPayoutAddress:
      return .user(
        .addPayoutAddress(
          PayoutAddressAddition(
            user: try reader.uint(), chain: try reader.uint(), address: try reader.payoutAddress(),
            label: try anyText(&reader))))
    case .removePayoutAddress:
      return .user(
        .removePayoutAddress(
          user: try reader.uint(), chain: try reader.uint(), address: try reader.payoutAddress()))
    case .requestWithdrawal:
      return .withdrawal(
        .request(
          WithdrawalRequest(
            user: try reader.uint(), asset: try reader.uint(), amount: try reader.int(),
            address: try reader.payoutAddress(), clientID: try reader.clientOrderID())))
    case .cancelWithdrawal:
      return .withdrawal(
        .cancel(user: try reader.uint(), id: try reader.int(as: Int64.self)))
    case .startWithdrawal: return .withdrawal(.start(id: try reader.int(as: Int64.self)))
    case .finishWithdrawal: return .withdrawal(.finish(id: try reader.int(as: Int64.self)))
    case .failWithdrawal:
      return .withdrawal(
        .fail(id: try reader.int(as: Int64.self), isCancelled: try reader.bool()))
    default: throw reader.fail("not a command about money")
    }
  }

  static func decodeApproval(
    _ reader: inout ByteReader
  ) throws(ByteError) -> WithdrawalApproval {
    WithdrawalApproval(
      id: try reader.int(as: Int64.self), operator: try reader.uint(), key: try decodeKey(&reader),
      user: try reader.uint(), asset: try reader.uint(), amount: try reader.int(),
      fee: try reader.int(), address: try reader.payoutAddress(),
      signature: Array(try reader.raw(try reader.count())))
  }
}
