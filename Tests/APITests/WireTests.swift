// The values of the wire by themselves: queries, keys and signatures.

import Client
import Foundation
import Testing
import Wire

@testable import API

@Suite struct WireTests {
  // MARK: Queries

  private static let parameters = ["a", "b", "c"].map { QueryParameter(name: $0, meaning: "") }
  private static let number = [
    QueryParameter(name: "n", meaning: "", form: .integer(0...10))
  ]

  @Test func queriesAreStrict() throws {
    let query = try QueryFields("a=1%2B2&b=%C3%A9", knowing: Self.parameters)
    #expect(query["a"] == "1+2" && query["b"] == "é" && query["c"] == nil)
    for text in [
      "a", "a=", "a=1&a=2", "d=1", "a=%", "a=%2", "a=%zz", "a=%FF", "a=1&", "&a=1", "A=1",
      // Another spelling of what is taken.
      "a=1%2b2", "b=%c3%a9", "a=%31", "a=%7E", "a=%3A", "a=1+2", "a=1/2", "a=é", "%61=1", "a=%00%",
    ] {
      #expect(throws: Refusal.self, "\(text)") { try QueryFields(text, knowing: Self.parameters) }
    }
  }

  @Test func numbersHaveOneSpelling() throws {
    for (text, value) in [("0", 0), ("7", 7), ("10", 10)] {
      let query = try QueryFields("n=\(text)", knowing: Self.number)
      #expect(query.integer("n") == value)
    }
    for text in ["01", "00", "%2B1", "-0", "-1", "11", "1.0", "1e1", "0x1", "%201"] {
      #expect(throws: Refusal.self, "\(text)") {
        try QueryFields("n=\(text)", knowing: Self.number)
      }
    }
  }

  @Test func whatARouteSaysOfItsQueryIsChecked() throws {
    let parameters = [
      QueryParameter(name: "type", meaning: "", form: .choices(["FEE", "TRADE"])),
      QueryParameter(name: "user", meaning: "", isRequired: true),
    ]
    let query = try QueryFields("user=7&type=FEE", knowing: parameters)
    #expect(query["type"] == "FEE" && query.required("user") == "7")
    for (text, sentence) in [
      ("", "parameter `user` is missing"), ("type=FEE", "parameter `user` is missing"),
      ("user=7&type=fee", "parameter `type` must be one of FEE, TRADE"),
    ] {
      let refusal = #expect(throws: Refusal.self) { try QueryFields(text, knowing: parameters) }
      #expect(refusal?.message == sentence)
    }
  }

  // MARK: Signatures and keys

  @Test func aSignatureCoversWhatTheCallerAdds() throws {
    let signer = RequestSigner()
    let extra = [("uncross-epoch", "e"), ("uncross-first", "1")].map { (name: $0.0, value: $0.1) }
    let request = SignableRequest(
      method: "POST", target: "/v1/markets/ETH-USDC/batches",
      contentDigest: SignableRequest.digest(of: Array("x".utf8)), extra: extra)
    let fields = try signer.sign(request, created: 1_790_000_000)
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
    #expect(throws: UnsignableRequest()) { try signer.sign(other, created: 1_790_000_000) }
    #expect(throws: UnsignableRequest()) {
      try signer.sign(method: "GET", target: "/v1/\u{7f}", body: [], created: 1)
    }
    let again = try signer.sign(request, created: 1_790_000_000)
    #expect(again.signatureInput != fields.signatureInput, "nonces differ")
  }

  /// Of the last letter before `==` four bits say nothing: the same bytes in another text are no
  /// signature.
  @Test func aSignatureHasOneSpelling() throws {
    let request = SignableRequest(
      method: "GET", target: "/v1/orders", contentDigest: SignableRequest.digest(of: []))
    let fields = try RequestSigner().sign(request, created: 1_790_000_000)
    var text = Array(fields.signature)
    let (last, alphabet) = (
      text.count - 4,
      Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
          + "abcdefghijklmnopqrstuvwxyz0123456789+/")
    )
    let value = try #require(alphabet.firstIndex(of: text[last]))
    #expect(value % 16 == 0)
    for other in 0..<16 {
      text[last] = alphabet[value + other]
      let signature = try? RequestSignature(
        signatureInput: fields.signatureInput, signature: String(text), of: request)
      #expect((signature != nil) == (other == 0), "\(String(text))")
    }
  }

  @Test func aSignatureSaysItsAlgorithm() throws {
    let request = SignableRequest(
      method: "GET", target: "/v1/orders", contentDigest: SignableRequest.digest(of: []))
    let fields = try RequestSigner().sign(request, created: 1_790_000_000)
    for algorithm in ["\"rsa-pss-sha512\"", "ed25519", "\"ED25519\"", "\"\""] {
      let input = fields.signatureInput.replacingOccurrences(of: "\"ed25519\"", with: algorithm)
      #expect(throws: SignatureFormatError.self, "\(algorithm)") {
        try RequestSignature(signatureInput: input, signature: fields.signature, of: request)
      }
    }
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
