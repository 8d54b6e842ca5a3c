// Children: kept running, stopped in order, given nothing of ours; and the threads that own them.

import Foundation
import Glibc
import Postgres
import Synchronization
import TestServers
import Testing

@testable import Embedded

@Suite(.serialized) struct SupervisorTests {
  /// Lines that a child said, from its supervisor's thread to the test's.
  final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
  }

  private func shell(
    _ script: String, _ lines: Lines,
    stop: [Supervisor.StopStep] = [.init(signal: .terminate, graceMilliseconds: 60_000)]
  ) -> Supervisor {
    Supervisor(
      Supervisor.Plan(
        name: "child",
        command: {
          ChildCommand(
            executable: "/bin/sh", arguments: ["-c", script],
            environment: ["PATH": "/usr/bin:/bin"],
            deathSignal: .terminate)
        },
        output: .lines { lines.append($0) }, stopSteps: stop), logger: quiet)
  }

  private func isGone(_ pid: Int32) -> Bool { kill(pid, 0) != 0 && errno == ESRCH }

  @Test func deadChildIsStartedAgain() async throws {
    let lines = Lines()
    let supervisor = shell("echo $$; exec sleep 600", lines)
    supervisor.start()
    for round in 1...3 {
      #expect(eventually { lines.all.count == round && supervisor.status.pid != nil })
      let pid = try #require(supervisor.status.pid)
      #expect(lines.all.last == "\(pid)")
      kill(pid, SIGKILL)
      #expect(eventually { supervisor.status.failures == round })
      #expect(isGone(pid), "a zombie is left")
    }
    supervisor.stop()
    #expect(supervisor.status.pid == nil)
  }

  @Test func stoppingGoesOnToTheNextSignal() async throws {
    let lines = Lines()
    let steps: [Supervisor.StopStep] = [
      .init(signal: .terminate, graceMilliseconds: 100),
      .init(signal: .kill, graceMilliseconds: 60_000),
    ]
    let supervisor = shell(
      "trap 'echo asked' TERM; echo ready; while :; do sleep 0.01; done", lines, stop: steps)
    supervisor.start()
    #expect(eventually { lines.all.contains("ready") })
    let pid = try #require(supervisor.status.pid)
    supervisor.stop()
    #expect(isGone(pid))
    #expect(lines.all == ["ready", "asked"])
    #expect(supervisor.status.lastFailure == "child ended with signal 9")
  }

  /// Stopping while no child runs, in the wait before the next start.
  @Test func stopEndsTheWaitBetweenStarts() async {
    let supervisor = shell("exit 3", Lines())
    supervisor.start()
    #expect(eventually { supervisor.status.failures >= 4 })
    let began = ContinuousClock.now
    supervisor.stop()
    #expect(ContinuousClock.now - began < .seconds(5))
    #expect(supervisor.status.lastFailure == "child ended with exit code 3")
  }

  @Test func childGetsNothingOfOurs() async {
    // Inheritable on purpose.
    let leaks = (0..<5).map { _ in dup(1) }
    defer { for leak in leaks { close(leak) } }
    signal(SIGUSR1, SIG_IGN)
    defer { signal(SIGUSR1, SIG_DFL) }
    let lines = Lines()
    // The glob itself opens the directory: that is descriptor 3. The glob itself opens the
    // directory: that is descriptor 3. grep takes the shell's place, and its signals.
    let supervisor = shell(
      """
      echo /proc/$$/fd/*; cut -d ' ' -f 5 /proc/$$/stat; env | sort
      exec grep -E '^(Pid|Sig(Ign|Blk))' /proc/self/status
      """,
      lines)
    supervisor.start()
    #expect(eventually { lines.all.contains { $0.hasPrefix("SigIgn") } })
    supervisor.stop()
    let said = lines.all
    let pid = said.first { $0.hasPrefix("Pid:\t") }?.dropFirst(5) ?? ""
    #expect(said.first == (0...3).map { "/proc/\(pid)/fd/\($0)" }.joined(separator: " "))
    #expect(said.contains(String(pid)), "its group is another's")
    #expect(said.contains("SigBlk:\t0000000000000000"))
    // The two are glibc's own, which posix_spawn always ignores.
    #expect(said.contains("SigIgn:\t0000000180000000"))
    #expect(!said.contains { $0.hasPrefix("HOME=") })
  }

  /// The second line's rest is written when its beginning was read.
  @Test func linesAreWholeAndBounded() async throws {
    try await withTemporaryDirectory { directory in
      let go = try pipe(directory)
      let lines = Lines()
      let supervisor = shell(
        """
        printf 'one\\ntwo'; read line < \(go); printf ' and a half\\n'
        head -c 40000 /dev/zero | tr '\\0' x; echo; printf end
        """,
        lines)
      supervisor.start()
      #expect(eventually { lines.all == ["one"] })
      try say("go", go)
      #expect(eventually { lines.all.contains("end") })
      supervisor.stop()
      let first = Array(lines.all.prefix { $0 != "end" })
      #expect(first.prefix(2) == ["one", "two and a half"])
      #expect(first.dropFirst(2).joined().count == 40_000 && first.count > 3)
    }
  }

  /// A pipe with a name, from which a child reads a line.
  private func pipe(_ directory: String) throws -> String {
    let path = directory + "/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    return path
  }

  /// Waits until the child reads.
  private func say(_ line: String, _ pipe: String) throws {
    try (line + "\n").write(toFile: pipe, atomically: false, encoding: .utf8)
  }

  @Test func childEndsWithUs() async throws {
    try await withTemporaryDirectory { directory in
      let file = directory + "/pid"
      let question = try pipe(directory)
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [file = file as String, question = question as String] in
        let (tests, lines) = (SupervisorTests(), Lines())
        let supervisor = tests.shell(
          "echo $$ > \(file); read line < \(question); echo alive; exec sleep 600", lines)
        // From a thread that is gone soon: the child must outlive that, and only that.
        let thread = await OwnerThread.run(name: "short") {
          supervisor.start()
          return ThisThread.path
        }
        precondition(eventually { !ThisThread.isThere(thread) }, "the thread stays")
        // A signal of the thread's end would have come before the child reads on.
        try tests.say("well?", question)
        precondition(eventually { lines.all == ["alive"] }, "the child died before us")
        precondition(supervisor.status.failures == 0, "it is another child")
        kill(getpid(), SIGKILL)
      }
      let pid = try #require(Int32(try String(contentsOfFile: file, encoding: .utf8).dropLast()))
      #expect(
        eventually {
          let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
          return stat == nil || stat?.contains(") Z ") == true
        })
    }
  }

  @Test func logFilesAreBounded() async throws {
    try await withTemporaryDirectory { directory in
      let log = BoundedLog(path: directory + "/lines", maximumBytes: 1_000)
      for number in 0..<500 { log.append("line \(number)") }
      let now = try String(contentsOfFile: directory + "/lines", encoding: .utf8)
      let before = try String(contentsOfFile: directory + "/lines.1", encoding: .utf8)
      #expect(now.hasSuffix("line 499\n") && now.utf8.count <= 1_000 && before.utf8.count <= 1_000)
      #expect(BoundedLog.tail(directory + "/lines", lines: 2) == "line 498\nline 499")
      Supervisor.trim(directory + "/lines", to: 10_000)
      #expect(try String(contentsOfFile: directory + "/lines", encoding: .utf8) == now)
      Supervisor.trim(directory + "/lines", to: 10)
      #expect(try String(contentsOfFile: directory + "/lines", encoding: .utf8) == "")
      #expect(try String(contentsOfFile: directory + "/lines.1", encoding: .utf8) == now)
    }
  }
}

