// The signer as an operator runs it: a process of its own, killed at any moment and started again.

import Ethereum
import Formats
import Foundation
import Glibc
import SeededNumbers
import Synchronization
import Testing

@testable import Signer

/// One `uncross` that was built with this test.
private final class SignerRun: Sendable {
  private let process: Mutex<Process>
  private let output: Mutex<FileHandle>
  private let errors: Mutex<FileHandle>

  /// - Parameter input: for standard input, which is then closed.
  /// - Parameter shell: commands of the shell that runs before it, in the same process.
  init(_ arguments: [String], input: String, shell: String? = nil) throws {
    let (process, stdin, stdout, stderr) = (Process(), Pipe(), Pipe(), Pipe())
    if let shell {
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments = ["-c", shell + "; exec \"$0\" \"$@\"", try Self.program] + arguments
    } else {
      process.executableURL = URL(fileURLWithPath: try Self.program)
      process.arguments = arguments
    }
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = stderr
    try process.run()
    try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    self.process = Mutex(process)
    output = Mutex(stdout.fileHandleForReading)
    errors = Mutex(stderr.fileHandleForReading)
  }

  deinit { kill(SIGKILL) }

  private static var program: String {
    get throws {
      for argument in [CommandLine.arguments[0], "/proc/self/exe"] {
        var directory = URL(fileURLWithPath: argument).resolvingSymlinksInPath()
        for _ in 0..<4 {
          directory.deleteLastPathComponent()
          let candidate = directory.appendingPathComponent("uncross").path
          if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        }
      }
      throw Unexpected("uncross is not built beside the tests")
    }
  }

  var pid: pid_t { process.withLock { $0.processIdentifier } }

