// Traces: what they say was paid, which of it is believed, and answers that are made to stop a
// reader.

import Ethereum
import Foundation
import SeededNumbers
import Testing

@testable import CoreFixture
@testable import Custody

@Suite struct CallTraceTests {
  private static let ours = DepositRulesTests.ours
  private static let stranger = DepositRulesTests.stranger
  private static let contract = DepositRulesTests.other
  private let scan = BlockScan(DepositRulesTests.rules)

  private func read(_ text: String) throws -> [CallTrace]? {
    var reader = CallTraceReader(Array(text.utf8))
    return try reader.block()
  }

  private static func answer(_ frames: [String]) -> String {
    let traces = frames.enumerated().map { index, frame in
      #"{"txHash":"\#(DepositRulesTests.hash(UInt64(100 + index)))","result":\#(frame)}"#
    }
    return #"{"jsonrpc":"2.0","id":0,"result":[\#(traces.joined(separator: ","))]}"#
  }

  private static func frame(
    _ kind: String = "CALL", to recipient: Address? = ours, value: UInt64? = 5,
    from sender: Address = contract, error: String? = nil, calls: [String] = []
  ) -> String {
    var fields = [#""type":"\#(kind)""#, #""from":"\#(sender)""#]
    if let recipient { fields.append(#""to":"\#(recipient)""#) }
    if let value { fields.append(#""value":"0x\#(String(value, radix: 16))""#) }
    if let error { fields.append(#""error":"\#(error)""#) }
    if !calls.isEmpty { fields.append(#""calls":[\#(calls.joined(separator: ","))]"#) }
    return "{" + fields.joined(separator: ",") + "}"
  }

  private static func transaction(_ calls: [String], error: String? = nil) -> String {
    frame(to: contract, value: 9, from: stranger, error: error, calls: calls)
  }

  private func found(_ transaction: String) throws -> [String] {
    let traces = try #require(try read(Self.answer([transaction])))
    return traces[0].payments(to: { $0 == Self.ours }).map { "\($0.outRef)=\($0.raw)" }
  }

  /// What moves coins, and what only looks like it.
  @Test(arguments: [
    ([frame()], ["t0=5"]),
    ([frame(value: 0), frame(value: 7)], ["t1=7"]),
    ([frame(to: stranger)], []),
    ([frame("DELEGATECALL"), frame("CALLCODE"), frame("STATICCALL", value: nil)], []),
    ([frame("SELFDESTRUCT", value: 8), frame("CREATE", to: nil)], ["t0=8"]),
    ([frame(error: "execution reverted")], []),
    ([frame(to: stranger, error: "out of gas", calls: [frame()]), frame(value: 6)], ["t1=6"]),
    // A caller that fails undoes all below it, whatever they say.
    (
      [frame(to: stranger, error: "x", calls: [frame(to: stranger, calls: [frame()])])], []
    ),
    (
      [frame(to: stranger, calls: [frame(to: stranger), frame(to: stranger, calls: [frame()])])],
      ["t0.1.0=5"]
    ),
    ([frame(from: ours)], []),
  ])
  func payments(calls: [String], expected: [String]) throws {
    #expect(try found(Self.transaction(calls)) == expected)
    #expect(try found(Self.transaction(calls, error: "execution reverted")).isEmpty)
  }

  /// The transaction's own value is a deposit of its own, `n`, and never one of these.
  @Test func theTransactionsOwnCallIsNoInternalOne() throws {
    #expect(try found(Self.frame(from: Self.stranger)).isEmpty)
  }

  @Test func fieldsMayComeInAnyOrderAndOthersAreSkipped() throws {
    let inner =
      #"{ "calls" : [] , "logs":[{"topics":["0x","]}"],"deep":[[{"a":null}]]}],"#
      + #" "to":"\#(Self.ours)", "value":"0x5","gas":"0x0","input":"0xff","#
      + #""revertReason":"a \" } brace","#
      + #""from":"\#(Self.contract)", "type":"CALL", "error":null, "n": -1.5e3, "t": true }"#
    #expect(try found(Self.transaction([inner])) == ["t0=5"])
  }

  /// A payer decides how deep calls are nested: no depth of the EVM stops the reader, and a long
  /// path is named by its hash, the same for the same path.
  @Test func callsAsDeepAsTheMachineAllows() throws {
    func nested(_ depth: Int) -> String {
      (0..<depth).reduce(Self.frame()) { inner, _ in
        Self.frame(to: Self.stranger, value: 0, calls: [inner])
      }
    }
    let deep = try found(Self.transaction([nested(1_023)]))
    #expect(try deep == found(Self.transaction([nested(1_023)])) && deep.count == 1)
    #expect(deep[0].hasPrefix("t0x") && deep[0].utf8.count < 80)
    #expect(try deep != found(Self.transaction([nested(1_022)])))
    #expect(throws: NodeError.self) { try found(Self.transaction([nested(1_100)])) }
    // And nothing else that is deep.
    let logs = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    let odd = Self.frame().dropLast() + #","logs":\#(logs)}"#
    #expect(try found(Self.transaction([String(odd)])) == ["t0=5"])
  }

  @Test func anErrorIsNoResult() throws {
    #expect(
      try read(#"{"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"no such method"}}"#)
        == nil)
    #expect(try read(#"{"jsonrpc":"2.0","id":0,"result":null,"error":{"code":1}}"#) == nil)
    #expect(throws: NodeError.self) {
      try read(#"{"id":0,"result":[{"txHash":"0x00","error":"execution timeout"}]}"#)
    }
  }

  private static let manyFields = (0...64).map { "\"f\($0)\":0" }.joined(separator: ",")
  private static let longName = "\"" + String(repeating: "n", count: 129) + "\":1"

  /// What the one reader refuses, in its words: in a call, and in what is skipped, however deep.
  /// `?` stands for a byte that is not UTF-8.
  @Test(
    arguments: [
      (#""gas":1,"gas":2"#, "field `gas` is there twice"),
      (#""logs":[{"a":{"b":1,"c":[],"b":2}}]"#, "field `b` is there twice"),
      (#""type":"CALL""#, "field `type` is there twice"),
      (#""input":"?""#, "not UTF-8"), (#""a":[{"b":"?"}]"#, "not UTF-8"),
      (#""?":1"#, "not UTF-8"), (#""a":01"#, "a field that does not end"),
      (#""a":[01]"#, "a comma or an end is missing"), (#""a":-"#, "not a value"),
      (#""a":+1"#, "not a value"), (#""a":[1.]"#, "digits are missing"),
      (#""a":1e"#, "digits are missing"), (#""a":nul"#, "not a value"),
      (#""a":NaN"#, "not a value"), (#""a":[1,]"#, "not a value"),
      (#""a":{"b":1,}"#, "a string is missing"), (#""a":{"b" 1}"#, "a colon is missing"),
      (#""a":[1 2]"#, "a comma or an end is missing"), (#""a":"\x""#, "an unknown escape"),
      (#""a":"\u12g4""#, "four hex digits are missing"),
      (#""a":"\ud800""#, "half a surrogate pair"), (#""a":"\udc00""#, "half a surrogate pair"),
      (#""a":"\ud800\u0041""#, "half a surrogate pair"),
      ("\"a\":\"\n\"", "a control character in a string"),
      (#""\u0061":1"#, "an escape in a string"), (longName, "a field name is too long"),
      (manyFields, "too many fields"),
    ] as [(String, String)])
  func whatTheOneReaderRefusesIsRefused(field: String, reason: String) throws {
    var bytes = Array(Self.answer([Self.transaction([Self.frame()])]).utf8)
    let added = ("," + field).utf8.map { $0 == UInt8(ascii: "?") ? 0xff : $0 }
    // At the innermost call's end.
    bytes.insert(contentsOf: added, at: bytes.count - "}]}}]}".utf8.count)
    var reader = CallTraceReader(bytes)
    do {
      _ = try reader.block()
      Issue.record("\(reason): it was read")
    } catch {
      #expect("\(error)".contains("traces: \(reason), at byte"), "\(error)")
    }
  }

  /// Any cut and any changed byte: an answer or a refusal, never a crash; and a cut is never an
  /// answer.
  @Test(arguments: [UInt64(1), 2]) func brokenAnswers(seed: UInt64) throws {
    var numbers = SeededNumbers(seed)
    let whole = Array(
      Self.answer([
        Self.transaction([Self.frame(), Self.frame("CREATE", error: "x", calls: [Self.frame()])])
      ]).utf8)
    for _ in 0..<2_000 {
      var bytes = whole
      bytes[numbers.below(bytes.count)] = UInt8(truncatingIfNeeded: numbers.next())
      var reader = CallTraceReader(bytes)
      _ = try? reader.block()
    }
    for end in 0..<whole.count {
      var reader = CallTraceReader(Array(whole[..<end]))
      #expect(throws: NodeError.self) { try reader.block() }
    }
  }

  // MARK: What is believed

  private func block(_ count: Int) -> ChainBlock {
    ChainBlock(
      place: BlockPlace(
        height: 5, hash: DepositRulesTests.hash(50), parent: DepositRulesTests.hash(49)),
      logsBloom: Bloom(), gasUsed: 0,
      transactions: (0..<count).map {
        ChainTransaction(
          hash: DepositRulesTests.hash(UInt64(100 + $0)), sender: Self.stranger, nonce: UInt64($0),
          recipient: Self.contract, value: UInt256(9 as UInt64), input: [])
      })
  }

  @Test func tracesMustBeThoseOfTheBlock() throws {
    let own = Self.transaction([Self.frame()])
    let traces = try #require(try read(Self.answer([own, own])))
    #expect(throws: Never.self) { try scan.check(traces, of: block(2)) }
    let doubt = BlockDoubt.tracesDoNotMatch
    #expect(throws: doubt) { try scan.check(Array(traces.dropLast()), of: block(2)) }
    #expect(throws: doubt) { try scan.check(traces.reversed(), of: block(2)) }
    #expect(throws: doubt) { try scan.check(traces, of: block(1)) }
    for other in [
      Self.frame(to: Self.contract, value: 8, from: Self.stranger),
      Self.frame(to: Self.stranger, value: 9, from: Self.stranger),
      Self.frame(to: Self.contract, value: 9, from: Self.contract),
    ] {
      let lie = try #require(try read(Self.answer([other])))
      #expect(throws: doubt) { try scan.check(lie, of: block(1)) }
    }
  }

  @Test func traceAndReceiptMustSayTheSameOutcome() throws {
    let traces = try #require(
      try read(Self.answer([Self.transaction([Self.frame()])])))
    let transaction = block(1).transactions[0]
    for isSuccess in [true, false] {
      let receipt = ChainReceipt(
        transaction: transaction.hash, block: DepositRulesTests.hash(50), isSuccess: isSuccess,
        logs: [], positions: [], gasUsed: 50_000, gasPrice: .one)
      let found = try? scan.transfers(
        traces[0], transaction, receipt, watching: { $0 == Self.ours })
      #expect(found?.map(\.outRef) == (isSuccess ? ["t0"] : nil))
    }
  }

  /// In review whatever it is worth, but for dust.
  @Test func aPaymentFromInsideIsInReview() throws {
    let rules = DepositRulesTests.rules
    let asset = try #require(rules.asset(.native))
    for (raw, sender, status) in [
      (5_000 as UInt64, Self.contract, DepositStatus.review), (999, Self.contract, .dust),
    ] {
      let value = rules.value(
        of: Transfer(
          transaction: DepositRulesTests.hash(1), outRef: "t0", source: .native, sender: sender,
          recipient: Self.ours, raw: UInt256(raw)), in: asset)
      #expect(value.status == status)
      #expect(value.amount == (status == .review ? 5_000 : 0))
    }
  }
}
