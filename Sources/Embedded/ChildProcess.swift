// A child process: in a group of its own, with no descriptor of ours, ended by pid, always reaped.

internal import CPostgres
internal import Foundation
internal import Glibc

/// What to run. `environment` is all the child gets.
struct ChildCommand: Sendable {
  var executable: String
  var arguments: [String]
  var environment: [String: String]
  /// Whom to run as; only root can.
  var user: SystemUser?
  /// What the kernel sends the child when the *thread* that started it ends, however that happens.
  var deathSignal: Signal?
  /// A file for standard input; nothing by default.
  var input = "/dev/null"

  enum Signal: Int32, Sendable {
    case interrupt = 2
    case quit = 3
    case kill = 9
    case terminate = 15

    /// As setpriv wants it; it takes no numbers.
    fileprivate var name: String {
      switch self {
      case .interrupt: "INT"
      case .quit: "QUIT"
      case .kill: "KILL"
      case .terminate: "TERM"
      }
    }
  }

  /// The command line with what needs `setpriv` (util-linux; essential in Debian) before it. We do
  /// not change user between fork and exec ourselves: glibc's setuid takes a lock there that
  /// another thread may have held.
  fileprivate var line: [String] {
    var options: [String] = []
    if let user {
      options += ["--reuid", "\(user.id)", "--regid", "\(user.group)", "--clear-groups"]
    }
    if let deathSignal { options += ["--pdeathsig", deathSignal.name] }
    if options.isEmpty { return [executable] + arguments }
    return ["/usr/bin/setpriv"] + options + ["--", executable] + arguments
  }
}

/// An account of this machine.
struct SystemUser: Sendable {
  var name: String
  var id: UInt32
  var group: UInt32

  init?(named name: String) {
    guard let entry = getpwnam(name) else { return nil }
    self.name = name
    id = entry.pointee.pw_uid
    group = entry.pointee.pw_gid
  }
}

/// How a process ended.
enum ChildExit: Sendable, Equatable, CustomStringConvertible {
  case code(Int32)
  case signal(Int32)

  var description: String {
    switch self {
    case .code(let code): "exit code \(code)"
    case .signal(let number): "signal \(number)"
    }
  }
}

/// Where a child writes, both streams together.
enum ChildStreams: Sendable {
  /// Appends to a file, which works on when we are gone.
  case file(String)
  /// To us.
  case pipe
}

/// A child of ours from its start until it is reaped; until then its pid is no one else's. Owned by
/// the thread that started it.
struct ChildProcess: ~Copyable {
  let pid: pid_t
  /// Our end of the pipe, non-blocking; -1 without one.
  let output: Int32
  private var exit: ChildExit?

  init(_ command: ChildCommand, _ streams: ChildStreams) throws {
    let line = command.line
    // posix_spawn reports only what is amiss before the exec of setpriv.
    guard access(line[0], X_OK) == 0, access(command.executable, X_OK) == 0 else {
      throw EmbeddedError("\(command.executable) or \(line[0]) cannot be executed")
    }
    var ends: [Int32] = [-1, -1]
    if case .pipe = streams {
      guard pipe(&ends) == 0 else { throw EmbeddedError("no pipe: \(Self.reason(errno))") }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, command.input, O_RDONLY, 0)
    switch streams {
    case .file(let path):
      posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    case .pipe: posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    }
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    _ = uncross_spawn_close_from(&actions, 3)
    let (result, child) = Self.spawn(line, command.environment, &actions)
    posix_spawn_file_actions_destroy(&actions)
    if ends[1] >= 0 { close(ends[1]) }
    guard result == 0 else {
      if ends[0] >= 0 { close(ends[0]) }
      throw EmbeddedError("\(line[0]) does not start: \(Self.reason(result))")
    }
    pid = child
    output = ends[0]
  }

  /// A child whose owner lets go of it is ended: no process and no zombie stays without an owner.
  deinit {
    if exit == nil {
      kill(pid, SIGKILL)
      while waitpid(pid, nil, 0) < 0 && errno == EINTR {}
    }
    if output >= 0 { close(output) }
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  private static func spawn(
    _ line: [String], _ environment: [String: String], _ actions: inout posix_spawn_file_actions_t
  ) -> (Int32, pid_t) {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Its own group: the terminal's Ctrl-C is for us, and we stop the child in our order. Signals
    // that we ignore or block would stay so in the child.
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    // Null-terminated lists of C strings, ours until they are freed after the call.
    let words = line.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, line[0], &actions, &attributes, words, variables)
    return (result, pid)
  }

  /// How it ended; nil while it runs.
  mutating func poll() -> ChildExit? {
    if exit == nil {
      var status: Int32 = 0
      var reaped: pid_t
      repeat { reaped = waitpid(pid, &status, WNOHANG) } while reaped < 0 && errno == EINTR
      if reaped == pid {
        // The low seven bits are the signal, the next byte the code (wait.h).
        exit = status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
      }
    }
    return exit
  }

  func send(_ signal: ChildCommand.Signal) {
    if exit == nil { kill(pid, signal.rawValue) }
  }

  /// Appends what has arrived; waits for it up to the time. False when there will be no more.
  func read(into bytes: inout [UInt8], milliseconds: Int32) -> Bool {
    var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&descriptor, 1, milliseconds) > 0 else { return true }
    return withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { space in
      let count = Glibc.read(output, space.baseAddress, space.count)
      if count > 0 { bytes += space[0..<count] }
      return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
    }
  }

  /// Runs a command to its end, blocking; the last 64 KB of what it wrote.
  static func run(_ command: ChildCommand) throws -> (exit: ChildExit, output: String) {
    var command = command
    // A tool that outlives us would write where the next of us is at work.
    command.deathSignal = .kill
    var child = try ChildProcess(command, .pipe)
    var bytes: [UInt8] = []
    var isOpen = true
    while true {
      // Once its pipe is closed there is nothing to wait on but its end.
      if isOpen { isOpen = child.read(into: &bytes, milliseconds: 20) } else { usleep(1_000) }
      if bytes.count > 1 << 17 { bytes.removeFirst(bytes.count - 1 << 16) }
      if let exit = child.poll() {
        var before = -1
        while before != bytes.count {
          before = bytes.count
          _ = child.read(into: &bytes, milliseconds: 0)
        }
        return (exit, String(decoding: bytes.suffix(1 << 16), as: UTF8.self))
      }
    }
  }
}