  /// The first line that it prints; empty where it ends before.
  func line() -> String {
    output.withLock { output in
      var bytes: [UInt8] = []
      while let byte = output.readData(ofLength: 1).first, byte != UInt8(ascii: "\n") {
        bytes.append(byte)
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  func kill(_ signal: Int32) {
    process.withLock { if $0.isRunning { Glibc.kill($0.processIdentifier, signal) } }
  }

  /// Waits for the end: the exit status, negative for a signal, and what it said on standard error.
  func end() -> (status: Int32, errors: String) {
    let text = errors.withLock { String(decoding: $0.readDataToEndOfFile(), as: UTF8.self) }
    return process.withLock { process in
      process.waitUntilExit()
      let status = process.terminationStatus
      return (process.terminationReason == .uncaughtSignal ? -status : status, text)
    }
  }
}

@Suite(.serialized) struct ProcessTests {
  private static let passphrase = "correct horse\n"
  private static let policy = """
    {"chain_id": 7,
     "assets": [
       {"asset": "ETH", "maximum_per_transaction": "1000", "maximum_per_day": "100000000"}],
     "maximum_fee_per_gas": "100000", "maximum_gas_limit": 100000,
     "maximum_gas_cost_per_day": "1000000000000000"}
    """

  /// A directory with all that a signer needs.
  private func prepare() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try KeyFile.create(
      directory.file("key"), key: Accounts.key(),
      passphrase: SecretBytes(Array(Self.passphrase.utf8.dropLast())), scrypt: .quick)
    try directory.write(Array(Self.policy.utf8), to: "policy")
    return directory
  }

  private func start(
    in directory: TemporaryDirectory, socket: String = "socket", passphrase: String = passphrase,
    shell: String? = nil, newLog: Bool? = nil, clientUser: String? = nil
  ) throws -> SignerRun {
    let isNew = newLog ?? (SignerLog.Start.fitting(directory.file("log")) == .new)
    return try SignerRun(
      [
        "signer", "--key", directory.file("key"), "--policy", directory.file("policy"), "--log",
        directory.file("log"), "--socket", directory.file(socket), "--passphrase-fd", "0",
      ] + (isNew ? ["--new-log"] : []) + (clientUser.map { ["--client-user", $0] } ?? []),
      input: passphrase, shell: shell)
  }

  @Test func runsAndEndsCleanly() throws {
    let directory = try prepare()
    for (signal, signatures) in [(SIGTERM, 0), (SIGINT, 1)] {
      let run = try start(in: directory)
      #expect(
        run.line() == #"{"address":"\#(Accounts.own)","chain_id":7,"listening":"#
          + #""\#(directory.file("socket"))","signatures":\#(signatures)}"#)
      let client = SignerClient(socketPath: directory.file("socket"), account: Accounts.own)
      #expect(try client.sign(pay(1)) == pay(1).signed(by: Accounts.key()))
      // No core dump would hold the key, and no process of the same user may look.
      let limits = try String(contentsOfFile: "/proc/\(run.pid)/limits", encoding: .utf8)
      let core = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
      #expect(core?.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
      run.kill(signal)
      let end = run.end()
      #expect(end.status == 0, "\(end.errors)")
      #expect(access(directory.file("socket"), F_OK) != 0)
    }
  }

  @Test func refusesToStart() throws {
    let directory = try prepare()
    for (passphrase, newLog, status, words) in [
      ("wrong\n", true, 65, "wrong passphrase"), ("", true, 64, "the passphrase is empty"),
      (Self.passphrase, false, 65, "there is no such file"),
    ] as [(String, Bool, Int32, String)] {
      let end = try start(in: directory, passphrase: passphrase, newLog: newLog).end()
      #expect(end.status == status)
      #expect(end.errors.contains(words), "\(end.errors)")
      #expect(!end.errors.contains("correct"))
    }
    #expect(access(directory.file("log"), F_OK) != 0)

    let first = try start(in: directory)
    #expect(first.line().contains("listening"))
    // Left in a unit file, it would begin an empty log on a volume that is not mounted.
    let forgotten = try start(in: directory, socket: "socket2", newLog: true).end()
    #expect(forgotten.status == 65)
    #expect(forgotten.errors.contains("it exists: --new-log"), "\(forgotten.errors)")
    let second = try start(in: directory, socket: "socket2").end()
    #expect(second.status == 65)
    #expect(second.errors.contains("another signer has it open"), "\(second.errors)")
    let client = SignerClient(socketPath: directory.file("socket"), account: Accounts.own)
    #expect(try client.hello().chainID == 7)
  }

  /// With a user of its own: the client is answered, and can neither read nor replace a file.
  @Test func keepsItsFilesFromTheClient() throws {
    let directory = try prepare()
    let client = "\(geteuid() + 1)"
    for (user, status, words) in [
      ("\(geteuid())", 64, "the signer's own user"), ("nobody at all", 64, "no such user"),
    ] as [(String, Int32, String)] {
      let end = try start(in: directory, clientUser: user).end()
      #expect(end.status == status)
      #expect(end.errors.contains(words), "\(end.errors)")
    }
    #expect(chmod(directory.path, 0o777) == 0)
    let open = try start(in: directory, clientUser: client).end()
    #expect(open.status == 65)
    #expect(open.errors.contains("the client could replace it"), "\(open.errors)")
    #expect(chmod(directory.path, 0o755) == 0)
    let run = try start(in: directory, clientUser: client)
    #expect(run.line().contains("listening"))
    var status = stat()
    #expect(lstat(directory.file("socket"), &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o666)
    // Our own user is not the client.
    let own = SignerClient(socketPath: directory.file("socket"), account: Accounts.own)
    #expect(throws: SignerError.self) { try own.hello() }
    run.kill(SIGTERM)
    #expect(run.end().status == 0)
    // Only root can give files away.
    guard geteuid() == 0, let id = UInt32(client) else { return }
    for name in ["key", "policy", "log"] {
      #expect(chown(directory.file(name), id, .max) == 0)
      let end = try start(in: directory, clientUser: client).end()
      #expect(end.status == 65)
      #expect(end.errors.contains("\(name): it belongs to user \(client)"), "\(end.errors)")
      #expect(chown(directory.file(name), 0, .max) == 0)
    }
  }

  @Test func makesKeys() throws {
    let directory = try TemporaryDirectory()
    try directory.write(Array((Hex.encode(Accounts.secret) + "\n").utf8), to: "secret")
    let path = directory.file("key")
    let made = try SignerRun(
      ["signer-key", "--out", path, "--passphrase-fd", "0"], input: Self.passphrase)
    let address = made.line()
    #expect(made.end().status == 0)
    let key = try KeyFile.open(
      path, passphrase: SecretBytes(Array(Self.passphrase.utf8.dropLast())))
    #expect(key.address.description == address)
    let again = try SignerRun(
      ["signer-key", "--out", path, "--passphrase-fd", "0"], input: Self.passphrase
    ).end()
    #expect(again.status == 74)
    #expect(again.errors.contains("never overwritten"))
    // An existing key, from a second descriptor that the shell opens.
    let imported = try SignerRun(
      ["signer-key", "--out", directory.file("i"), "--passphrase-fd", "0", "--secret-fd", "4"],
      input: Self.passphrase, shell: "exec 4< '\(directory.file("secret"))'")
    #expect(imported.line() == "\(Accounts.own)")
    #expect(imported.end().status == 0)
    let both = try SignerRun(
      ["signer-key", "--out", directory.file("b"), "--passphrase-fd", "0", "--secret-fd", "0"],
      input: Hex.encode(Accounts.secret))
    // One descriptor has no second secret: it is at its end.
    #expect(both.end().errors.contains("the secret is empty"))
    #expect(access(directory.file("b"), F_OK) != 0)
  }

  /// A full disk: the kernel takes the beginning of a record and no more. Its signature does not
  /// leave, and the next start goes on.
  @Test func aFailedWriteGivesNoSignature() throws {
    let directory = try prepare()
    // The signal that comes with the limit is ignored, so the write fails as on a full disk.
    let run = try start(in: directory, shell: "trap '' XFSZ; ulimit -f 1")
    #expect(run.line().contains("listening"))
    let client = SignerClient(socketPath: directory.file("socket"), account: Accounts.own)
    var given: [SignedTransaction] = []
    do throws(SignerError) {
      for nonce in 0..<100 as Range<UInt64> { given.append(try client.sign(pay(1, nonce: nonce))) }
      Issue.record("1024 bytes hold more than they can")
    } catch {
      guard case .unavailable = error else {
        Issue.record("\(error)")
        return
      }
    }
    let end = run.end()
    #expect(end.status == 74)
    #expect(end.errors.contains("the log cannot be written: write: "), "\(end.errors)")
    #expect(given.count > 3)
    #expect(try directory.read("log").count == 1_024)

    let next = try start(in: directory)
    #expect(next.line().contains(#""signatures":\#(given.count)"#))
    for old in given { #expect(try client.sign(old.transaction) == old) }
    let other = pay(2, nonce: UInt64(given.count))
    #expect(try client.sign(other) == other.signed(by: Accounts.key()))
    next.kill(SIGTERM)
    let errors = next.end().errors
    #expect(errors.contains("bytes of a record that never left"), "\(errors)")
  }

  /// Signs one transaction after another until the signer is gone.
  private final class Load: Sendable {
    struct State {
      var signed: [SignedTransaction] = []
      /// What was asked for when the signer went: signed or not.
      var inDoubt: Transaction1559?
      var failure: SignerError?
    }

    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    init(_ path: String, _ next: @escaping @Sendable (Int) -> Transaction1559) {
      Thread.detachNewThread { [self] in
        let client = SignerClient(socketPath: path, account: Accounts.own)
        var index = 0
        while true {
          let transaction = next(index)
          state.withLock { $0.inDoubt = transaction }
          do throws(SignerError) {
            let signed = try client.sign(transaction)
            state.withLock { $0.signed.append(signed) }
          } catch {
            state.withLock { $0.failure = error }
            ended.signal()
            return
          }
          index += 1
        }
      }
    }

    var count: Int { state.withLock { $0.signed.count } }

    func end() -> State {
      ended.wait()
      return state.withLock { $0 }
    }
  }

  @Test(arguments: [1] as [UInt64])
  func nothingSignedIsLostByKills(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    let directory = try prepare()
    let path = directory.file("socket")
    var given: [SignedTransaction] = []
    var nonce: UInt64 = 0
    var (kills, doubtful) = (0, 0)
    while kills < 20 {
      let run = try start(in: directory)
      #expect(run.line().contains("listening"))
      let client = SignerClient(socketPath: path, account: Accounts.own)
      // What was given before the kill is given again, and nothing else at its nonce.
      for old in given.suffix(40) {
        #expect(try client.sign(old.transaction) == old, "seed \(seed), kill \(kills)")
      }
      if let old = given.last {
        let other = pay(
          2, to: Accounts.bob, nonce: old.transaction.nonce, fee: 50_000)
        #expect(throws: SignerError.self) { try client.sign(other) }
      }
      let first = nonce
      // Each second one raises the fee of the one before it.
      let load = Load(path) { index in
        pay(1, nonce: first + UInt64(index / 2), fee: index % 2 == 0 ? 100 : 110)
      }
      let target = 1 + random.below(40)
      let spin = random.below(4_000)
      while load.count < target { sched_yield() }
      for _ in 0..<spin { sched_yield() }
      run.kill(SIGKILL)
      #expect(run.end().status == -SIGKILL)
      let state = load.end()
      guard case .unavailable = state.failure else {
        Issue.record("seed \(seed), kill \(kills): \(String(describing: state.failure))")
        return
      }
      kills += 1
      #expect(state.signed.count >= target)
      given += state.signed
      if state.inDoubt != nil { doubtful += 1 }
      nonce = first + UInt64(state.signed.count / 2) + 1
    }

    // Every signature that anyone got is in the log.
    var logged: Set<Transaction1559> = []
    _ = try SignerLog.open(directory.file("log"), of: Accounts.identity, .existing) {
      logged.insert($0.transaction)
    }
    for signed in given {
      #expect(logged.contains(signed.transaction))
      #expect(signed == signed.transaction.signed(by: Accounts.key()))
    }
    #expect(logged.count >= given.count && logged.count <= given.count + doubtful)
    #expect(given.count >= 20)

    let run = try start(in: directory)
    #expect(run.line().contains(#""signatures":\#(logged.count)"#))
    let client = SignerClient(socketPath: path, account: Accounts.own)
    for old in given { #expect(try client.sign(old.transaction) == old, "seed \(seed)") }
    run.kill(SIGTERM)
    #expect(run.end().status == 0)
  }
}