@Suite struct WorkerHostTests {
  /// A program in Deno's place that says where it listens and notes how it was called.
  private func fakeDeno(_ directory: String, _ body: String) throws -> String {
    let path = directory + "/deno"
    try "#!/bin/sh\n\(body)\n".write(toFile: path, atomically: false, encoding: .utf8)
    chmod(path, 0o755)
    return path
  }

  private func host(_ directory: String, _ deno: String) throws -> WorkerHost {
    try WorkerHost(
      deno: deno, source: directory, data: directory + "/data", keysFile: directory + "/keys.json",
      logger: quiet)
  }

  @Test func restartsOnTheSamePort() async throws {
    try await withTemporaryDirectory { directory in
      let deno = try fakeDeno(
        directory,
        """
        while [ "$1" != --port ]; do shift; done
        echo "$2" >> \(directory)/ports
        echo starting
        echo '{"listening":"http://127.0.0.1:34567"}'
        exec sleep 600
        """)
      let host = try host(directory, deno)
      #expect(try host.start() == "http://127.0.0.1:34567")
      let pid = try #require(host.pid)
      kill(pid, SIGKILL)
      let ports = { (try? String(contentsOfFile: directory + "/ports", encoding: .utf8)) ?? "" }
      #expect(eventually { ports() == "0\n34567\n" })
      host.stop()
      #expect(host.pid == nil && host.url == "http://127.0.0.1:34567")
      let log = try String(contentsOfFile: directory + "/data/host.log", encoding: .utf8)
      #expect(log.hasPrefix("starting\n{"))
    }
  }

