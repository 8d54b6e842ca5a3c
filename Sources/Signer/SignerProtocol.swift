// The words between the signer and the exchange: frames of JSON over a unix socket.

public import Ethereum
internal import Formats
internal import Glibc

/// A frame is its length in 4 bytes, big-endian, and one JSON object. See docs/signer.md.
enum SignerProtocol {
  /// 2 has `check`: an older signer would call it malformed, which the exchange must not take for
  /// its judgement.
  static let version: UInt64 = 2
  /// Two hexadecimal digits for each byte that a node admits as a transaction would be 256 KiB;
  /// what the signer signs has less than 1 KiB.
  static let maximumByteCount = 128 * 1_024
  static let headByteCount = 4

  static func frame(_ value: JSONValue) -> [UInt8] {
    let body = value.bytes
    return withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) } + body
  }

  // MARK: Requests

  enum Request {
    case hello
    case check(unsigned: [UInt8])
    case sign(unsigned: [UInt8])

    init(_ body: [UInt8]) throws(JSONError) {
      var fields = try SignerFields(parsing: body, .signer)
      switch try fields.text("op") {
      case "hello": self = .hello
      case "check": self = .check(unsigned: try Self.unsigned(&fields))
      case "sign": self = .sign(unsigned: try Self.unsigned(&fields))
      default: throw JSONError("unknown op")
      }
      try fields.finish()
    }

    private static func unsigned(_ fields: inout SignerFields) throws(JSONError) -> [UInt8] {
      guard let bytes = try? Hex.decode(try fields.text("unsigned")) else {
        throw JSONError("unsigned must be hexadecimal")
      }
      return bytes
    }

    var json: JSONValue {
      switch self {
      case .hello: .object([.init("op", .text("hello"))])
      case .check(let unsigned): Self.json("check", unsigned)
      case .sign(let unsigned): Self.json("sign", unsigned)
      }
    }

    private static func json(_ op: String, _ unsigned: [UInt8]) -> JSONValue {
      .object([.init("op", .text(op)), .init("unsigned", .text(Hex.encode(unsigned)))])
    }
  }

  // MARK: Answers

  static func ok(_ fields: [JSONField]) -> JSONValue {
    .object([.init("ok", .object(fields))])
  }

  static func refused(_ refusal: SignerRefusal) -> JSONValue {
    .object([
      .init(
        "refused",
        .object([
          .init("code", .text(refusal.rawValue)), .init("message", .text(refusal.message)),
        ]))
    ])
  }
}

/// Whose key a signer holds.
public struct SignerIdentity: Hashable, Sendable {
  public let address: Address
  public let chainID: UInt64

  public init(address: Address, chainID: UInt64) {
    self.address = address
    self.chainID = chainID
  }
}

// MARK: - Sockets

enum UnixSocket {
  /// What fits in `sockaddr_un` with a zero at its end.
  static let maximumPathByteCount = 107

  /// A stream socket that does not block.
  static func make() throws(FileFault) -> Descriptor {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let number = socket(AF_UNIX, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard number >= 0 else { throw .last("socket") }
    return Descriptor(number)
  }

  /// Calls `bind` or `connect` with the address that `path` is; false with `errno` set.
  static func call(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Bool {
    let bytes = Array(path.utf8)
    guard bytes.count <= maximumPathByteCount, !bytes.contains(0) else {
      errno = ENAMETOOLONG
      return false
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }

  static func connect(_ descriptor: borrowing Descriptor, to path: String) -> Bool {
    let number = descriptor.number
    return call(path) { Glibc.connect(number, $0, $1) }
  }

  /// Milliseconds of a clock that only goes forward.
  static func milliseconds() -> Int64 { SystemClock.monotonicNanoseconds() / 1_000_000 }

  static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
