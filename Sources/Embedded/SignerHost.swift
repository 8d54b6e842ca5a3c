// The signer on this machine, for the embedded development chain: started, watched, started again.

internal import Foundation
internal import Glibc
public import Logging
internal import Synchronization

/// Runs `uncross signer` as a child of the exchange. On a real chain it is started by somebody
/// else, as another user, and the exchange knows its socket only.
public final class SignerHost: Sendable {
  private static let longestStart: Duration = .seconds(60)
  private static let mostFailedStarts = 4

  private let executable: String
  private let arguments: [String]
  private let passphraseFile: String
  private let directory: String
  private let logger: Logger
  private let log: BoundedLog
  private let isListening = Mutex(false)
  private let supervisor: Mutex<Supervisor?> = Mutex(nil)

  /// - Parameters:
  ///   - executable: `uncross` itself.
  ///   - arguments: of `uncross signer`, but for the passphrase and the log.
  ///   - passphraseFile: becomes the child's standard input.
  ///   - directory: for its log `signed.log`, which the first start makes, and its output.
  public init(
    executable: String, arguments: [String], passphraseFile: String, directory: String,
    logger: Logger
  ) {
    self.executable = executable
    self.arguments = arguments
    self.passphraseFile = passphraseFile
    self.directory = directory
    self.logger = logger
    log = BoundedLog(path: directory + "/signer.txt", maximumBytes: 1 << 20)
  }

  /// Starts it and waits until it listens. Blocks, for about a second: the passphrase is slow on
  /// purpose.
  public func start() throws(EmbeddedError) {
    let plan = Supervisor.Plan(
      name: "signer", command: { [self] in command() },
      output: .lines { [self] line in
        log.append(line)
        if line.contains("\"listening\"") { isListening.withLock { $0 = true } }
      },
      stopSteps: [
        .init(signal: .terminate, graceMilliseconds: 5_000),
        .init(signal: .kill, graceMilliseconds: 5_000),
      ])
    let running = Supervisor(plan, logger: logger)
    supervisor.withLock { $0 = running }
    running.start()
    let deadline = ContinuousClock.now + Self.longestStart
    while !isListening.withLock({ $0 }) {
      let status = running.status
      if status.failures >= Self.mostFailedStarts || ContinuousClock.now > deadline {
        stop()
        throw EmbeddedError(
          "the signer does not start: \(status.lastFailure); \(directory)/signer.txt ends with\n"
            + BoundedLog.tail(directory + "/signer.txt"))
      }
      usleep(10_000)
    }
  }

  /// Ends it. Blocks until it is gone; does nothing where none runs.
  public func stop() {
    let running = supervisor.withLock { supervisor in
      defer { supervisor = nil }
      return supervisor
    }
    running?.stop()
  }

  /// The signer's process; nil while it is down.
  public var pid: Int32? { supervisor.withLock { $0 }?.status.pid }

  private func command() -> ChildCommand {
    // Asked again at each start: one that was killed may have made it. Only coins of no worth are
    // trusted to a log that is begun wherever there is none.
    let signedLog = directory + "/signed.log"
    let isNew = access(signedLog, F_OK) != 0
    return ChildCommand(
      executable: executable,
      arguments: ["signer"] + arguments + ["--log", signedLog] + (isNew ? ["--new-log"] : [])
        + ["--passphrase-fd", "0"],
      environment: ["PATH": "/usr/bin:/bin", "HOME": directory, "TZ": "UTC"],
      deathSignal: .terminate, input: passphraseFile)
  }
}
