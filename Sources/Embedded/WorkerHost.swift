// The Worker on this machine: its local host under Deno, started, watched, asked for its address.

internal import Formats
internal import Foundation
internal import Glibc
public import Logging
internal import Synchronization

/// Runs `worker/host/serve.js`, which serves the same modules as Cloudflare does. It is our child:
/// it ends when we do, and is started again, on the same port, when it dies.
public final class WorkerHost: Sendable {
  private struct State {
    var port: UInt16
    var url: String?
    var supervisor: Supervisor?
  }

  // Deno compiles the modules at the first start; a loaded machine takes seconds for that.
  private static let longestStart: Duration = .seconds(60)
  // A host that ends this often (1.5 s of growing delays) before it ever listens will not start.
  private static let mostFailedStarts = 4

  private let deno: String
  private let source: String
  private let data: String
  private let keysFile: String
  private let logger: Logger
  private let log: BoundedLog
  private let state: Mutex<State>

  /// - Parameters:
  ///   - deno: the Deno program (see `findDeno`).
  ///   - source: the directory `worker`.
  ///   - data: where its storage lies; made where it is missing.
  ///   - keysFile: the public keys that may publish, read again when it changes.
  ///   - port: 0 takes a free one at the first start.
  public init(
    deno: String, source: String, data: String, keysFile: String, port: UInt16 = 0, logger: Logger
  ) throws(EmbeddedError) {
    self.deno = deno
    self.source = Self.absolute(source)
    self.data = Self.absolute(data)
    self.keysFile = Self.absolute(keysFile)
    self.logger = logger
    state = Mutex(State(port: port))
    for path in [self.source, self.data, self.keysFile] where path.contains(",") {
      throw EmbeddedError("\(path): a comma ends a path in Deno's permissions; name another place")
    }
    do {
      try FileManager.default.createDirectory(
        atPath: self.data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]
      )
    } catch {
      throw EmbeddedError("cannot make \(data): \(error)")
    }
    log = BoundedLog(path: self.data + "/host.log", maximumBytes: 8 << 20)
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// Starts the host and returns its address, `http://127.0.0.1:PORT`, when it listens. Blocks, for
  /// 0.1 to 0.3 s.
  @discardableResult
  public func start() throws(EmbeddedError) -> String {
    // The supervisor's closures go with its thread, which ends in `stop`.
    let plan = Supervisor.Plan(
      name: "worker-host", command: { [self] in command() },
      output: .lines { [self] in take(line: $0) },
      stopSteps: [
        .init(signal: .terminate, graceMilliseconds: 5_000),
        .init(signal: .kill, graceMilliseconds: 5_000),
      ])
    let supervisor = Supervisor(plan, logger: logger)
    state.withLock { state in
      precondition(state.supervisor == nil, "the Worker's host is started twice")
      state.supervisor = supervisor
      state.url = nil
    }
    supervisor.start()
    let deadline = ContinuousClock.now + Self.longestStart
    while true {
      if let url { return url }
      let status = supervisor.status
      if status.failures >= Self.mostFailedStarts || ContinuousClock.now > deadline {
        stop()
        let why = status.lastFailure.isEmpty ? "it does not listen" : status.lastFailure
        throw EmbeddedError(
          "the Worker's host does not start: \(why); \(data)/host.log ends with\n"
            + BoundedLog.tail(data + "/host.log"))
      }
      usleep(10_000)
    }
  }

  /// Ends the host; what it acknowledged is on disk. Blocks until it is gone; does nothing where
  /// none runs.
  public func stop() {
    let running = state.withLock { state in
      defer { state.supervisor = nil }
      return state.supervisor
    }
    running?.stop()
  }

  /// Where it listens; nil before it first did. The same after a restart.
  public var url: String? { state.withLock { $0.url } }

  /// The host's process; nil while it is down.
  public var pid: Int32? { state.withLock { $0.supervisor }?.status.pid }

  /// The Deno program: named by `UNCROSS_DENO`, in the project's venv, or in the path.
  public static func findDeno(project: String) -> String? {
    let environment = ProcessInfo.processInfo.environment
    let path = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/deno" }
    let places = [environment["UNCROSS_DENO"] ?? "", project + "/.uncross/venv/bin/deno"] + path
    return places.first { !$0.isEmpty && access($0, X_OK) == 0 }
  }

  // MARK: Running

  private func command() -> ChildCommand {
    let port = state.withLock { $0.port }
    return ChildCommand(
      executable: deno,
      arguments: [
        "run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1",
        "--allow-read=\([source, data, keysFile].joined(separator: ","))",
        "--allow-write=\(data)", "--allow-env", "--config", "\(source)/deno.json",
        "\(source)/host/serve.js", "--data", data, "--port", "\(port)", "--keys-file", keysFile,
      ],
      environment: [
        "PATH": "/usr/bin:/bin", "HOME": data, "NO_COLOR": "1", "TZ": "UTC",
        "DENO_DIR": data + "/deno",
        "DENO_NO_UPDATE_CHECK": "1",
      ],
      // Acknowledged batches are committed: nothing is lost by ending with us.
      deathSignal: .terminate)
  }

  private func take(line: String) {
    log.append(line)
    struct Listening: Decodable { var listening: String }
    guard line.hasPrefix("{"),
      let said = try? StrictJSON.decode(Listening.self, from: Array(line.utf8), .childLine),
      let port = URL(string: said.listening)?.port.flatMap(UInt16.init(exactly:))
    else { return }
    state.withLock { state in
      // Clients know the first address: a restart asks for the same port again.
      state.port = port
      state.url = "http://127.0.0.1:\(port)"
    }
  }
}