  /// Under the real Deno: its own files, its storage and the ring of keys, and nothing else.
  @Test func readsItsOwnFilesOnly() async throws {
    let project = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    let deno = try #require(WorkerHost.findDeno(project: project), "make setup installs Deno")
    try await withTemporaryDirectory { directory in
      let source = directory + "/worker"
      try FileManager.default.createDirectory(
        atPath: source + "/host", withIntermediateDirectories: true)
      try "{}".write(toFile: source + "/deno.json", atomically: false, encoding: .utf8)
      try "keys".write(toFile: directory + "/keys.json", atomically: false, encoding: .utf8)
      try "secret".write(toFile: directory + "/other.json", atomically: false, encoding: .utf8)
      let script = """
        const read = (path) => {
          try {
            return Deno.readTextFileSync(path);
          } catch (error) {
            return error.name;
          }
        };
        Deno.writeTextFileSync("\(directory)/data/own", "stored");
        for (const path of ["worker/deno.json", "data/own", "keys.json", "other.json"]) {
          console.log(`${path}: ${read(`\(directory)/${path}`)}`);
        }
        console.log(`passwd: ${read("/etc/passwd")}`);
        console.log('{"listening":"http://127.0.0.1:34568"}');
        setInterval(() => {}, 1000);
        """
      try script.write(toFile: source + "/host/serve.js", atomically: false, encoding: .utf8)
      let host = try WorkerHost(
        deno: deno, source: source, data: directory + "/data", keysFile: directory + "/keys.json",
        logger: quiet)
      try host.start()
      host.stop()
      let log = try String(contentsOfFile: directory + "/data/host.log", encoding: .utf8)
      #expect(
        log.hasPrefix(
          """
          worker/deno.json: {}
          data/own: stored
          keys.json: keys
          other.json: NotCapable
          passwd: NotCapable

          """), "\(log)")
      // A comma would give it a path of somebody else's.
      #expect(throws: EmbeddedError.self) {
        _ = try WorkerHost(
          deno: deno, source: source, data: directory + "/a,/etc", keysFile: "keys", logger: quiet)
      }
    }
  }

  @Test func failureSaysWhatTheHostSaid() async throws {
    try await withTemporaryDirectory { directory in
      let host = try host(directory, try fakeDeno(directory, "echo 'no such module' >&2; exit 1"))
      let error = #expect(throws: EmbeddedError.self) { try host.start() }
      #expect(error?.description.contains("exit code 1") == true)
      #expect(error?.description.contains("no such module") == true)
      #expect(host.pid == nil)
    }
  }
}

@Suite struct OwnerThreadTests {
  struct Owned: ~Copyable {
    var turns = 0
    let events: SupervisorTests.Lines
    deinit { events.append("dropped after \(turns) turns") }
  }

  @Test func ownsAValueUntilToldToStop() async {
    let events = SupervisorTests.Lines()
    let path = Mutex("")
    let turn: @Sendable (inout Owned, OwnerThread.Stop) -> Void = { owned, stop in
      owned.turns += 1
      path.withLock { $0 = ThisThread.path }
      events.append(ThisThread.name)
      _ = stop.wait(milliseconds: owned.turns < 3 ? 1 : 600_000)
    }
    let thread = OwnerThread(
      name: "owner-of-value", owning: { Owned(events: events) }, turn: turn)
    #expect(eventually { events.all.count == 3 })
    #expect(events.all == ["owner-of-value", "owner-of-value", "owner-of-value"])
    thread.stop()
    await thread.joined()
    #expect(events.all.last == "dropped after 3 turns")
    #expect(eventually { !ThisThread.isThere(path.withLock { $0 }) })
  }

  @Test func bodyReturnsAndThrows() async throws {
    let main = pthread_self()
    let other = await OwnerThread.run(name: "body") { pthread_self() != main }
    #expect(other)
    await #expect(throws: PostgresError.self) {
      try await OwnerThread.run(name: "body") { () throws(PostgresError) in
        throw PostgresError(message: "from the thread")
      }
    }
  }
}

/// The thread that asks. By name it could not be told from threads that it made: they begin with
/// its name.
private enum ThisThread {
  /// Below `/proc`, as long as it runs.
  static var path: String {
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
    return path ?? "none"
  }

  static var name: String {
    let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
    return String(name?.dropLast() ?? "")
  }

  static func isThere(_ path: String) -> Bool { access("/proc/" + path, F_OK) == 0 }
}
