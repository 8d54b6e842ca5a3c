// A PostgreSQL cluster of our own in a directory: made, started, adopted, kept running, stopped.

internal import Foundation
internal import Glibc
public import Logging
internal import Postgres
internal import Synchronization

/// The database of a program without `DATABASE_URL`: a real server, reached only through a Unix
/// socket in a directory closed to others, with data checksums and durable commits.
///
/// One process at a time manages a directory. The server is our child; when we die, however that
/// happens, it shuts down by itself, and one that lived on all the same is adopted by the next of
/// us. When the server dies, it is started again, and its clients see a lost connection.
///
/// Users: `postgres` (superuser), `uncross_owner` (owns the database `uncross` and migrates it),
/// `uncross_app`, `uncross_audit`; they and the database are made with the cluster.
///
/// Under `root`: `lock`, `data` (the server's), `socket`, `server.log`; for root where the server's
/// account cannot get in, a file `location` and these under /var/lib/uncross.
public final class PrivateCluster: Sendable {
  /// How a server came to be running.
  public enum Origin: String, Sendable { case created, started, adopted }

  /// The database that holds the exchange.
  public static let databaseName = "uncross"
  /// The cluster's superuser.
  public static let superuser = "postgres"
  /// Owns the database.
  public static let owner = "uncross_owner"
  // Who may log in besides the superuser; the rest is grants, which migrations make.
  static let roles = [owner, "uncross_app", "uncross_audit"]

  /// Recovery after a crash replays at most `max_wal_size`; a slow disk does that in minutes.
  private static let longestStart: Duration = .seconds(600)
  // A child that ends this often (13 s of growing delays) before it ever accepts will not start.
  private static let mostFailedStarts = 7

  private let logger: Logger
  private let lock: DirectoryLock
  private let layout: ClusterLayout
  private let supervisor: Mutex<Supervisor?> = Mutex(nil)

  /// Takes the directory, and refuses where another process has it.
  /// - Parameter root: for this cluster alone; made where it is missing.
  public init(root: String, logger: Logger) throws(EmbeddedError) {
    self.logger = logger
    let directory = URL(fileURLWithPath: root).standardizedFileURL.path
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw EmbeddedError("cannot make \(directory): \(error)")
    }
    lock = try DirectoryLock(directory)
    layout = try ClusterLayout(directory: directory, user: PostgresInstallation.serverUser())
    if layout.home != directory {
      logger.notice("the server's account cannot enter \(directory): the data is in \(layout.home)")
    }
  }

  /// Makes the cluster where there is none, starts it or adopts it, and returns when it accepts:
  /// after 1 s for a new one, 0.1 s for one that was stopped in order. Blocks.
  @discardableResult
  public func start() throws(EmbeddedError) -> Origin {
    precondition(supervisor.withLock { $0 } == nil, "the cluster is started twice")
    let builder = try ClusterBuilder(layout)
    var origin = Origin.started
    if try !builder.exists {
      try builder.build()
      origin = .created
    }
    try builder.writeSettings()
    let orphan = try waitForOrphan()
    if orphan != nil { origin = .adopted }
    let supervisor = Supervisor(plan(builder, orphan), logger: logger)
    supervisor.start()
    do throws(EmbeddedError) {
      try waitUntilAccepting(supervisor)
    } catch {
      supervisor.stop()
      throw error
    }
    self.supervisor.withLock { $0 = supervisor }
    return origin
  }

  /// Shuts the server down: its clients' sessions end, what they committed stays. Blocks until it
  /// is gone; does nothing where none runs.
  public func stop() {
    let running = supervisor.withLock { supervisor in
      defer { supervisor = nil }
      return supervisor
    }
    running?.stop()
  }

  /// A connection string for one of the users.
  public func conninfo(user: String, database: String = databaseName) -> String {
    layout.conninfo(user: user, database: database)
  }

  /// The server's process; nil while it is down.
  public var postmasterPID: Int32? { supervisor.withLock { $0 }?.status.pid }

  /// Where the server writes what it has to say.
  public var serverLog: String { layout.serverLog }

  // MARK: Starting

  private func plan(_ builder: ClusterBuilder, _ orphan: pid_t?) -> Supervisor.Plan {
    Supervisor.Plan(
      name: "postgres",
      command: { [layout, logger] in
        if Postmaster.forgetDead(layout) {
          logger.notice("the last server of \(layout.data) did not shut down: it recovers now")
        }
        var command = builder.command("postgres", ["-D", layout.data])
        // Fast shutdown: sessions are ended, everything is written, the next start needs no
        // recovery.
        command.deathSignal = .interrupt
        return command
      },
      output: .file(layout.serverLog, maximumBytes: 16 << 20),
      stopSteps: [
        .init(signal: .interrupt, graceMilliseconds: 60_000),
        .init(signal: .quit, graceMilliseconds: 10_000),
        .init(signal: .kill, graceMilliseconds: 10_000),
      ],
      adopted: orphan.map { [layout] pid in
        Supervisor.Adopted(pid: pid) { Postmaster.isAlive(pid, layout) }
      })
  }

  /// A server that was there before us: nil when there is none, or when it was on its way out and
  /// is gone.
  private func waitForOrphan() throws(EmbeddedError) -> pid_t? {
    let deadline = ContinuousClock.now + Self.longestStart
    while let pid = Postmaster.live(layout) {
      if isAccepting { return pid }
      guard ContinuousClock.now < deadline else {
        throw EmbeddedError("the server \(pid) of \(layout.data) neither accepts nor ends")
      }
      usleep(20_000)
    }
    return nil
  }

  private func waitUntilAccepting(_ supervisor: Supervisor) throws(EmbeddedError) {
    let deadline = ContinuousClock.now + Self.longestStart
    while true {
      let status = supervisor.status
      if status.pid != nil, isAccepting { return }
      guard status.failures < Self.mostFailedStarts, ContinuousClock.now < deadline else {
        throw EmbeddedError(
          "the server does not start: \(status.lastFailure); \(layout.serverLog) ends with\n"
            + BoundedLog.tail(layout.serverLog))
      }
      usleep(10_000)
    }
  }

  private var isAccepting: Bool {
    let conninfo = layout.conninfo(user: Self.superuser, database: "postgres")
    return PostgresServer(conninfo + " connect_timeout=2") == .accepting
  }
}

/// What runs beside the exchange cannot be had; says what to do where there is something to do.
public struct EmbeddedError: Error, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
