// What was signed, in a file of the signer's own: durable before a signature leaves, chained by hashes.

internal import Crypto
internal import Ethereum
internal import Foundation
internal import Glibc

/// An append-only file. Each record ends with SHA-256 of the record before's hash and its own bytes, so that
/// nothing can be left out or changed unseen. A record that was cut off by a kill never had its signature
/// leave; it is taken away at the next start.
final class SignerLog {
  private static let mark = Array("uncross-signer".utf8) + [1]
  private static let recordBytes = 8 + 1 + 1 + 20 + 20 + 32 + 8 + 32 + 32 + 8
  private static let hashBytes = 32

  let path: String
  private let descriptor: Int32
  private var lastHash: [UInt8]
  private var end: Int

  /// Opens the file of this wallet on this chain, or makes it; gives each record to `body`, oldest first.
  init(
    path: String, wallet: Address, chainID: UInt64, _ body: (SignedRecord) -> Void
  ) throws(SignerFileError) {
    self.path = path
    var header = Self.mark + wallet.bytes
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      header.append(UInt8(truncatingIfNeeded: chainID >> shift))
    }
    if access(path, F_OK) != 0 { try PrivateFile.make(path, header) }
    descriptor = try PrivateFile.open(path, O_RDWR)
    // Two signers could sign two payments for one nonce.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw SignerFileError(path, "another signer has it open")
    }
    lastHash = Array(SHA256.hash(data: header))
    end = header.count
    do throws(SignerFileError) {
      try replay(header, body)
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  private func replay(
    _ header: [UInt8], _ body: (SignedRecord) -> Void
  ) throws(SignerFileError) {
    guard let content = PrivateFile.read(descriptor, maximum: 1 << 32) else {
      throw PrivateFile.failure(path, "cannot be read")
    }
    guard content.starts(with: header) else {
      throw SignerFileError(path, "is of another wallet or chain, or no signer's file")
    }
    let size = Self.recordBytes + Self.hashBytes
    var rest = content.dropFirst(header.count)
    while rest.count >= size {
      let bytes = Array(rest.prefix(Self.recordBytes))
      let hash = Array(SHA256.hash(data: lastHash + bytes))
      guard hash.elementsEqual(rest.dropFirst(Self.recordBytes).prefix(Self.hashBytes)),
        let record = Self.decode(bytes)
      else {
        // A record that was never wholly written may have its length and zeros for its end; its signature did
        // not leave. Anything else is damage, and what is lost could be signed a second time.
        if rest.count == size, rest.suffix(Self.hashBytes).allSatisfy({ $0 == 0 }) { break }
        throw SignerFileError(path, "is damaged at byte \(end): restore it, do not make it anew")
      }
      body(record)
      lastHash = hash
      end += size
      rest = rest.dropFirst(size)
    }
    guard ftruncate(descriptor, end) == 0, fsync(descriptor) == 0,
      lseek(descriptor, end, SEEK_SET) == end
    else { throw PrivateFile.failure(path, "cannot be written") }
  }

  /// Durable when it returns. After a failure nothing may be signed any more: what is in the file is not known.
  func append(_ record: SignedRecord) throws(SignerFileError) {
    let bytes = Self.encode(record)
    let hash = Array(SHA256.hash(data: lastHash + bytes))
    guard PrivateFile.write(descriptor, bytes + hash), fdatasync(descriptor) == 0 else {
      throw PrivateFile.failure(path, "cannot be written")
    }
    lastHash = hash
    end += bytes.count + hash.count
  }

  private static func encode(_ record: SignedRecord) -> [UInt8] {
    var bytes: [UInt8] = []
    func put(_ word: UInt64) {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
    put(record.nonce)
    bytes += [record.kind.rawValue, record.contract == nil ? 0 : 1]
    bytes += (record.contract ?? .zero).bytes + record.recipient.bytes
    bytes += record.amount.bigEndianBytes
    put(record.gasLimit)
    bytes += record.priorityFee.bigEndianBytes + record.maximumFee.bigEndianBytes
    put(UInt64(bitPattern: record.time))
    return bytes
  }

  private static func decode(_ bytes: [UInt8]) -> SignedRecord? {
    var rest = bytes[...]
    func take(_ count: Int) -> [UInt8] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    func word() -> UInt64 { take(8).reduce(0) { $0 << 8 | UInt64($1) } }
    let nonce = word()
    let flags = take(2)
    guard let kind = SignedRecord.Kind(rawValue: flags[0]), flags[1] <= 1,
      let contract = Address(take(20)), let recipient = Address(take(20)),
      let amount = UInt256(bigEndian: take(32))
    else { return nil }
    let gasLimit = word()
    guard let priority = UInt256(bigEndian: take(32)), let maximum = UInt256(bigEndian: take(32))
    else { return nil }
    return SignedRecord(
      nonce: nonce, kind: kind, contract: flags[1] == 0 ? nil : contract, recipient: recipient,
      amount: amount, gasLimit: gasLimit, priorityFee: priority, maximumFee: maximum,
      time: Int64(bitPattern: word()))
  }
}
