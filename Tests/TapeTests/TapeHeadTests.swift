// The one reading of the Worker's answers: what it says of its head, and all that it could say
// instead.

import Formats
import Testing

@testable import Tape

@Suite struct TapeHeadTests {
  private static let epoch = "3f2b8c1e-9d4a-4e6f-8a7b-0c1d2e3f4a5b"
  private static let chain = String(repeating: "a1", count: 32)

  @Test func whatTheWorkerSendsIsRead() {
    let bytes = [UInt8](repeating: 0xa1, count: 32)
    for (last, number) in [("1", 1), ("9007199254740991", Int64(9_007_199_254_740_991))] {
      #expect(
        TapeHead(epoch: Self.epoch, last: last, chain: Self.chain)
          == TapeHead(epoch: Self.epoch, last: number, chain: bytes))
    }
    #expect(TapeHead(epoch: "-", last: "0", chain: Self.chain)?.last == 0)
  }

  @Test(arguments: [
    "", "--", "a\nb", "aaaa", epoch.uppercased(), epoch + "\n", " " + epoch, epoch + "0",
    epoch.replacing("-", with: ""), epoch.replacing("3f2b8c1e-", with: "3f2b8c-1e"),
    epoch.replacing("f", with: "g"), epoch.replacing("3", with: "\u{663}"),
    epoch.replacing("b", with: "b\u{301}"),
  ])
  func otherEpochs(epoch: String) {
    #expect(TapeHead(epoch: epoch, last: "1", chain: Self.chain) == nil)
    #expect(TapeHead(epoch: epoch, last: "0", chain: Self.chain) == nil)
    #expect(!TapeHead.isStorage(epoch))
  }

  @Test(arguments: [
    "", "+5", "-1", "-0", "05", "5 ", "5.0", "0x5", "1e3", "\u{665}", "5\u{301}",
    "9007199254740992", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
  ])
  func otherNumbers(last: String) {
    #expect(TapeHead(epoch: Self.epoch, last: last, chain: Self.chain) == nil)
  }

  @Test func otherChains() {
    for chain in [
      "", String(repeating: "a", count: 63), Self.chain + "a1", Self.chain.uppercased(),
      "0x" + Self.chain.dropFirst(2), String(repeating: "g", count: 64),
    ] {
      #expect(TapeHead(epoch: Self.epoch, last: "1", chain: chain) == nil, "\(chain)")
    }
    // Records without a storage.
    #expect(TapeHead(epoch: "-", last: "1", chain: Self.chain) == nil)
  }

  private func answer(_ status: String, _ epoch: String, _ last: String) -> [UInt8] {
    Array(
      #"{"status":"\#(status)","epoch":"\#(epoch)","last":"\#(last)","chain":"\#(Self.chain)"}"#
        .utf8)
  }

  @Test func aBatchsAnswers() {
    let head = TapeHead(epoch: Self.epoch, last: "7", chain: Self.chain)
    let good = answer("epoch", Self.epoch, "7")
    #expect(WorkerAnswer.batch(200, good) == head.map { TapeStream.Answer.stored($0) })
    #expect(WorkerAnswer.batch(412, good) == .otherEpoch(Self.epoch))
    for status in [200, 412] {
      for wrong in [
        answer("epoch", "e\\nb", "7"), answer("epoch", Self.epoch, "-7"), answer("epoch", "-", "7"),
        Array(#"{"status":"epoch"}"#.utf8), Array("{".utf8), [],
      ] {
        guard case .failed = WorkerAnswer.batch(status, wrong) else {
          Issue.record("\(status) \(String(decoding: wrong, as: UTF8.self))")
          continue
        }
      }
    }
    // What a proxy says, and how much of it is told.
    let long = String(repeating: "x", count: 3_000)
    guard case .failed(let told) = WorkerAnswer.batch(500, answer("a\\u001b[31m" + long, "-", "0"))
    else {
      Issue.record("500")
      return
    }
    #expect(told.hasPrefix(#"HTTP 500 a\u{1b}[31mxxx"#) && told.utf8.count < 250)
  }

  @Test func aLooksAnswers() {
    let head = TapeHead(epoch: Self.epoch, last: "7", chain: Self.chain)
    guard case .head(let found) = WorkerAnswer.head(200, answer("", Self.epoch, "7")) else {
      Issue.record("the head")
      return
    }
    #expect(found == head)
    for (status, body) in [
      (200, answer("", "a\\nb", "7")), (200, answer("", Self.epoch, "-1")), (200, []),
      (404, answer("", Self.epoch, "7")),
    ] {
      guard case .headFailed = WorkerAnswer.head(status, body) else {
        Issue.record("\(status)")
        continue
      }
    }
  }
}
