// The development chain on this machine: started, watched, asked for its address and contracts.

internal import Formats
internal import Foundation
internal import Glibc
public import Logging
internal import Synchronization

/// Runs `devchain`, a JSON-RPC node over a real EVM, for development, the demo and tests. Its
/// blocks are on disk before it answers, so it may be killed like everything else.
public final class ChainHost: Sendable {
  /// What the chain says of itself when it listens.
  public struct Ready: Decodable, Sendable {
    public var url: String
    public var chainID: Int64
    /// Contracts by name, as `USDC`.
    public var contracts: [String: String]

    private enum CodingKeys: String, CodingKey {
      case url, contracts
      case chainID = "chain_id"
    }
  }

  private struct State {
    var port: UInt16
    var ready: Ready?
    var supervisor: Supervisor?
  }

  /// Importing the EVM and compiling the contracts takes 2 s, much more on a loaded machine.
  private static let longestStart: Duration = .seconds(90)
  private static let mostFailedStarts = 4

  private let python: String
  private let source: String
  private let data: String
  private let arguments: [String]
  private let logger: Logger
  private let log: BoundedLog
  private let state: Mutex<State>

  /// - Parameters:
  ///   - python: an interpreter that has the chain's packages (see `findPython`).
  ///   - source: the directory that holds `devchain`.
  ///   - data: where its blocks lie; made where it is missing.
  ///   - arguments: more of them, as `--block-interval 2`.
  ///   - port: 0 takes a free one at the first start.
  public init(
    python: String, source: String, data: String, arguments: [String] = [], port: UInt16 = 0,
    logger: Logger
  ) throws(EmbeddedError) {
    self.python = python
    self.source = URL(fileURLWithPath: source).standardizedFileURL.path
    self.data = URL(fileURLWithPath: data).standardizedFileURL.path
    self.arguments = arguments
    self.logger = logger
    state = Mutex(State(port: port))
    do {
      try FileManager.default.createDirectory(
        atPath: self.data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]
      )
    } catch {
      throw EmbeddedError("cannot make \(data): \(error)")
    }
    log = BoundedLog(path: self.data + "/devchain.log", maximumBytes: 8 << 20)
  }

  /// Starts the chain and returns what it says when it listens. Blocks, for some seconds.
  @discardableResult
  public func start() throws(EmbeddedError) -> Ready {
    let plan = Supervisor.Plan(
      name: "devchain", command: { [self] in command() },
      output: .lines { [self] in take(line: $0) },
      stopSteps: [
        .init(signal: .terminate, graceMilliseconds: 5_000),
        .init(signal: .kill, graceMilliseconds: 5_000),
      ])
    let supervisor = Supervisor(plan, logger: logger)
    state.withLock { state in
      precondition(state.supervisor == nil, "the chain is started twice")
      state.supervisor = supervisor
      state.ready = nil
    }
    supervisor.start()
    let deadline = ContinuousClock.now + Self.longestStart
    while true {
      if let ready { return ready }
      let status = supervisor.status
      if status.failures >= Self.mostFailedStarts || ContinuousClock.now > deadline {
        stop()
        let why = status.lastFailure.isEmpty ? "it does not listen" : status.lastFailure
        throw EmbeddedError(
          "the development chain does not start: \(why); \(data)/devchain.log ends with\n"
            + BoundedLog.tail(data + "/devchain.log"))
      }
      usleep(10_000)
    }
  }

  /// Ends the chain. Blocks until it is gone; does nothing where none runs.
  public func stop() {
    let running = state.withLock { state in
      defer { state.supervisor = nil }
      return state.supervisor
    }
    running?.stop()
  }

  /// Nil before it first listened. The address is the same after a restart.
  public var ready: Ready? { state.withLock { $0.ready } }

  /// The chain's process; nil while it is down.
  public var pid: Int32? { state.withLock { $0.supervisor }?.status.pid }

  /// The interpreter: named by `UNCROSS_PYTHON`, or of the project's venv.
  public static func findPython(project: String) -> String? {
    let named = ProcessInfo.processInfo.environment["UNCROSS_PYTHON"] ?? ""
    return [named, project + "/.uncross/venv/bin/python"].first {
      !$0.isEmpty && access($0, X_OK) == 0
    }
  }

  private func command() -> ChildCommand {
    let port = state.withLock { $0.port }
    return ChildCommand(
      executable: python,
      arguments: [
        "-m", "devchain", "--port", "\(port)", "--state", data + "/chain.jsonl",
      ] + arguments,
      environment: [
        "PATH": "/usr/bin:/bin", "HOME": data, "TZ": "UTC", "PYTHONPATH": source,
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
      ],
      deathSignal: .terminate)
  }

  private func take(line: String) {
    log.append(line)
    guard line.hasPrefix("{"),
      let ready = try? StrictJSON.decode(Ready.self, from: Array(line.utf8), .childLine),
      let port = URL(string: ready.url)?.port.flatMap(UInt16.init(exactly:))
    else { return }
    state.withLock { state in
      state.port = port
      state.ready = ready
    }
  }
}

extension JSONLimits {
  /// Of the line with which a child tells its address, and the contracts of the development chain.
  static let childLine = JSONLimits(
    bytes: 64 << 10, depth: 8, members: 64, elements: 64, stringBytes: 4_096)
}
