// The signer behind its socket, as the sender of payments sees it.

internal import Custody
internal import Ethereum
internal import Signer

struct SocketSigner: PayoutSigner {
  private let client: SignerClient
  private let wallet: Address

  /// - Parameter wallet: whose key it must hold.
  init(path: String, wallet: Address) {
    client = SignerClient(path: path)
    self.wallet = wallet
  }

  func address() throws(PayoutSignerError) -> Address {
    do throws(SignerError) {
      return try client.hello().address
    } catch {
      throw Self.error(error)
    }
  }

  func sign(_ transaction: Transaction1559) throws(PayoutSignerError) -> SignedTransaction {
    let signed: SignedTransaction
    do throws(SignerError) {
      signed = try client.sign(transaction)
    } catch {
      throw Self.error(error)
    }
    guard signed.sender == wallet else {
      throw .refused(code: "wrong_wallet", message: "the signer holds the key of \(signed.sender)")
    }
    return signed
  }

  private static func error(_ error: SignerError) -> PayoutSignerError {
    switch error {
    case .unavailable(let why): .unavailable(why)
    case .wrongAnswer(let why): .unavailable("its answer is wrong: \(why)")
    // Nothing was judged: it is the signer that needs help, not this payment.
    case .refused("log_broken", let message): .unavailable(message)
    case .refused(let code, let message): .refused(code: code, message: message)
    }
  }
}
