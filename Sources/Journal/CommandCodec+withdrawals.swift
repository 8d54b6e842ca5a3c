// Withdrawals' commands as bytes, see `CommandCodec`.

internal import Engine

extension CommandCodec {
  static func encodeWithdrawals(_ command: Command, to writer: inout ByteWriter) {
    func tag(_ tag: Tag) { writer.byte(tag.rawValue) }
    switch command {
    case .addPayoutAddress(let addition):
      tag(.addPayoutAddress)
      writer.uint(addition.user)
      writer.uint(addition.chain)
      writer.payoutAddress(addition.address)
      writer.text(addition.label)
    case .removePayoutAddress(let user, let chain, let address):
      tag(.removePayoutAddress)
      writer.uint(user)
      writer.uint(chain)
      writer.payoutAddress(address)
    case .requestWithdrawal(let request):
      tag(.requestWithdrawal)
      writer.uint(request.user)
      writer.uint(request.asset)
      writer.int(request.amount)
      writer.payoutAddress(request.address)
      writer.clientOrderID(request.clientID)
    case .cancelWithdrawal(let user, let id):
      tag(.cancelWithdrawal)
      writer.uint(user)
      writer.int(Int128(id))
    case .startWithdrawal(let id):
      tag(.startWithdrawal)
      writer.int(Int128(id))
    case .finishWithdrawal(let id):
      tag(.finishWithdrawal)
      writer.int(Int128(id))
    case .failWithdrawal(let id, let isCancelled):
      tag(.failWithdrawal)
      writer.int(Int128(id))
      writer.bool(isCancelled)
    default: preconditionFailure("encoded by another part")
    }
  }

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

  static func decodeWithdrawals(
    _ tag: Tag, _ reader: inout ByteReader
  ) throws(ByteError) -> Command {
    switch tag {
    case .addPayoutAddress:
      return .addPayoutAddress(
        PayoutAddressAddition(
          user: try reader.uint(), chain: try reader.uint(), address: try reader.payoutAddress(),
          label: try anyText(&reader)))
    case .removePayoutAddress:
      return .removePayoutAddress(
        user: try reader.uint(), chain: try reader.uint(), address: try reader.payoutAddress())
    case .requestWithdrawal:
      return .requestWithdrawal(
        WithdrawalRequest(
          user: try reader.uint(), asset: try reader.uint(), amount: try reader.int(),
          address: try reader.payoutAddress(), clientID: try reader.clientOrderID()))
    case .cancelWithdrawal:
      return .cancelWithdrawal(user: try reader.uint(), id: try reader.int(as: Int64.self))
    case .startWithdrawal: return .startWithdrawal(id: try reader.int(as: Int64.self))
    case .finishWithdrawal: return .finishWithdrawal(id: try reader.int(as: Int64.self))
    case .failWithdrawal:
      return .failWithdrawal(
        id: try reader.int(as: Int64.self), isCancelled: try reader.bool())
    default: preconditionFailure("decoded by another part")
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
