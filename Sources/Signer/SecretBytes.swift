// A passphrase or a key on its way: one place in memory, erased when its owner ends.

internal import CSigner
internal import Glibc

/// Bytes that are overwritten at the end, in one allocation that no move copies.
public struct SecretBytes: ~Copyable {
  /// The most bytes that are read from a descriptor.
  public static let maximumByteCount = 1_024

  private let memory: UnsafeMutableRawBufferPointer
  public private(set) var count: Int

  private init(capacity: Int) {
    memory = .allocate(byteCount: capacity, alignment: 16)
    count = 0
  }

  /// A copy; the caller erases its own.
  public init(_ bytes: [UInt8]) {
    self.init(capacity: max(bytes.count, 1))
    memory.copyBytes(from: bytes)
    count = bytes.count
  }

  deinit {
    uncross_signer_erase(memory.baseAddress, memory.count)
    memory.deallocate()
  }

  /// Reads a descriptor to its end, without one line feed at the end. Blocks.
  public static func read(descriptor: Int32) throws(SecretError) -> SecretBytes {
    // One more, to see that there are too many.
    var secret = SecretBytes(capacity: maximumByteCount + 1)
    while secret.count < secret.memory.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: secret.memory[secret.count...])
      let count = Glibc.read(descriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(code: errno) }
      if count == 0 { break }
      secret.count += count
    }
    guard secret.count <= maximumByteCount else { throw .tooLong }
    if secret.count > 0, secret.memory[secret.count - 1] == UInt8(ascii: "\n") { secret.count -= 1 }
    guard secret.count > 0 else { throw .empty }
    return secret
  }

  /// Lends the bytes to `body`, which must not keep them.
  public borrowing func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
  }

  /// The 32 bytes that 64 hexadecimal digits are, with or without `0x` before them; else nil.
  public borrowing func decodedHex32() -> SecretBytes? {
    let hasPrefix = count == 66 && memory[0] == UInt8(ascii: "0") && memory[1] == UInt8(ascii: "x")
    guard count == 64 || hasPrefix else { return nil }
    var decoded = SecretBytes(capacity: 32)
    for index in 0..<32 {
      let place = (hasPrefix ? 2 : 0) + 2 * index
      guard let high = Self.digit(memory[place]), let low = Self.digit(memory[place + 1]) else {
        return nil
      }
      decoded.memory[index] = high << 4 | low
    }
    decoded.count = 32
    return decoded
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Why a descriptor gives no secret.
public enum SecretError: Error, Equatable, Sendable {
  case empty
  /// More than `SecretBytes.maximumByteCount`.
  case tooLong
  case unreadable(code: Int32)
}
