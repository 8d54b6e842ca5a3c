// Reading the description of a chain: nothing is passed over, and what is wrong is said in words.

internal import Ethereum
internal import Formats
internal import Foundation

extension ChainSettings {
  private static let limits = JSONLimits(
    bytes: 1 << 20, depth: 8, members: 64, elements: 1_024, stringBytes: 4_096)

  /// Fields that the type does not know are refused, with the one that may be meant.
  static func read(_ file: String) throws -> ChainSettings {
    let bytes: [UInt8]
    do {
      bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
    } catch {
      throw ChainSettingsError("\(file): cannot be read: \(error.localizedDescription)")
    }
    do throws(JSONError) {
      return try StrictJSON.parse(bytes, limits).decodeExactly()
    } catch {
      throw ChainSettingsError("\(file): \(error)\(hint(error))")
    }
  }

  private static func hint(_ error: JSONError) -> String {
    guard case .unknownField(let path) = error.fault else { return "" }
    let name = path.split(separator: ".").last.map { $0.filter { $0 != "`" } } ?? ""
    return NearestName.hint(for: String(name), among: fieldNames)
  }

  /// Why a text is not the key whose children are deposit addresses.
  static func checkPublicKey(_ text: String) throws(ChainSettingsError) {
    do throws(ExtendedKeyError) {
      _ = try ExtendedPublicKey(text)
    } catch {
      if text.dropFirst().hasPrefix("prv") {
        throw ChainSettingsError(
          "xpub: this is a private key, which never belongs here: take the xpub of it, and another "
            + "key if anybody saw this file")
      }
      let reason =
        switch error {
        case .checksum where text.utf8.count == 111:
          "a character of it is wrong: its checksum does not fit"
        case .version: "it is of another kind or network: BIP-32's `xpub` is wanted"
        default: "it is no extended public key: those begin with `xpub` and have 111 characters"
        }
      throw ChainSettingsError("xpub: \(reason)")
    }
  }

  static func address(_ text: String, _ place: String) throws(ChainSettingsError) -> Address {
    do throws(AddressError) {
      return try Address(text)
    } catch {
      // The text is never shown again: it may be a secret.
      let digits = text.hasPrefix("0x") ? text.utf8.count - 2 : text.utf8.count
      if digits == 64 {
        throw ChainSettingsError(
          "\(place): 64 digits are a private key's or a hash's, an address has 40 after 0x")
      }
      if case .checksum = error {
        throw ChainSettingsError("\(place): the checksum of the address does not fit (EIP-55)")
      }
      throw ChainSettingsError(
        "\(place): a text of \(text.utf8.count) characters is no address: 0x and 40 digits")
    }
  }
}
