// What the tests of this folder share: a key, a policy, transactions, directories.

import Crypto
import Ethereum
import Formats
import Foundation
import Glibc

@testable import Signer

struct Unexpected: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The accounts of the tests.
enum Accounts {
  static let secret = [UInt8](repeating: 0x11, count: 32)

  static func key() -> SecretKey {
    guard let key = SecretKey(secret) else { preconditionFailure("the tests' key is none") }
    return key
  }

  static let own = key().address
  static let identity = SignerIdentity(address: own, chainID: 7)
  static let token = account(0xa1)
  static let otherToken = account(0xa2)
  static let alice = account(1)
  static let bob = account(2)

  static func account(_ byte: UInt8) -> Address {
    guard let address = Address([UInt8](repeating: byte, count: 20)) else {
      preconditionFailure("an address has 20 bytes")
    }
    return address
  }
}

func wei(_ amount: UInt64) -> UInt256 { UInt256(amount) }

/// 1,000 of the coin in one transaction and 3,000 in a day, half of that of the token; gas of
/// 100,000 at a fee of 1,000, and of ten such transactions in a day.
func policy(
  ether: UInt64 = 1_000, etherDay: UInt64 = 3_000, hasToken: Bool = true, fee: UInt64 = 1_000,
  gasLimit: UInt64 = 100_000, gasCost: UInt64 = 1_000_000_000, allowList: Set<Address>? = nil
) throws -> SignerPolicy {
  var assets = [
    SignerPolicy.Asset(
      code: "ETH", contract: nil, maximumPerTransaction: wei(ether), maximumPerDay: wei(etherDay))
  ]
  if hasToken {
    assets.append(
      SignerPolicy.Asset(
        code: "USDC", contract: Accounts.token, maximumPerTransaction: wei(500),
        maximumPerDay: wei(1_500)))
  }
  return try SignerPolicy(
    chainID: 7, assets: assets, maximumFeePerGas: wei(fee), maximumGasLimit: gasLimit,
    maximumGasCostPerDay: wei(gasCost), allowList: allowList)
}

/// A payment of the coin; other fields as a test needs them.
func pay(
  _ amount: UInt64, to destination: Address = Accounts.alice, nonce: UInt64 = 0, fee: UInt64 = 100,
  priority: UInt64? = nil, gas: UInt64 = 21_000, chain: UInt64 = 7, data: [UInt8] = []
) -> Transaction1559 {
  guard
    let fees = GasFees(maximum: wei(fee), priority: wei(priority ?? fee)),
    let transaction = try? Transaction1559(
      chainID: chain, nonce: nonce, fees: fees, gasLimit: gas, destination: destination,
      value: wei(amount), data: data)
  else { preconditionFailure("not a transaction") }
  return transaction
}

func payToken(
  _ amount: UInt64, to recipient: Address = Accounts.alice, of contract: Address = Accounts.token,
  nonce: UInt64 = 0, fee: UInt64 = 100, gas: UInt64 = 60_000
) -> Transaction1559 {
  pay(
    0, to: contract, nonce: nonce, fee: fee, gas: gas,
    data: ERC20.transferCall(to: recipient, amount: wei(amount)))
}

func cancel(nonce: UInt64 = 0, fee: UInt64 = 100, gas: UInt64 = 21_000) -> Transaction1559 {
  pay(0, to: Accounts.own, nonce: nonce, fee: fee, gas: gas)
}

/// A directory of mode 0700 that goes when its owner does.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = "/tmp/uncross-signer-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ bytes: [UInt8], to name: String, mode: Int = 0o600) throws {
    try? FileManager.default.removeItem(atPath: file(name))
    let isMade = FileManager.default.createFile(
      atPath: file(name), contents: Data(bytes), attributes: [.posixPermissions: mode])
    guard isMade else { throw Unexpected("\(name) is not made") }
  }

  func read(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }
}

extension SignerLog.Start {
  /// The right one for what is at `path`.
  static func fitting(_ path: String) -> SignerLog.Start {
    access(path, F_OK) == 0 ? .existing : .new
  }
}

extension SignerClock {
  static func stopped(at seconds: Int64) -> SignerClock {
    SignerClock(wall: { seconds }, boot: { 0 })
  }
}

extension KeyFile.Scrypt {
  /// The least that is accepted: the tests open many files.
  static let quick = KeyFile.Scrypt(rounds: 1 << 14, blockSize: 8, parallelism: 1)
}

/// As `0x` and digits.
func sha256(_ bytes: [UInt8]) -> String { Hex.encode(Array(SHA256.hash(data: bytes))) }
