// The signer behind its socket, as the sender of payments sees it.

internal import Custody
internal import Ethereum

struct SocketSigner: PayoutSigner {
  let path: String
  private let expected: Address

  init(path: String, address: Address) {
    self.path = path
    expected = address
  }

  func address() throws(PayoutSignerError) -> Address { expected }

  func sign(_ transaction: Transaction1559) throws(PayoutSignerError) -> SignedTransaction {
    throw .unavailable("not built yet")
  }
}
