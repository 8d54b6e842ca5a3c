// The values of the wire by themselves: decimals, times, JSON, queries, keys and signatures.

import Client
import Foundation
import SeededNumbers
import Testing

@testable import API

@Suite struct WireTests {
  // MARK: Decimals

  @Test func decimalsAreExact() {
    let rows: [(text: String, canonical: String?, decimals: Int, atoms: Int128?)] = [
      ("0", "0", 18, 0), ("0.0", "0", 0, 0), ("-0", "0", 2, 0), ("1", "1", 0, 1),
      ("1.10", "1.1", 1, 11), ("1.10", "1.1", 0, nil), ("100", "100", 2, 10_000),
      ("0.000000000000000001", "0.000000000000000001", 18, 1),
      ("0.000000000000000001", "0.000000000000000001", 17, nil),
      ("-12.345", "-12.345", 3, -12_345), ("-0.5", "-0.5", 1, -5),
      (
        "1329227995784915872.903807060280344576", "1329227995784915872.903807060280344576", 18,
        1 << 120
      ),
      (
        "99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 0,
        Int128("99999999999999999999999999999999999999")
      ),
      ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 1, nil),
      (
        "170141183460469231731687303715884105727", "170141183460469231731687303715884105727", 0,
        .max
      ),
      ("170141183460469231731687303715884105728", nil, 0, nil),
      (
        "0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001", 38,
        1
      ),
      ("0.000000000000000000000000000000000000001", nil, 0, nil),
      ("", nil, 0, nil), ("-", nil, 0, nil), (".", nil, 0, nil), ("1.", nil, 0, nil),
      (".1", nil, 0, nil), ("+1", nil, 0, nil), ("01", nil, 0, nil), ("00", nil, 0, nil),
      ("-01", nil, 0, nil), ("1e3", nil, 0, nil), ("1.2.3", nil, 0, nil), ("1,2", nil, 0, nil),
      (" 1", nil, 0, nil), ("1 ", nil, 0, nil), ("0x1", nil, 0, nil), ("--1", nil, 0, nil),
      ("١", nil, 0, nil), ("NaN", nil, 0, nil), (String(repeating: "0", count: 100), nil, 0, nil),
    ]
    for row in rows {
      let amount = DecimalAmount(row.text)
      #expect(amount?.description == row.canonical, "\(row.text)")
      #expect(amount?.atoms(decimals: row.decimals) == row.atoms, "\(row.text) in \(row.decimals)")
    }
  }

  /// Against the naive way: text with the point moved.
  @Test(arguments: [UInt64(1), 2, 3])
  func decimalsGoThereAndBack(seed: UInt64) {
    var generator = SeededNumbers(seed)
    for _ in 0..<2_000 {
      let decimals = Int.random(in: 0...18, using: &generator)
      let bits = Int.random(in: 1...120, using: &generator)
      let high = Int128(UInt64.random(in: 0 ... .max, using: &generator)) << 64
      let magnitude =
        (high | Int128(UInt64.random(in: 0 ... .max, using: &generator)))
        & ((1 << Int128(bits)) - 1)
      let atoms = Bool.random(using: &generator) ? magnitude : -magnitude
      let amount = DecimalAmount(atoms: atoms, decimals: decimals)
      #expect(amount.atoms(decimals: decimals) == atoms, "seed \(seed): \(atoms) in \(decimals)")
      #expect(DecimalAmount(amount.description) == amount, "seed \(seed): \(amount)")
      var digits = String(atoms.magnitude)
      digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
      let naive =
        (atoms < 0 ? "-" : "") + digits.dropLast(decimals)
        + (decimals > 0 ? "." + digits.suffix(decimals) : "")
      #expect(DecimalAmount(naive) == amount, "seed \(seed): \(naive)")
    }
  }

  // MARK: Times

  @Test func timesAreCivil() {
    let rows: [(String, Int64?)] = [
      ("1970-01-01T00:00:00.000000Z", 0), ("1970-01-01T00:00:00Z", 0),
      ("2026-09-21T14:13:20.000001Z", 1_790_000_000_000_001),
      ("2000-02-29T23:59:59.999999Z", 951_868_799_999_999),
      ("2026-09-21T14:13:20.5Z", 1_790_000_000_500_000),
      ("9999-12-31T23:59:59.999999Z", Timestamp.maximum),
      ("2100-02-29T00:00:00Z", nil), ("2026-02-29T00:00:00Z", nil), ("2026-13-01T00:00:00Z", nil),
      ("2026-00-01T00:00:00Z", nil), ("2026-04-31T00:00:00Z", nil), ("2026-04-30T24:00:00Z", nil),
      ("2026-04-30T23:60:00Z", nil), ("2026-04-30T23:59:60Z", nil), ("1969-12-31T23:59:59Z", nil),
      ("2026-04-30 23:59:00Z", nil), ("2026-04-30T23:59:00", nil),
      ("2026-04-30T23:59:00+00:00", nil),
      ("2026-04-30T23:59:00.Z", nil), ("2026-04-30T23:59:00.1234567Z", nil), ("", nil), ("Z", nil),
      ("2026-04-3xT23:59:00Z", nil),
    ]
    for (text, microseconds) in rows {
      #expect(Timestamp(text)?.microseconds == microseconds, "\(text)")
    }
    // Every day of the first 200 years has the next number.
    for day in Int64(0)..<73_049 {
      let time = Timestamp(microseconds: day * 86_400_000_000 + 1)
      #expect(Timestamp(time.description) == time)
    }
  }

  // MARK: JSON and queries

  @Test func jsonIsStrict() throws {
    let good: [(String, JSONValue)] = [
      ("null", .null), (" true ", .bool(true)), ("-0.5e+3", .number("-0.5e+3")), ("[]", .array([])),
      ("{}", .object([])),
      (#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, .text("\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}")),
      (
        #"[1,{"a":"b"}]"#,
        .array([.number("1"), .object([JSONField(name: "a", value: .text("b"))])])
      ),
    ]
    for (text, value) in good { #expect(try JSONValue.parse(Array(text.utf8)) == value) }
    for text in [
      "", " ", "tru", "nul", "01", "-", "1.", "1e", "+1", ".5", "'a'", "\"", "\"\\x\"", "\"\\u12\"",
      "\"\\u+123\"", #""\udc00""#, #""\ud800\u0041""#, "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}",
      "{\"a\":1,}", "{a:1}", "{\"a\":1 \"b\":2}", "1 2", "[", "{", "\u{feff}1", "NaN", "//\n1",
      #"{"a":1,"a":2}"#, "\"a\nb\"",
    ] {
      #expect(throws: Refusal.self, "\(text)") { try JSONValue.parse(Array(text.utf8)) }
    }
    for bytes: [UInt8] in [
      [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0x5c, 0x6e, 0xed, 0xa0, 0x80, 0x22],
    ] {
      #expect(throws: Refusal.self, "\(bytes)") { try JSONValue.parse(bytes) }
    }
  }

  @Test func queriesAreStrict() throws {
    let query = try QueryFields("a=1%2B2&b=%C3%A9", knowing: ["a", "b", "c"])
    #expect(query["a"] == "1+2" && query["b"] == "é" && query["c"] == nil)
    for text in [
      "a", "a=", "a=1&a=2", "d=1", "a=%", "a=%2", "a=%zz", "a=%FF", "a=1&", "&a=1", "A=1",
      // Another spelling of what is taken.
      "a=1%2b2", "b=%c3%a9", "a=%31", "a=%7E", "a=%3A", "a=1+2", "a=1/2", "a=é", "%61=1", "a=%00%",
    ] {
      #expect(throws: Refusal.self, "\(text)") { try QueryFields(text, knowing: ["a", "b"]) }
    }
  }

  @Test func numbersHaveOneSpelling() throws {
    for (text, value) in [("0", 0), ("7", 7), ("10", 10)] {
      let query = try QueryFields("n=\(text)", knowing: ["n"])
      #expect(try query.integer("n", in: 0...10) == value)
    }
    for text in ["01", "00", "%2B1", "-0", "-1", "11", "1.0", "1e1", "0x1", "%201"] {
      let query = try QueryFields("n=\(text)", knowing: ["n"])
      #expect(throws: Refusal.self, "\(text)") { try query.integer("n", in: 0...10) }
    }
  }

  // MARK: Signatures and keys

  @Test func aSignatureCoversWhatTheCallerAdds() throws {
    let signer = RequestSigner()
    let extra = [("uncross-epoch", "e"), ("uncross-first", "1")].map { (name: $0.0, value: $0.1) }
    let request = SignableRequest(
      method: "POST", target: "/v1/markets/ETH-USDC/batches",
      contentDigest: SignableRequest.digest(of: Array("x".utf8)), extra: extra)
    let fields = signer.sign(request, created: 1_790_000_000)
    #expect(
      fields.signatureInput.hasPrefix(
        #"sig=("@method" "@path" "@query" "content-digest" "uncross-epoch" "uncross-first");"#
      ))
    func parse(_ request: SignableRequest) throws -> RequestSignature {
      try RequestSignature(
        signatureInput: fields.signatureInput, signature: fields.signature, of: request)
    }
    let signature = try parse(request)
    #expect(signature.isValid && signature.created == 1_790_000_000)
    #expect(signature.publicKey == signer.publicKey)
    var other = request
    other.extra[1].value = "2"
    #expect(try !parse(other).isValid)
    other.extra.removeLast()
    #expect(throws: SignatureFormatError.self) { try parse(other) }
    // A value with a line break could pretend to be two components.
    other = request
    other.extra[0].value = "e\n\"uncross-first\": 1"
    #expect(throws: SignatureFormatError.self) { try parse(other) }
    let again = signer.sign(request, created: 1_790_000_000)
    #expect(again.signatureInput != fields.signatureInput, "nonces differ")
  }

  @Test func theEmptyBodyHasTheKnownDigest() {
    #expect(
      SignableRequest.digest(of: [])
        == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")
  }

  private static func publicKey(_ path: String) -> String {
    "openssl pkey -in \(path) -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \\n'"
  }

  @Test func keyFilesAreOpenSSLs() async throws {
    try await withDirectory { directory in
      let ours = directory + "/ours.pem"
      let signer = RequestSigner()
      try signer.writeKeyFile(ours)
      #expect(try RequestSigner(keyFile: ours).publicKey == signer.publicKey)
      #expect(throws: KeyFileError.self, "it overwrote a key") { try signer.writeKeyFile(ours) }
      let der = try await run(
        Self.publicKey(ours)
      )
      #expect(der == signer.publicKeyHex)

      let theirs = directory + "/theirs.pem"
      _ = try await run("umask 077; openssl genpkey -algorithm ed25519 -out \(theirs)")
      let hex = try await run(
        Self.publicKey(theirs)
      )
      #expect(try RequestSigner(keyFile: theirs).publicKeyHex == hex)

      for mode in ["640", "604", "644", "660"] {
        _ = try await run("chmod \(mode) \(theirs)")
        #expect(throws: KeyFileError.self, "mode \(mode)") { try RequestSigner(keyFile: theirs) }
      }
      _ = try await run(
        """
        chmod 600 \(theirs); umask 077; : > \(directory)/empty
        openssl genpkey -algorithm x25519 -out \(directory)/x.pem
        """
      )
      for path in [directory, directory + "/none", directory + "/x.pem", directory + "/empty"] {
        #expect(throws: KeyFileError.self, "\(path)") { try RequestSigner(keyFile: path) }
      }
    }
  }
}
