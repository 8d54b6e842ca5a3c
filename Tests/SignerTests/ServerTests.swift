// The signer's door: answers, peers that misbehave, and a client that believes nothing.

import Ethereum
import Formats
import Foundation
import Glibc
import SeededNumbers
import Synchronization
import Testing

@testable import Signer

@Suite struct ServerTests {
  private static let hello =
    #"{"ok":{"address":"\#(Accounts.own)","chain_id":7,"protocol":2}}"#
  private static let malformed = SignerRefusal.malformed

  private static func refused(_ refusal: SignerRefusal) -> String {
    #"{"refused":{"code":"\#(refusal.rawValue)","message":"\#(refusal.message)"}}"#
  }

  private static func sign(_ transaction: Transaction1559) -> String {
    #"{"op":"sign","unsigned":"\#(Hex.encode(transaction.signingPayload))"}"#
  }

  private static func check(_ transaction: Transaction1559) -> String {
    #"{"op":"check","unsigned":"\#(Hex.encode(transaction.signingPayload))"}"#
  }

  @Test func answers() throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy())
    let peer = try RawPeer(signer.path)
    #expect(peer.ask(#"{"op":"hello"}"#) == Self.hello)
    let signed = pay(1).signed(by: Accounts.key())
    let answer = #"{"ok":{"raw":"\#(Hex.encode(signed.raw))","hash":"\#(signed.hash)"}}"#
    #expect(peer.ask(Self.sign(pay(1))) == answer)
    #expect(
      peer.ask(#" { "unsigned" : "\#(Hex.encode(pay(1).signingPayload))", "op":"sign" } "#)
        == answer)
    #expect(peer.ask(Self.sign(pay(2, fee: 500))) == Self.refused(.nonceUsed))
    #expect(signer.stop() == nil)
    #expect(peer.isClosed())
    #expect(access(signer.path, F_OK) != 0)
  }

  /// As `sign` would, for every refusal and none, as often as one likes; and nothing is kept.
  @Test func checks() throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy())
    let peer = try RawPeer(signer.path)
    let log = try directory.read("log")
    for _ in 0..<10 {
      // Ten times what a day may pay, at one nonce and at many.
      #expect(peer.ask(Self.check(pay(1_000))) == #"{"ok":{}}"#)
      #expect(peer.ask(Self.check(pay(1_000, to: Accounts.bob, fee: 105))) == #"{"ok":{}}"#)
      #expect(peer.ask(Self.check(pay(1_001))) == Self.refused(.overTransactionLimit))
      #expect(peer.ask(Self.check(pay(1, chain: 8))) == Self.refused(.wrongChain))
    }
    #expect(try directory.read("log") == log)
    for nonce in 0..<3 as Range<UInt64> {
      #expect(peer.ask(Self.check(pay(1_000, nonce: nonce))) == #"{"ok":{}}"#)
      #expect(peer.ask(Self.sign(pay(1_000, nonce: nonce)))?.hasPrefix(#"{"ok":{"raw""#) == true)
    }
    for request in [Self.check, Self.sign] {
      #expect(peer.ask(request(pay(1, nonce: 3))) == Self.refused(.overDayLimit))
      #expect(peer.ask(request(pay(1, nonce: 2, fee: 500))) == Self.refused(.nonceUsed))
    }
    // What was signed before is not signed anew.
    #expect(peer.ask(Self.check(pay(1_000))) == #"{"ok":{}}"#)
    #expect(peer.ask(Self.check(payToken(500, nonce: 3))) == #"{"ok":{}}"#)
  }

  /// Several requests at once are answered in order, in whatever pieces they come.
  @Test(arguments: [1, 2] as [UInt64])
  func framesComeInPieces(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy())
    let peer = try RawPeer(signer.path)
    var bytes: [UInt8] = []
    var expected: [String] = []
    for nonce in 0..<20 as Range<UInt64> {
      let transaction = pay(1, nonce: nonce)
      let text = random.below(3) == 0 ? #"{"op":"hello"}"# : Self.sign(transaction)
      let signed = transaction.signed(by: Accounts.key())
      bytes += RawPeer.head(text.utf8.count) + Array(text.utf8)
      expected.append(
        text == #"{"op":"hello"}"#
          ? Self.hello
          : #"{"ok":{"raw":"\#(Hex.encode(signed.raw))","hash":"\#(signed.hash)"}}"#)
    }
    while !bytes.isEmpty {
      let count = min(bytes.count, 1 + random.below(200))
      peer.send(Array(bytes.prefix(count)))
      bytes.removeFirst(count)
    }
    for answer in expected { #expect(peer.answer() == answer, "seed \(seed)") }
  }

  @Test func refusesMalformedRequests() throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy())
    let good = try RawPeer(signer.path)
    let bad = try RawPeer(signer.path)
    let unsigned = Hex.encode(pay(1).signingPayload)
    for text in [
      "", "{", "{}", "null", "[]", #"{"op":"quit"}"#, #"{"op":"hello","x":"1"}"#,
      #"{"op":"hello"}{}"#, #"{"op":"sign"}"#, #"{"op":"sign","unsigned":1}"#,
      #"{"op":"check"}"#, #"{"op":"check","unsigned":"0x02"}"#,
      #"{"op":"check","unsigned":"\#(unsigned)","raw":"0x"}"#,
      #"{"op":"sign","unsigned":"0x02"}"#, #"{"op":"sign","unsigned":"02"}"#,
      #"{"op":"sign","unsigned":"\#(unsigned)00"}"#, #"{"op":"sign","unsigned":"\#(unsigned)0"}"#,
      #"{"op":"sign","op":"sign","unsigned":"\#(unsigned)"}"#,
      #"{"op":"sign","unsigned":"\#(unsigned)","force":"yes"}"#,
      String(repeating: "[", count: 100_000), #"{"op":"\u0068ello"}"#,
      "{\"op\":\"hell\u{0}\"}",
    ] {
      #expect(bad.ask(text) == Self.refused(.malformed), "\(text.prefix(60))")
      #expect(good.ask(#"{"op":"hello"}"#) == Self.hello)
    }
    bad.send(RawPeer.head(3) + [0x22, 0xff, 0x22])
    #expect(bad.answer() == Self.refused(.malformed))
    #expect(bad.ask(#"{"op":"hello"}"#) == Self.hello)
    #expect(try directory.read("log").count == 68)
  }

  @Test func boundsFrames() throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy())
    let good = try RawPeer(signer.path)
    let largest = try RawPeer(signer.path)
    let padding = String(repeating: " ", count: 128 * 1_024 - 14)
    #expect(largest.ask(#"{"op":"hello"}"# + padding) == Self.hello)
    for count in [128 * 1_024 + 1, 1 << 24, Int(UInt32.max)] {
      let bad = try RawPeer(signer.path)
      bad.send(RawPeer.head(count))
      #expect(bad.answer() == Self.refused(.malformed))
      #expect(bad.isClosed())
      #expect(good.ask(#"{"op":"hello"}"#) == Self.hello)
    }
  }

  @Test func anyBytesHurtNobody() throws {
    var random = SeededNumbers(9)
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy())
    let good = try RawPeer(signer.path)
    for _ in 0..<200 {
      let bad = try RawPeer(signer.path)
      let body = random.bytes(random.below(60))
      bad.send(random.below(2) == 0 ? body : RawPeer.head(body.count) + body)
      if random.below(2) == 0 { shutdown(bad.descriptor, Int32(SHUT_WR)) }
      #expect(good.ask(#"{"op":"hello"}"#) == Self.hello)
    }
  }

  @Test func aSlowPeerIsLeft() throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy(), frameMilliseconds: 100)
    let good = try RawPeer(signer.path)
    #expect(good.ask(#"{"op":"hello"}"#) == Self.hello)
    for beginning in [[0], RawPeer.head(14), RawPeer.head(14) + Array("{\"op\"".utf8)] as [[UInt8]]
    {
      let slow = try RawPeer(signer.path)
      slow.send(beginning)
      #expect(good.ask(#"{"op":"hello"}"#) == Self.hello)
      #expect(slow.isClosed())
    }
    // One that waits between requests has all the time.
    #expect(good.ask(#"{"op":"hello"}"#) == Self.hello)
  }

  /// It asks and asks, and takes no answer.
  @Test func aPeerThatDoesNotReadIsLeft() throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy(), frameMilliseconds: 100)
    let good = try RawPeer(signer.path)
    let deaf = try RawPeer(signer.path)
    var limit = timeval(tv_sec: 0, tv_usec: 50_000)
    setsockopt(
      deaf.descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let text = Array(#"{"op":"hello"}"#.utf8)
    var sent = 0
    while sent < 100_000, deaf.send(RawPeer.head(text.count) + text) || errno == EAGAIN {
      sent += 1
      if sent % 100 == 0 { #expect(good.ask(#"{"op":"hello"}"#) == Self.hello) }
    }
    #expect(sent < 100_000)
    #expect(good.ask(#"{"op":"hello"}"#) == Self.hello)
  }

  @Test func connectionsAreBounded() throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy(), frameMilliseconds: 1_000)
    // All places taken by peers that wait: the one that has waited longest makes room.
    var peers: [RawPeer] = []
    for _ in 0..<8 {
      let peer = try RawPeer(signer.path)
      #expect(peer.ask(#"{"op":"hello"}"#) == Self.hello)
      peers.append(peer)
    }
    let ninth = try RawPeer(signer.path)
    #expect(ninth.ask(#"{"op":"hello"}"#) == Self.hello)
    #expect(peers[0].isClosed())
    peers[0] = ninth
    for peer in peers { #expect(peer.ask(#"{"op":"hello"}"#) == Self.hello) }
    // All in the middle of a frame: the next one must come again.
    for peer in peers { peer.send([0]) }
    while true {
      let late = try RawPeer(signer.path)
      if late.ask(#"{"op":"hello"}"#) == nil { break }
    }
    for peer in peers { #expect(peer.isClosed()) }
    #expect(try RawPeer(signer.path).ask(#"{"op":"hello"}"#) == Self.hello)
  }

  /// The check itself, against what the kernel says of our own connection. Without another user
  /// the directory keeps others out before it; with one, the signer's own is not answered either.
  @Test(arguments: [false, true]) func answersOnlyItsUser(isOther: Bool) throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(
      in: directory, policy: policy(), user: geteuid() + 1, isOther: isOther)
    let peer = try RawPeer(signer.path)
    #expect(peer.ask(#"{"op":"hello"}"#) == nil)
    #expect(signer.stop() == nil)
    let answering = try RunningSigner(in: directory, policy: policy(), isOther: isOther)
    #expect(try RawPeer(answering.path).ask(#"{"op":"hello"}"#) == Self.hello)
  }

  @Test(arguments: [(false, 0o600), (true, 0o666)] as [(Bool, mode_t)])
  func socketIsOurs(isOther: Bool, mode: mode_t) throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy(), isOther: isOther)
    var status = stat()
    #expect(lstat(signer.path, &status) == 0)
    #expect(status.st_mode & 0o7777 == mode)
    #expect(status.st_mode & S_IFMT == S_IFSOCK)
  }

  /// For another user's way through it the directory may be open, but nobody else may write to it.
  @Test func takesDirectoriesThatOthersEnter() throws {
    for mode in [0o755, 0o750, 0o711, 0o710, 0o700] as [mode_t] {
      let directory = try TemporaryDirectory()
      #expect(chmod(directory.path, mode) == 0)
      let signer = try RunningSigner(in: directory, policy: policy(), isOther: true)
      #expect(try RawPeer(signer.path).ask(#"{"op":"hello"}"#) == Self.hello)
    }
    for mode in [0o775, 0o757, 0o720, 0o702, 0o777] as [mode_t] {
      let directory = try TemporaryDirectory()
      #expect(chmod(directory.path, mode) == 0)
      #expect(throws: SignerServerError.directoryWritableByOthers(user: geteuid(), mode: mode)) {
        try RunningSigner(in: directory, policy: policy(), isOther: true)
      }
      #expect(access(directory.file("socket"), F_OK) != 0)
    }
  }

  /// The client's own directories above a file, or any that it can write to.
  @Test func knowsWhoCanReplaceAFile() throws {
    let directory = try TemporaryDirectory()
    let inner = directory.file("inner")
    #expect(mkdir(inner, 0o700) == 0)
    let other = SignerClientUser(id: geteuid() + 1)
    func refusal(_ path: String, _ user: SignerClientUser) -> String? {
      do throws(SignerClientUserError) {
        try user.checkCannotReplace(path)
        return nil
      } catch {
        guard case .canReplace(let directory, _, _) = error else { return "\(error)" }
        return directory
      }
    }
    #expect(refusal(inner + "/log", other) == nil)
    #expect(refusal(inner + "/log", SignerClientUser(id: geteuid())) == inner)
    for (mode, isSafe) in [
      (0o755, true), (0o775, false), (0o757, false), (0o1777, true), (0o1770, true),
    ] as [(mode_t, Bool)] {
      for changed in [inner, directory.path] {
        #expect(chmod(changed, mode) == 0)
        #expect(refusal(inner + "/log", other) == (isSafe ? nil : changed))
        #expect(chmod(changed, 0o700) == 0)
      }
    }
    // By whatever name it is reached.
    #expect(symlink(inner, directory.file("link")) == 0)
    #expect(chmod(inner, 0o777) == 0)
    #expect(refusal(directory.file("link") + "/log", other) == inner)
    #expect(refusal(directory.file("none/log"), other) == "realpath: No such file or directory")
  }

  @Test func knowsUsers() throws {
    #expect(throws: SignerClientUserError.signersOwn) { try SignerClientUser("\(geteuid())") }
    for text in ["", "4294967295", "99999999999", "no such user", "-1"] {
      #expect(throws: SignerClientUserError.unknown) { try SignerClientUser(text) }
    }
    #expect(throws: geteuid() == 0 ? SignerClientUserError.signersOwn : .root) {
      try SignerClientUser("root")
    }
    #expect(try SignerClientUser("\(geteuid() + 1)").id == geteuid() + 1)
  }

  @Test func refusesOpenDirectories() throws {
    for mode in [0o755, 0o710, 0o701, 0o770, 0o500] as [mode_t] {
      let directory = try TemporaryDirectory()
      #expect(chmod(directory.path, mode) == 0)
      defer { chmod(directory.path, 0o700) }
      let log = try TemporaryDirectory()
      let desk = try SignerDesk(key: Accounts.key(), policy: policy(), log: log.file("log"), .new)
      do throws(SignerServerError) {
        _ = try SignerServer(path: directory.file("socket"), desk: desk)
        Issue.record("mode \(mode) is not refused")
      } catch {
        #expect(error == .directoryOpenToOthers(user: geteuid(), mode: mode))
      }
    }
  }

  @Test func replacesAStaleSocketOnly() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("socket")
    // A killed listener leaves its name.
    let killed = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #expect(UnixSocket.call(path) { bind(killed, $0, $1) })
    #expect(listen(killed, 1) == 0)
    let other = try TemporaryDirectory()
    func start() throws(SignerServerError) {
      let log = other.file("log")
      guard
        let policy = try? policy(),
        let desk = try? SignerDesk(key: Accounts.key(), policy: policy, log: log, .fitting(log))
      else { throw .pathTooLong }
      _ = try SignerServer(path: path, desk: desk)
    }
    #expect(throws: SignerServerError.inUse) { try start() }
    #expect(access(path, F_OK) == 0)
    close(killed)
    #expect(throws: Never.self) { try start() }
    #expect(access(path, F_OK) != 0)
    try directory.write([1], to: "socket")
    #expect(throws: SignerServerError.notASocket) { try start() }
    #expect(try directory.read("socket") == [1])
  }

  /// As after a failed write: nothing is signed, and it ends.
  @Test func endsWhereItsLogIsGone() throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy())
    let peer = try RawPeer(signer.path)
    let signed = pay(1).signed(by: Accounts.key())
    let answer = #"{"ok":{"raw":"\#(Hex.encode(signed.raw))","hash":"\#(signed.hash)"}}"#
    #expect(peer.ask(Self.sign(pay(1))) == answer)
    #expect(rename(directory.file("log"), directory.file("other")) == 0)
    #expect(peer.ask(Self.sign(pay(1, nonce: 1))) == nil)
    #expect(signer.stop() as? SignerServerError == .log(.replaced))
  }

  // MARK: The client

  @Test func theClientSigns() throws {
    let directory = try TemporaryDirectory()
    let client = SignerClient(socketPath: directory.file("socket"), account: Accounts.own)
    do {
      let signer = try RunningSigner(in: directory, policy: policy())
      #expect(try client.hello() == Accounts.identity)
      #expect(try client.sign(pay(1)) == pay(1).signed(by: Accounts.key()))
      #expect(throws: refusal(.nonceUsed)) { try client.sign(pay(2, fee: 500)) }
      #expect(throws: refusal(.notAPayment)) { try client.sign(pay(0, data: [1])) }
      try client.check(pay(2, nonce: 1))
      #expect(throws: refusal(.nonceUsed)) { try client.check(pay(2, fee: 500)) }
      #expect(throws: SignerError.refused(code: "malformed", message: "too long for a request")) {
        try client.check(pay(0, data: [UInt8](repeating: 1, count: 65_536)))
      }
      #expect(throws: SignerError.refused(code: "malformed", message: "too long for a request")) {
        try client.sign(pay(0, data: [UInt8](repeating: 1, count: 65_536)))
      }
      #expect(try client.sign(pay(1)) == pay(1).signed(by: Accounts.key()))
      signer.stop()
    }
    do throws(SignerError) {
      _ = try client.sign(pay(1))
      Issue.record("signed without a signer")
    } catch {
      guard case .unavailable = error else {
        Issue.record("\(error)")
        return
      }
    }
    // The next call finds the next signer, on the same log.
    let signer = try RunningSigner(in: directory, policy: policy())
    #expect(try client.sign(pay(1)) == pay(1).signed(by: Accounts.key()))
    #expect(signer.stop() == nil)
  }

  private func refusal(_ refusal: SignerRefusal) -> SignerError {
    .refused(code: refusal.rawValue, message: refusal.message)
  }

  @Test func theClientWantsItsAccount() throws {
    let directory = try TemporaryDirectory()
    let signer = try RunningSigner(in: directory, policy: policy())
    let other = SignerClient(socketPath: signer.path, account: Accounts.alice)
    #expect(throws: SignerError.wrongAnswer("the key of \(Accounts.own)")) { try other.hello() }
    #expect(throws: SignerError.wrongAnswer("signed by \(Accounts.own)")) {
      try other.sign(pay(1))
    }
    let any = SignerClient(socketPath: signer.path)
    #expect(try any.sign(pay(1)).sender == Accounts.own)
  }

  /// Answers that are wrong, from something that listens in the signer's place.
  @Test func theClientBelievesNothing() throws {
    let signed = pay(1).signed(by: Accounts.key())
    guard let otherKey = SecretKey([UInt8](repeating: 2, count: 32)) else { return }
    func ok(_ signed: SignedTransaction, hash: Hash32? = nil) -> String {
      #"{"ok":{"raw":"\#(Hex.encode(signed.raw))","hash":"\#(hash ?? signed.hash)"}}"#
    }
    func frame(_ text: String) -> [UInt8] { RawPeer.head(text.utf8.count) + Array(text.utf8) }
    let otherSender = pay(1).signed(by: otherKey)
    for (name, bytes, isWrong) in [
      ("the right answer", frame(ok(signed)), nil),
      ("another transaction", frame(ok(pay(2).signed(by: Accounts.key()))), true),
      ("another fee", frame(ok(pay(1, fee: 101).signed(by: Accounts.key()))), true),
      ("another key", frame(ok(otherSender)), true),
      ("another hash", frame(ok(signed, hash: otherSender.hash)), true),
      (
        "an unsigned one",
        frame(#"{"ok":{"raw":"\#(Hex.encode(pay(1).signingPayload))","hash":"0x"}}"#), true
      ),
      ("no hash", frame(#"{"ok":{"raw":"\#(Hex.encode(signed.raw))"}}"#), true),
      ("more", frame(#"{"ok":{},"refused":{}}"#), true), ("nothing", frame("{}"), true),
      ("no JSON", frame("hello"), true), ("too long", RawPeer.head(1 << 20), true),
      ("a refusal and more", frame(#"{"refused":{"code":"a","message":"b","c":"d"}}"#), true),
      ("a broken connection", Array(frame(ok(signed)).dropLast()), false), ("no answer", [], false),
    ] as [(String, [UInt8], Bool?)] {
      let directory = try TemporaryDirectory()
      let impostor = try Impostor(directory.file("socket"), answer: bytes)
      let client = SignerClient(socketPath: impostor.path, account: Accounts.own)
      do throws(SignerError) {
        #expect(try client.sign(pay(1)) == signed)
        #expect(isWrong == nil, "\(name)")
      } catch {
        switch error {
        case .wrongAnswer: #expect(isWrong == true, "\(name): \(error)")
        case .unavailable: #expect(isWrong == false, "\(name): \(error)")
        case .refused: Issue.record("\(name): \(error)")
        }
      }
    }
  }

  /// A check's answer is taken only from the signer that is expected, which knows the word.
  @Test func theClientBelievesFewChecks() throws {
    func frame(_ text: String) -> [UInt8] { RawPeer.head(text.utf8.count) + Array(text.utf8) }
    let refused = #"{"refused":{"code":"new_one","message":"m"}}"#
    let old = Self.hello.replacingOccurrences(of: ":2}", with: ":1}")
    let other = Self.hello.replacingOccurrences(of: "\(Accounts.own)", with: "\(Accounts.alice)")
    for (hello, answer, error) in [
      (Self.hello, #"{"ok":{}}"#, nil),
      (Self.hello, #"{"ok":{"raw":"0x"}}"#, .wrongAnswer("unknown field `raw`")),
      (Self.hello, #"{"ok":"yes"}"#, .wrongAnswer("the body must be a JSON object")),
      (Self.hello, refused, .refused(code: "new_one", message: "m")),
      (old, Self.refused(.malformed), .wrongAnswer("another protocol")),
      (other, #"{"ok":{}}"#, .wrongAnswer("the key of \(Accounts.alice)")),
    ] as [(String, String, SignerError?)] {
      let directory = try TemporaryDirectory()
      let impostor = try Impostor(
        directory.file("socket"), answer: frame(answer), hello: frame(hello))
      let client = SignerClient(socketPath: impostor.path, account: Accounts.own)
      do throws(SignerError) {
        try client.check(pay(1))
        #expect(error == nil, "\(answer)")
      } catch let thrown {
        #expect(thrown == error, "\(answer)")
      }
    }
  }

  @Test func theClientDoesNotWaitForEver() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("socket")
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    #expect(UnixSocket.call(path) { bind(listener, $0, $1) })
    #expect(listen(listener, 8) == 0)
    let client = SignerClient(socketPath: path, account: Accounts.own, timeoutMilliseconds: 50)
    let began = UnixSocket.milliseconds()
    #expect(throws: SignerError.unavailable("no answer within 50 ms")) { try client.sign(pay(1)) }
    #expect(UnixSocket.milliseconds() - began >= 50)
    let missing = SignerClient(socketPath: directory.file("none"))
    #expect(throws: SignerError.self) { try missing.hello() }
  }
}

/// Reads one request after any `hello`, sends the same bytes to whoever asks, and closes.
private final class Impostor: Sendable {
  let path: String
  private let listener: Int32

  /// - Parameter hello: what `hello` gets instead.
  init(_ path: String, answer: [UInt8], hello: [UInt8]? = nil) throws {
    self.path = path
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    guard UnixSocket.call(path, { bind(listener, $0, $1) }), listen(listener, 8) == 0 else {
      throw Unexpected("no listener")
    }
    Thread.detachNewThread {
      while case let peer = accept(listener, nil, nil), peer >= 0 {
        func answersHello() -> Bool {
          var request = [UInt8](repeating: 0, count: 4_096)
          let count = recv(peer, &request, request.count, 0)
          let text = String(decoding: request.prefix(max(count, 0)), as: UTF8.self)
          let isHello = hello != nil && text.contains("hello")
          let answer = isHello ? hello ?? answer : answer
          return Glibc.send(peer, answer, answer.count, Int32(MSG_NOSIGNAL)) >= 0 && isHello
        }
        while answersHello() {}
        close(peer)
      }
      close(listener)
    }
  }

  // Ends the thread's `accept`; the thread closes the descriptor.
  deinit { shutdown(listener, Int32(SHUT_RDWR)) }
}
