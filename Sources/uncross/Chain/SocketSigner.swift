// The signer behind its socket, as the sender of payments sees it.

internal import Custody
internal import Ethereum
internal import Signer

struct SocketSigner: PayoutSigner {
  private let client: SignerClient

  /// - Parameter wallet: whose key it must hold.
  init(path: String, wallet: Address) {
    client = SignerClient(socketPath: path, account: wallet)
  }

  func address() throws(PayoutSignerError) -> Address {
    do throws(SignerError) {
      return try client.hello().address
    } catch {
      throw Self.error(error)
    }
  }

  func check(_ transaction: Transaction1559) throws(PayoutSignerError) {
    do throws(SignerError) {
      try client.check(transaction)
    } catch {
      throw Self.error(error)
    }
  }

  func sign(_ transaction: Transaction1559) throws(PayoutSignerError) -> SignedTransaction {
    do throws(SignerError) {
      return try client.sign(transaction)
    } catch {
      throw Self.error(error)
    }
  }

  private static func error(_ error: SignerError) -> PayoutSignerError {
    switch error {
    case .unavailable(let why): .unavailable(why)
    case .wrongAnswer(let why): .wrong(why)
    case .refused(let code, let message): .refused(code: code, message: message)
    }
  }
}
