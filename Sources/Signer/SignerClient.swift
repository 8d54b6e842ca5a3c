// The exchange's end of the signer's socket.

public import Ethereum
internal import Foundation
internal import Glibc
internal import Synchronization

/// Why there is no signature.
public enum SignerError: Error, Sendable, Equatable {
  /// Nobody answers, or not in time. It may have signed: asking the same again is safe.
  case unavailable(String)
  case refused(code: String, message: String)
  /// What came is not what was asked for.
  case wrongAnswer(String)
}

/// Asks a signer. Every call blocks, so never on Swift's cooperative pool; calls wait for each other.
public final class SignerClient: Sendable {
  /// A signature takes a millisecond and a write to disk; a signer that is busy for longer is not well.
  static let seconds = 10

  private let path: String
  private let connection = Mutex<Int32?>(nil)

  public init(path: String) { self.path = path }

  deinit { connection.withLock { descriptor in descriptor.map { _ = close($0) } } }

  /// Whose key it holds, and for which chain.
  public func hello() throws(SignerError) -> (address: Address, chainID: UInt64) {
    let answer = try ask(SignerRequest(op: "hello"))
    guard let hello = answer.hello, let address = try? Address(hello.address) else {
      throw .wrongAnswer("no greeting")
    }
    return (address, hello.chainID)
  }

  /// The transaction signed, decoded again and compared.
  public func sign(_ transaction: Transaction1559) throws(SignerError) -> SignedTransaction {
    let answer = try ask(
      SignerRequest(op: "sign", unsigned: Hex.encode(transaction.signingPayload)))
    guard let raw = answer.raw.flatMap({ try? Hex.decode($0) }),
      let signed = try? SignedTransaction(raw: raw), signed.transaction == transaction
    else { throw .wrongAnswer("not the transaction that was asked for") }
    return signed
  }

  private func ask(_ request: SignerRequest) throws(SignerError) -> SignerAnswer {
    guard let bytes = try? JSONEncoder().encode(request) else {
      preconditionFailure("a request does not encode")
    }
    let message: Result<[UInt8], SignerError> = connection.withLock { connection in
      if connection == nil { connection = Self.connect(path) }
      guard let descriptor = connection else {
        return .failure(.unavailable("nobody listens at \(path)"))
      }
      if SignerFrame.write(descriptor, Array(bytes)), let answer = SignerFrame.read(descriptor) {
        return .success(answer)
      }
      close(descriptor)
      connection = nil
      return .failure(.unavailable("the connection to \(path) broke"))
    }
    let content = Data(try message.get())
    guard let answer = try? JSONDecoder().decode(SignerAnswer.self, from: content)
    else { throw .wrongAnswer("no JSON of the signer's") }
    if let refused = answer.refused {
      throw .refused(code: refused.code, message: refused.message)
    }
    return answer
  }

  private static func connect(_ path: String) -> Int32? {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { return nil }
    SignerFrame.setTimeout(descriptor, seconds: seconds)
    guard SignerFrame.withAddress(path, { Glibc.connect(descriptor, $0, $1) == 0 }) ?? false else {
      close(descriptor)
      return nil
    }
    return descriptor
  }
}
