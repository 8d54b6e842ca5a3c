// Keeps one child process running: starts it again when it dies, stops it in order, hears it.

internal import Foundation
internal import Glibc
internal import Logging
internal import Postgres
internal import Synchronization

/// One child, watched by one thread that lives as long as the child does: the kernel's "parent
/// died" signal fires when the thread that forked ends, so that thread must be this one and no
/// pool's.
final class Supervisor: Sendable {
  /// What to watch and how.
  struct Plan: Sendable {
    var name: String
    /// Called before every start; what it throws is tried again later, like a child that dies.
    var command: @Sendable () throws -> ChildCommand
    var output: Output
    /// Signals of an orderly stop, each with the time it gets; the last should be `kill`.
    var stopSteps: [StopStep]
    /// A process that is there already and no child of ours: watched until it ends, then replaced.
    var adopted: Adopted?
  }

  enum Output: Sendable {
    /// The child appends to a file itself. Beyond the bound the file moves to `path.1` and begins
    /// anew.
    case file(String, maximumBytes: Int)
    /// Each line, on the supervisor's thread.
    case lines(@Sendable (String) -> Void)
  }

  struct StopStep: Sendable {
    var signal: ChildCommand.Signal
    var graceMilliseconds: Int
  }

  struct Adopted: Sendable {
    var pid: pid_t
    /// Asked before every signal: a pid that is not our child's may become a stranger's.
    var isAlive: @Sendable () -> Bool
  }

  struct Status: Sendable {
    /// Nil while nothing runs.
    var pid: pid_t?
    /// Ends and failed starts so far.
    var failures = 0
    var lastFailure = ""
  }

  // How soon a death is noticed, and a line seen.
  private static let tickMilliseconds: Int32 = 20
  // A child that dies at once is started 10 times in the first minute, then every 10 s.
  private static let firstDelayMilliseconds = 100
  private static let longestDelayMilliseconds = 10_000
  // One that ran this long was well: the next delay is the first again.
  private static let healthyAfter: Duration = .seconds(60)
  // Longer lines are cut: a child must not fill our memory.
  private static let maximumLineBytes = 1 << 14
  // Looking at a log file's size, in ticks: every 10 s.
  private static let ticksBetweenTrims = 500

  private let plan: Plan
  private let logger: Logger
  private let shared = Mutex(Status())
  private let thread: Mutex<OwnerThread?> = Mutex(nil)

  init(_ plan: Plan, logger: Logger) {
    self.plan = plan
    self.logger = logger
  }

  var status: Status { shared.withLock { $0 } }

  func start() {
    thread.withLock { thread in
      precondition(thread == nil, "\(plan.name) is started twice")
      shared.withLock { $0.pid = plan.adopted?.pid }
      thread = OwnerThread(name: plan.name) { [self] stop in watch(stop) }
    }
  }

  /// Stops the child in order and waits for its end. Blocks.
  func stop() {
    let running = thread.withLock { $0 }
    running?.stop()
    running?.join()
  }

  // MARK: The thread

  private func watch(_ stop: OwnerThread.Stop) {
    var delay = Self.firstDelayMilliseconds
    if let adopted = plan.adopted { followAdopted(adopted, stop) }
    while !stop.isRequested {
      let began = ContinuousClock.now
      do {
        let command = try plan.command()
        var child = try ChildProcess(command, streams)
        shared.withLock { $0.pid = child.pid }
        logger.debug("\(plan.name) runs as process \(child.pid)")
        let exit = follow(&child, stop)
        note(failure: "\(plan.name) ended with \(exit)", expected: stop.isRequested)
      } catch {
        note(failure: "\(error)", expected: false)
      }
      if ContinuousClock.now - began > Self.healthyAfter { delay = Self.firstDelayMilliseconds }
      if stop.isRequested || stop.wait(milliseconds: delay) { break }
      delay = min(delay * 2, Self.longestDelayMilliseconds)
    }
  }

  private func note(failure: String, expected: Bool) {
    shared.withLock { status in
      status.pid = nil
      status.failures += 1
      status.lastFailure = failure
    }
    if !expected { logger.warning("\(failure); it is started again") }
  }

  private var streams: ChildStreams {
    switch plan.output {
    case .file(let path, _): .file(path)
    case .lines: .pipe
    }
  }

  /// Watches a child until it is reaped.
  private func follow(_ child: inout ChildProcess, _ stop: OwnerThread.Stop) -> ChildExit {
    var stopping = Stopping(steps: plan.stopSteps)
    var pending: [UInt8] = []
    var isOpen = child.output >= 0
    var ticks = 0
    while true {
      if isOpen {
        isOpen = child.read(into: &pending, milliseconds: Self.tickMilliseconds)
        deliver(&pending, all: false)
      } else {
        usleep(UInt32(Self.tickMilliseconds) * 1_000)
      }
      if let exit = child.poll() {
        if child.output >= 0 { _ = child.read(into: &pending, milliseconds: 0) }
        deliver(&pending, all: true)
        return exit
      }
      if stop.isRequested, let signal = stopping.due() { child.send(signal) }
      ticks += 1
      if ticks % Self.ticksBetweenTrims == 0, case .file(let path, let maximumBytes) = plan.output {
        Self.trim(path, to: maximumBytes)
      }
    }
  }

  private func followAdopted(_ adopted: Adopted, _ stop: OwnerThread.Stop) {
    var stopping = Stopping(steps: plan.stopSteps)
    while adopted.isAlive() {
      if stop.isRequested, let signal = stopping.due() { kill(adopted.pid, signal.rawValue) }
      usleep(UInt32(Self.tickMilliseconds) * 1_000)
    }
    note(failure: "\(plan.name) (adopted) ended", expected: stop.isRequested)
  }

  /// Which signal is due, from the first call on.
  private struct Stopping {
    var steps: [StopStep]
    var next = 0
    var deadline = ContinuousClock.now

    mutating func due() -> ChildCommand.Signal? {
      guard next < steps.count, ContinuousClock.now >= deadline else { return nil }
      let step = steps[next]
      next += 1
      deadline = .now + .milliseconds(step.graceMilliseconds)
      return step.signal
    }
  }

  private func deliver(_ pending: inout [UInt8], all: Bool) {
    guard case .lines(let handler) = plan.output else { return }
    var rest = pending[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Self.maximumLineBytes)
      if let end = piece.firstIndex(of: UInt8(ascii: "\n")) {
        handler(String(decoding: rest[..<end], as: UTF8.self))
        rest = rest[(end + 1)...]
      } else if all || piece.count == Self.maximumLineBytes {
        handler(String(decoding: piece, as: UTF8.self))
        rest = rest[piece.endIndex...]
      } else {
        break
      }
    }
    pending = Array(rest)
  }

  /// The child keeps its descriptor, so the file itself is emptied; it appends, so it goes on at
  /// the new end. Lines written between the copy and the cut are lost.
  static func trim(_ path: String, to maximumBytes: Int) {
    var details = Glibc.stat()
    guard stat(path, &details) == 0, details.st_size > maximumBytes else { return }
    try? FileManager.default.removeItem(atPath: path + ".1")
    try? FileManager.default.copyItem(atPath: path, toPath: path + ".1")
    truncate(path, 0)
  }
}
