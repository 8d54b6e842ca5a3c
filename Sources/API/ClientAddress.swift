// The name under which one client's address is counted, by connections, rates and streams alike.

internal import NIOCore

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Names addresses. Who has one IPv6 address usually has its whole /64, so that is one name; an
/// IPv4 address inside IPv6 is the IPv4 address.
enum ClientAddress {
  /// Bytes of a name that no address has: a proxy's word, cut.
  private static let maximumName = 64

  static func name(of address: SocketAddress?) -> String {
    (address?.ipAddress).map { name(ofText: $0) } ?? "local"
  }

  /// The address as text; a proxy's own word where that is no address.
  static func name(ofText text: some StringProtocol) -> String {
    var bytes = [UInt8](repeating: 0, count: 16)
    guard inet_pton(AF_INET6, String(text), &bytes) == 1 else {
      return String(decoding: text.utf8.prefix(maximumName), as: UTF8.self)
    }
    if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
      return bytes[12...].map { String($0) }.joined(separator: ".")
    }
    let words = (0..<4).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
    return words.map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
  }
}
