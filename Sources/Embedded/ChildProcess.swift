// A program that runs beside the exchange: started again when it dies, ended when we end.

internal import Foundation
internal import Glibc
public import Logging

/// What to run.
public struct ChildCommand: Sendable {
  public var executable: String
  public var arguments: [String]
  public var directory: String
  public var environment: [String: String]
  /// Runs as this user and group, where we are root.
  public var user: (uid: UInt32, gid: UInt32)?
  /// What the child gets when this process dies, however it dies.
  public var deathSignal: String

  public init(
    executable: String, arguments: [String], directory: String,
    environment: [String: String] = [:], user: (uid: UInt32, gid: UInt32)? = nil,
    deathSignal: String = "TERM"
  ) {
    self.executable = executable
    self.arguments = arguments
    self.directory = directory
    self.environment = environment
    self.user = user
    self.deathSignal = deathSignal
  }

  /// Through `setpriv`, which sets the death signal after it changed the user (the change clears it).
  fileprivate var argv: [String] {
    var argv = ["/usr/bin/env", "-C", directory, "/usr/bin/setpriv", "--pdeathsig", deathSignal]
    if let user {
      argv += ["--reuid", "\(user.uid)", "--regid", "\(user.gid)", "--clear-groups"]
    }
    return argv + ["--", executable] + arguments
  }
}

public struct EmbeddedError: Error, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Keeps one child running on a thread of its own. That thread spawns it, so the death signal, which fires when
/// the spawning *thread* ends, means what it should.
public final class ChildProcess: @unchecked Sendable {
  // Sendable by hand: everything that changes is guarded by `monitor`.
  private let name: String
  private let makeCommand: @Sendable () -> ChildCommand
  private let logPath: String
  private let onLine: (@Sendable (String) -> Void)?
  private let logger: Logger

  private let monitor = NSCondition()
  private var pid: pid_t = 0
  private var stopping = false
  private var running = false
  private var starts = 0

  /// Bytes of a log file before it is begun again: a child that fails in a loop must not fill the disk.
  private static let maximumLogBytes: Int64 = 16 << 20

  /// - Parameter onLine: gets the child's standard output by line; without it output goes to the log.
  public init(
    _ name: String, logPath: String, logger: Logger,
    onLine: (@Sendable (String) -> Void)? = nil,
    command: @escaping @Sendable () -> ChildCommand
  ) {
    self.name = name
    self.logPath = logPath
    self.logger = logger
    self.onLine = onLine
    makeCommand = command
  }

  /// The child's process id; 0 while it is not running.
  public var processID: Int32 { monitor.withLock { pid } }
  /// How often it was started.
  public var startCount: Int { monitor.withLock { starts } }

  public func start() {
    monitor.withLock { running = true }
    let thread = Thread { [self] in
      supervise()
      monitor.withLock {
        running = false
        monitor.broadcast()
      }
    }
    thread.name = name
    thread.start()
  }

  /// Sends `signal`, then SIGKILL after `graceSeconds`; returns when the child is gone.
  public func stop(signal: Int32 = 15, graceSeconds: Double = 15) {
    monitor.lock()
    defer { monitor.unlock() }
    stopping = true
    monitor.broadcast()
    if pid > 0 { kill(pid, signal) }
    let deadline = Date(timeIntervalSinceNow: graceSeconds)
    while running, monitor.wait(until: deadline) {}
    guard running else { return }
    if pid > 0 { kill(pid, SIGKILL) }
    while running, monitor.wait(until: Date(timeIntervalSinceNow: 5)) {}
  }

  private func supervise() {
    var failures = 0
    while !monitor.withLock({ stopping }) {
      let began = Date()
      do {
        let status = try runOnce()
        if monitor.withLock({ stopping }) { return }
        logger.warning("\(name) ended (\(status)); starting it again")
      } catch {
        logger.error("\(name): \(error)")
      }
      failures = began.timeIntervalSinceNow < -10 ? 0 : failures + 1
      let delay = min(0.1 * Double(1 << min(failures, 6)), 5)
      monitor.withLock {
        if !stopping { _ = monitor.wait(until: Date(timeIntervalSinceNow: delay)) }
      }
    }
  }

  /// Spawns, waits for the end, and says how it ended.
  private func runOnce() throws -> String {
    let log = openLog()
    defer { close(log) }
    let pipeEnds = onLine == nil ? [-1, -1] : try Spawn.makePipe()
    let child = try Spawn.start(
      makeCommand(), output: onLine == nil ? log : pipeEnds[1], error: log)
    if onLine != nil { close(pipeEnds[1]) }
    monitor.withLock {
      pid = child
      starts += 1
      if stopping { kill(child, SIGTERM) }
    }
    if onLine != nil { readLines(pipeEnds[0]) }
    let status = Spawn.wait(child)
    monitor.withLock { pid = 0 }
    return status
  }

  private func openLog() -> Int32 {
    var information = stat()
    if stat(logPath, &information) == 0, information.st_size > Self.maximumLogBytes {
      rename(logPath, logPath + ".old")
    }
    return open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
  }

  private func readLines(_ descriptor: Int32) {
    defer { close(descriptor) }
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count <= 0 { return }
      for byte in buffer[..<count] {
        if byte == UInt8(ascii: "\n") {
          onLine?(String(decoding: line, as: UTF8.self))
          line.removeAll(keepingCapacity: true)
        } else if line.count < 8192 {
          line.append(byte)
        }
      }
    }
  }
}

/// posix_spawn and waitpid.
enum Spawn {
  /// Both ends closed on exec, as every descriptor of this program is: a child gets its three only.
  static func makePipe() throws -> [Int32] {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw EmbeddedError("no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
  }

  /// In a process group of its own: our terminal's Ctrl-C is ours alone.
  static func start(_ command: ChildCommand, output: Int32, error: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, error, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    var environment = ProcessInfo.processInfo.environment
    // Ours must not leak into a server: PG* would change what it connects to or listens on.
    for key in environment.keys where key.hasPrefix("PG") { environment[key] = nil }
    environment["LC_ALL"] = "C"
    for (key, value) in command.environment { environment[key] = value }
    let argv = command.argv.map { strdup($0) } + [nil]
    let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, argv[0]!, &actions, &attributes, argv, envp)
    guard code == 0 else {
      throw EmbeddedError("cannot run \(command.executable): \(String(cString: strerror(code)))")
    }
    return pid
  }

  static func wait(_ pid: pid_t) -> String {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? "exit \(status >> 8 & 0xff)" : "signal \(status & 0x7f)"
  }

  /// Runs a tool to its end; throws with what it wrote to standard error unless it exits 0.
  static func run(_ command: ChildCommand) throws {
    let ends = try makePipe()
    defer { close(ends[0]) }
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(null) }
    let pid: pid_t
    do {
      pid = try start(command, output: null, error: ends[1])
    } catch {
      close(ends[1])
      throw error
    }
    close(ends[1])
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      if count <= 0 { break }
      if text.count < 1 << 16 { text += buffer[..<count] }
    }
    let status = wait(pid)
    guard status == "exit 0" else {
      throw EmbeddedError(
        "\(command.executable): \(status): \(String(decoding: text, as: UTF8.self))")
    }
  }
}
