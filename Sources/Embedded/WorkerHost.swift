// The embedded default of the edge: the Worker's own files under Deno, on loopback.

internal import Foundation
public import Logging

/// Runs `worker/host/serve.js`.
public final class WorkerHost: @unchecked Sendable {
  // Sendable by hand: `port` is guarded by `monitor`; `child` is set before the first start.
  private let monitor = NSCondition()
  private var port = 0
  private var child: ChildProcess?

  /// - Parameters:
  ///   - deno: the Deno program (`make setup` puts one into the project's venv).
  ///   - source: the directory `worker`.
  ///   - data: where its storage lies.
  ///   - keysFile: the public keys that may publish, read again when it changes.
  public init(deno: String, source: String, data: String, keysFile: String, logger: Logger) throws {
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    child = ChildProcess(
      "worker", logPath: data + "/host.log", logger: logger, onLine: { [weak self] in self?.read($0) }
    ) { [self] in
      ChildCommand(
        executable: deno,
        arguments: [
          "run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", "--allow-read",
          "--allow-write=\(data)", "--allow-env", "--config", "\(source)/deno.json",
          "\(source)/host/serve.js", "--data", data, "--port",
          "\(monitor.withLock { port })", "--keys-file", keysFile,
        ], directory: source,
        environment: ["DENO_DIR": data + "/deno", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"])
    }
  }

  private func read(_ line: String) {
    guard let data = line.data(using: .utf8),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: String],
      let url = object["listening"].flatMap({ URL(string: $0) }), let found = url.port
    else { return }
    monitor.withLock {
      // Kept for the next start, so that the address does not change under the publisher.
      port = found
      monitor.broadcast()
    }
  }

  /// Starts it; returns its address.
  public func start() throws -> String {
    child?.start()
    let deadline = Date(timeIntervalSinceNow: 30)
    return try monitor.withLock {
      while port == 0, monitor.wait(until: deadline) { continue }
      guard port != 0 else { throw EmbeddedError("the Worker's host did not start; see its host.log") }
      return "http://127.0.0.1:\(port)"
    }
  }

  public var processID: Int32 { child?.processID ?? 0 }

  public func stop() {
    child?.stop()
    child = nil
  }

  /// Deno: named by `UNCROSS_DENO`, in the project's venv, or on the path.
  public static func findDeno(project: String) -> String? {
    let environment = ProcessInfo.processInfo.environment
    let path = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/deno" }
    let candidates = [environment["UNCROSS_DENO"] ?? "", project + "/.uncross/venv/bin/deno"] + path
    return candidates.first { !$0.isEmpty && FileManager.default.isExecutableFile(atPath: $0) }
  }
}
