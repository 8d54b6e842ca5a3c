// The key at rest: it comes back with its passphrase, and in no other way.

import Ethereum
import Formats
import Foundation
import Glibc
import Testing

@testable import Signer

@Suite struct KeyFileTests {
  private static let passphrase = Array("correct horse".utf8)

  private func make(in directory: TemporaryDirectory, _ name: String = "key") throws -> String {
    let path = directory.file(name)
    try KeyFile.create(
      path, key: Accounts.key(), passphrase: SecretBytes(Self.passphrase), scrypt: .quick)
    return path
  }

  /// What an opening gives: the key's bytes, or why not.
  private func open(
    _ path: String, _ passphrase: [UInt8] = passphrase
  ) -> Result<[UInt8], KeyFileError> {
    do throws(KeyFileError) {
      let key = try KeyFile.open(path, passphrase: SecretBytes(passphrase))
      return .success(
        key.withBytes { bytes in
          (0..<32).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        })
    } catch { return .failure(error) }
  }

  @Test func givesTheKeyBack() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    #expect(open(path) == .success(Accounts.secret))
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["key"])
    let text = String(decoding: try directory.read("key"), as: UTF8.self)
    #expect(!text.contains(Hex.encode(Accounts.secret).dropFirst(2)))
    #expect(text.contains("\(Accounts.own)"))
  }

  /// With the parameters of a real file, which are stored in it.
  @Test func standardParameters() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("key")
    try KeyFile.create(path, key: Accounts.key(), passphrase: SecretBytes(Self.passphrase))
    #expect(open(path) == .success(Accounts.secret))
    let text = String(decoding: try directory.read("key"), as: UTF8.self)
    #expect(text.contains(#""n":131072,"r":8,"p":1"#))
  }

  @Test func twoFilesOfAKeyDiffer() throws {
    let directory = try TemporaryDirectory()
    _ = try make(in: directory, "a")
    _ = try make(in: directory, "b")
    #expect(try directory.read("a") != directory.read("b"))
  }

  @Test func refusesOtherPassphrases() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    for wrong in ["correct horsf", "correct hors", "correct horse ", "\0"] {
      #expect(open(path, Array(wrong.utf8)) == .failure(.wrongPassphrase), "\(wrong)")
    }
  }

  @Test func refusesANewerVersionByName() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let text = String(decoding: try directory.read("key"), as: UTF8.self)
    let newer = text.replacingOccurrences(of: #""version":1"#, with: #""version":2"#)
    #expect(newer != text)
    try directory.write(Array(newer.utf8), to: "key")
    let reason = "its version is 2; if a newer signer wrote it, start that one"
    #expect(open(path) == .failure(.damaged(reason)))
  }

  @Test func neverOverwrites() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let before = try directory.read("key")
    #expect(throws: KeyFileError.file(.exists)) { try make(in: directory) }
    #expect(try directory.read("key") == before)
    #expect(open(path) == .success(Accounts.secret))
  }

  @Test func refusesModes() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] as [mode_t] {
      #expect(chmod(path, 0o600 | bit) == 0)
      #expect(open(path) == .failure(.file(.openToOthers(mode: 0o600 | bit))))
    }
    #expect(chmod(path, 0o400) == 0)
    #expect(open(path) == .success(Accounts.secret))
  }

  @Test func refusesOtherFiles() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    #expect(open(directory.file("none")) == .failure(.file(.missing)))
    #expect(symlink(path, directory.file("link")) == 0)
    #expect(open(directory.file("link")) == .failure(.file(.symbolicLink)))
    #expect(open(directory.path) == .failure(.file(.notRegular)))
    // Its other end never comes, and it is not waited for.
    #expect(mkfifo(directory.file("pipe"), 0o600) == 0)
    #expect(open(directory.file("pipe")) == .failure(.file(.notRegular)))
    try directory.write([UInt8](repeating: 0x20, count: 4_097), to: "large")
    #expect(open(directory.file("large")) == .failure(.file(.tooLarge(byteCount: 4_097))))
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
  func refusesOtherOwners() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    #expect(chown(path, 1, 1) == 0)
    #expect(open(path) == .failure(.file(.otherOwner(user: 1))))
  }

  /// Every bit of every byte: none of them is out of the checksum's sight.
  @Test func noticesEveryFlippedBit() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let bytes = try directory.read("key")
    for offset in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[offset] ^= 1 << bit
        try directory.write(changed, to: "key")
        guard case .failure(.damaged) = open(path) else {
          Issue.record("bit \(bit) of byte \(offset) is not noticed")
          return
        }
      }
    }
    for count in 0..<bytes.count {
      try directory.write(Array(bytes.prefix(count)), to: "key")
      guard case .failure(.damaged) = open(path) else {
        Issue.record("the loss of the bytes from \(count) is not noticed")
        return
      }
    }
  }

  /// A checksum that fits, over contents that were exchanged: only the tag tells.
  @Test func theTagCoversTheHeader() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let text = String(decoding: try directory.read("key"), as: UTF8.self)
    let other = text.replacing("\(Accounts.own)", with: "\(Accounts.alice)")
    #expect(other != text)
    try directory.write(Array(try KeyFileTests.withChecksum(other).utf8), to: "key")
    #expect(open(path) == .failure(.wrongPassphrase))
  }

  @Test func boundsTheParameters() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let text = String(decoding: try directory.read("key"), as: UTF8.self)
    for (field, value) in [
      (#""n":16384"#, #""n":8192"#), (#""n":16384"#, #""n":2097152"#),
      (#""n":16384"#, #""n":16385"#), (#""n":16384"#, #""n":0"#), (#""r":8"#, #""r":4096"#),
      (#""p":1"#, #""p":5"#), (#""p":1"#, #""p":0"#),
      (#""n":16384"#, #""n":9223372036854775807"#),
    ] {
      let other = text.replacing(field, with: value)
      #expect(other != text)
      try directory.write(Array(try KeyFileTests.withChecksum(other).utf8), to: "key")
      #expect(open(path) == .failure(.damaged("scrypt's parameters")), "\(value)")
    }
  }

  /// The text with the checksum that its fields have.
  private static func withChecksum(_ text: String) throws -> String {
    func field(_ name: String) throws -> String {
      guard let start = text.range(of: "\"\(name)\":")?.upperBound else {
        throw Unexpected("\(name) is missing")
      }
      return String(text[start...].prefix { $0 != "," && $0 != "}" }.filter { $0 != "\"" })
    }
    let header = try ["address", "n", "r", "p", "salt"].map(field)
    let words = ["uncross-signer-key", "1", header[0], "scrypt"] + header[1...]
    let covered =
      try Array(words.joined(separator: " ").utf8) + Hex.decode(field("nonce"))
      + Hex.decode(field("sealed"))
    return text.replacing(try field("checksum"), with: sha256(covered))
  }

  // MARK: Secrets from descriptors

  private func read(_ bytes: [UInt8]) -> Result<[UInt8], SecretError> {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return .failure(.unreadable(code: errno)) }
    defer { close(ends[0]) }
    _ = bytes.withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
    close(ends[1])
    do throws(SecretError) {
      let secret = try SecretBytes.read(descriptor: ends[0])
      return .success(secret.withBytes { Array($0) })
    } catch { return .failure(error) }
  }

  @Test func readsSecrets() {
    let long = [UInt8](repeating: 1, count: 1_024)
    for (bytes, result) in [
      ([], .failure(.empty)), ([10], .failure(.empty)), ([7], .success([7])),
      ([7, 10], .success([7])), ([7, 10, 10], .success([7, 10])), ([10, 7], .success([10, 7])),
      ([7, 13, 10], .success([7, 13])), (long, .success(long)), (long + [1], .failure(.tooLong)),
      (long + [10], .failure(.tooLong)), ([0, 255], .success([0, 255])),
    ] as [([UInt8], Result<[UInt8], SecretError>)] {
      #expect(read(bytes) == result, "\(bytes.count) bytes")
    }
    #expect(throws: SecretError.unreadable(code: EBADF)) { () throws in
      _ = try SecretBytes.read(descriptor: 1_000_000)
    }
  }

  @Test func decodesHex() {
    let digits = String(Hex.encode(Accounts.secret).dropFirst(2))
    for (text, bytes) in [
      (digits, Accounts.secret), ("0x" + digits, Accounts.secret),
      (String(repeating: "aB", count: 32), [UInt8](repeating: 0xab, count: 32)),
      (String(digits.dropLast()), nil), (digits + "0", nil), ("1x" + digits, nil),
      (String(digits.dropLast()) + "g", nil), ("0x" + digits.dropLast(2), nil),
    ] as [(String, [UInt8]?)] {
      var decoded: [UInt8]?
      if let secret = SecretBytes(Array(text.utf8)).decodedHex32() {
        decoded = secret.withBytes { Array($0) }
      }
      #expect(decoded == bytes, "\(text)")
    }
  }
}
