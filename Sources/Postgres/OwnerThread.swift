// A thread with a name that owns what its body makes: where calls that block are at home.

internal import CPostgres
internal import Dispatch
internal import Foundation
internal import Synchronization

/// A thread that runs one body. The body makes what it owns (a connection, a child process) and
/// never hands it out, so blocking calls are never on Swift's cooperative pool and owners need no
/// locks.
///
/// A thread blocked inside a call cannot be interrupted: `stop` takes effect when the body next
/// looks.
public final class OwnerThread: Sendable {
  /// The body's end of the wish to stop.
  public struct Stop: Sendable {
    fileprivate let flag = Flag()

    public var isRequested: Bool { flag.isSet }

    /// Sleeps, shorter where stopping is or gets requested; true then.
    public func wait(milliseconds: Int) -> Bool { flag.wait(.now() + .milliseconds(milliseconds)) }
  }

  private let stopping = Stop()
  private let ended = Flag()

  /// Starts it.
  /// - Parameter name: as `top -H` shows it; the kernel keeps 15 bytes.
  /// - Parameter body: runs once, to its end.
  public init(name: String, _ body: @escaping @Sendable (Stop) -> Void) {
    Thread.detachNewThread { [stopping, ended] in
      // Not by `Thread.current.name`: on a busy machine a thread may run before Foundation knows
      // that it is that thread, and then its name is lost.
      uncross_name_thread(name)
      body(stopping)
      ended.set()
    }
  }

  /// Starts a thread that makes one value, calls `turn` with it again and again until it is told to
  /// stop, and drops the value on the same thread.
  public convenience init<Owned: ~Copyable>(
    name: String, owning make: @escaping @Sendable () -> Owned,
    turn: @escaping @Sendable (inout Owned, Stop) -> Void
  ) {
    self.init(name: name) { stop in
      var owned = make()
      while !stop.isRequested { turn(&owned, stop) }
    }
  }

  /// Tells the body to stop; does not wait.
  public func stop() { stopping.flag.set() }

  /// Waits for the body's end. Blocks.
  public func join() { _ = ended.wait(.distantFuture) }

  /// Waits for the body's end.
  public func joined() async { await ended.waited() }

  /// Runs a body that blocks on a thread of its own, and awaits what it returns or throws.
  public static func run<R: Sendable, E: Error>(
    name: String, _ body: @escaping @Sendable () throws(E) -> R
  ) async throws(E) -> R {
    let outcome: Result<R, E> = await withCheckedContinuation { continuation in
      _ = OwnerThread(name: name) { _ in
        do throws(E) {
          continuation.resume(returning: .success(try body()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try outcome.get()
  }
}

/// Set once, and awaited by any number of threads and tasks.
private final class Flag: Sendable {
  private struct State {
    var isSet = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let semaphore = DispatchSemaphore(value: 0)

  var isSet: Bool { state.withLock { $0.isSet } }

  func set() {
    let waiting = state.withLock { state in
      state.isSet = true
      defer { state.waiting = [] }
      return state.waiting
    }
    semaphore.signal()
    for continuation in waiting { continuation.resume() }
  }

  func wait(_ deadline: DispatchTime) -> Bool {
    guard semaphore.wait(timeout: deadline) == .success else { return isSet }
    semaphore.signal()  // for the next who waits
    return true
  }

  func waited() async {
    await withCheckedContinuation { continuation in
      let isSet = state.withLock { state in
        if !state.isSet { state.waiting.append(continuation) }
        return state.isSet
      }
      if isSet { continuation.resume() }
    }
  }
}
