// The signer over its socket: what is asked for comes back signed, and bad peers hurt nobody.

import Ethereum
import Foundation
import Glibc
import Testing

@testable import Signer

@Suite(.serialized) struct SignerServerTests {
  /// A server for the length of the body; its files stay in `directory`.
  private func serve<R>(_ directory: String, _ body: (String) throws -> R) throws -> R {
    let path = directory + "/signer.sock"
    let key = testKey()
    let server = try SignerServer(
      key: key, policy: policy(), log: directory + "/signed.log", socket: path)
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      server.run()
      ended.signal()
    }
    defer {
      server.stop()
      #expect(ended.wait(timeout: .now() + 20) == .success)
    }
    return try body(path)
  }

  /// A raw connection.
  private func connection(_ path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let isOpen = SignerFrame.withAddress(path) { connect(descriptor, $0, $1) == 0 } ?? false
    try #require(isOpen)
    SignerFrame.setTimeout(descriptor, seconds: 5)
    return descriptor
  }

  @Test func whatIsAskedForIsSigned() throws {
    try withDirectory { directory in
      try serve(directory) { path in
        let client = SignerClient(path: path)
        let hello = try client.hello()
        #expect(hello.address == wallet && hello.chainID == 5)
        let asked = transaction()
        let signed = try client.sign(asked)
        #expect(signed.transaction == asked && signed.sender == wallet)
        #expect(try client.sign(asked).raw == signed.raw)
        #expect(throws: SignerError.self) { try client.sign(transaction(value: 5)) }
        do throws(SignerError) {
          _ = try client.sign(transaction(nonce: 1, chainID: 9))
          Issue.record("signed for another chain")
        } catch {
          #expect(
            error
              == .refused(code: "wrong_chain", message: SignerRefusal.wrongChain.meaning))
        }
      }
    }
  }

  /// What was promised before a restart holds after it; the client finds the new one by itself.
  @Test func promisesOutliveTheProcess() throws {
    try withDirectory { directory in
      let client = SignerClient(path: directory + "/signer.sock")
      #expect(throws: SignerError.self) { try client.hello() }
      let first = try serve(directory) { _ in try client.sign(transaction()).raw }
      #expect(throws: SignerError.self) { try client.sign(transaction()) }
      try serve(directory) { _ in
        #expect(throws: SignerError.self) { try client.sign(transaction(value: 2)) }
        let again = try client.sign(transaction()).raw
        #expect(again == first)
      }
    }
  }

  @Test func badPeersHurtNobody() throws {
    try withDirectory { directory in
      try serve(directory) { path in
        let client = SignerClient(path: path)
        for message in ["", "{", "[]", #"{"op":"dance"}"#, #"{"op":"sign"}"#, "\u{0}\u{0}"] {
          let peer = try connection(path)
          defer { close(peer) }
          guard !message.isEmpty else {
            // A length of nothing, and one beyond the bound: cut off.
            for head: [UInt8] in [[0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff]] {
              let other = try connection(path)
              #expect(PrivateFile.write(other, head))
              #expect(SignerFrame.read(other) == nil)
              close(other)
            }
            continue
          }
          #expect(SignerFrame.write(peer, Array(message.utf8)))
          let answer = try #require(SignerFrame.read(peer))
          #expect(String(decoding: answer, as: UTF8.self).contains("malformed"), "\(message)")
        }
        // Half a frame holds up nobody else.
        let slow = try connection(path)
        #expect(PrivateFile.write(slow, [0, 0, 0, 50, 1, 2]))
        #expect(try client.hello().address == wallet)
        // More connections than there may be are closed; the ones that are open go on.
        let many = try (0..<20).map { _ in try connection(path) }
        #expect(try client.sign(transaction()).sender == wallet)
        for peer in many + [slow] { close(peer) }
      }
    }
  }

  @Test func thePlaceMustBeOurs() throws {
    try withDirectory { directory in
      try serve(directory) { path in
        // A second one on the same log or the same socket is refused.
        #expect(throws: SignerFileError.self) { try serve(directory) { _ in } }
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
      }
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory)
      #expect(throws: SignerFileError.self) { try serve(directory) { _ in } }
      try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: directory)
      // A socket that a killed signer left, and a file that is none.
      let left = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      let path = directory + "/signer.sock"
      let isBound = SignerFrame.withAddress(path) { bind(left, $0, $1) == 0 } ?? false
      #expect(isBound)
      close(left)
      try serve(directory) { _ in }
      #expect(FileManager.default.createFile(atPath: path, contents: Data()))
      #expect(throws: SignerFileError.self) { try serve(directory) { _ in } }
    }
  }

  @Test func payloadsAreReadStrictly() throws {
    let good = transaction().signingPayload
    #expect(try Transaction1559(signingPayload: good) == transaction())
    let withData = tokens(77).signingPayload
    #expect(try Transaction1559(signingPayload: withData) == tokens(77))
    let key = testKey()
    for bad in [
      [], [1] + good.dropFirst(), good + [0], Array(good.dropLast()),
      transaction().signed(by: key).raw,
    ] {
      #expect(throws: TransactionError.self) { try Transaction1559(signingPayload: Array(bad)) }
    }
    for index in good.indices {
      var changed = good
      changed[index] ^= 1
      // Either refused, or it is another transaction: never the same under other bytes.
      if let other = try? Transaction1559(signingPayload: changed) {
        #expect(other != transaction(), "byte \(index)")
      }
    }
  }
}
