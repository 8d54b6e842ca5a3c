// A file of lines with a bound on its size: what a child says, kept where a person looks.

internal import Foundation
internal import Glibc
internal import Synchronization

/// Appends lines to `path`; beyond the bound the file moves to `path.1` and begins anew.
final class BoundedLog: Sendable {
  private struct State {
    var descriptor: Int32
    var bytes: Int
  }

  private let path: String
  private let maximumBytes: Int
  private let state: Mutex<State>

  init(path: String, maximumBytes: Int) {
    self.path = path
    self.maximumBytes = maximumBytes
    state = Mutex(Self.open(path))
  }

  deinit {
    let descriptor = state.withLock { $0.descriptor }
    if descriptor >= 0 { close(descriptor) }
  }

  private static func open(_ path: String) -> State {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    return State(descriptor: descriptor, bytes: Int(max(lseek(descriptor, 0, SEEK_END), 0)))
  }

  /// A log that cannot be written is no reason to stop: the line is lost then.
  func append(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    state.withLock { state in
      if state.bytes + bytes.count > maximumBytes {
        close(state.descriptor)
        rename(path, path + ".1")
        state = Self.open(path)
      }
      state.bytes += max(write(state.descriptor, bytes, bytes.count), 0)
    }
  }

  /// The last lines of a file, for an error that must say why.
  static func tail(_ path: String, lines: Int = 12) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "(no log at \(path))" }
    defer { try? file.close() }
    let end = (try? file.seekToEnd()) ?? 0
    try? file.seek(toOffset: end > 1 << 14 ? end - 1 << 14 : 0)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
  }
}
