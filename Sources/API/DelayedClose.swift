// Closes a connection whose peer does not read, after a grace period.

internal import NIOCore
internal import Synchronization

/// A close that is decided on one side and called off on the other.
final class DelayedClose: Sendable {
  private let channel: any Channel
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(channel: any Channel) { self.channel = channel }

  func begin(afterSeconds seconds: Int64) {
    let channel = channel
    task.withLock { task in
      guard task == nil else { return }
      task = Task {
        try? await Task.sleep(for: .seconds(seconds))
        if !Task.isCancelled { channel.reset() }
      }
    }
  }

  func cancel() { task.withLock { $0?.cancel() } }
}
