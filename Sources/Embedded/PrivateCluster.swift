// The embedded default: a real Postgres of our own, on a unix socket under the data directory.

internal import Foundation
internal import Glibc
public import Logging
internal import Postgres

/// A private cluster that lives and dies with the exchange and survives a kill of either.
public final class PrivateCluster: Sendable {
  private let root: String
  private let binaries: String
  private let user: (uid: UInt32, gid: UInt32)?
  private let lock: Int32
  private let child: ChildProcess

  private var data: String { root + "/data" }
  private var socket: String { root + "/socket" }

  /// - Parameter root: a directory of its own; made where it is missing.
  public init(root: String, logger: Logger) throws {
    self.root = root
    binaries = try Self.findBinaries()
    user = try Self.serverUser()
    for directory in [root, root + "/socket"] {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
      chmod(directory, 0o700)
      if let user { chown(directory, user.uid, user.gid) }
    }
    // The path of a unix socket has at most 107 bytes, of which the server's name takes 15.
    guard (root + "/socket").utf8.count <= 90 else {
      throw EmbeddedError("the data directory's path is too long for a unix socket: \(root)")
    }
    lock = open(root + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      throw EmbeddedError("another process runs the database in \(root)")
    }
    let (binaries, user) = (binaries, user)
    child = ChildProcess("postgres", logPath: root + "/server.log", logger: logger) {
      ChildCommand(
        executable: binaries + "/postgres", arguments: ["-D", root + "/data"], directory: root,
        user: user, deathSignal: "INT")
    }
  }

  deinit { close(lock) }

  /// Debian keeps the servers of each version apart; the newest that is whole.
  private static func findBinaries() throws -> String {
    let base = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? [])
      .compactMap(Int.init).sorted(by: >)
    for version in versions where access("\(base)/\(version)/bin/initdb", X_OK) == 0 {
      return "\(base)/\(version)/bin"
    }
    throw EmbeddedError("no Postgres server under \(base): run `make setup`, or set DATABASE_URL")
  }

  /// Postgres refuses to run as root: then it runs as the user that its package made.
  private static func serverUser() throws -> (uid: UInt32, gid: UInt32)? {
    guard geteuid() == 0 else { return nil }
    guard let entry = getpwnam("postgres") else {
      throw EmbeddedError("root needs a user `postgres` to run the database as")
    }
    return (entry.pointee.pw_uid, entry.pointee.pw_gid)
  }

  /// A connection string for one of `postgres` (superuser), `uncross_owner`, `uncross_app`, `uncross_audit`.
  public func conninfo(user: String, database: String = "uncross") -> String {
    "host=\(socket) port=5432 user=\(user) dbname=\(database)"
  }

  public var processID: Int32 { child.processID }

  /// Makes the cluster where there is none, starts it, and makes database and roles where they are missing.
  public func start() throws {
    if !FileManager.default.fileExists(atPath: data + "/PG_VERSION") { try create() }
    let major = try String(contentsOfFile: data + "/PG_VERSION", encoding: .utf8)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard binaries.contains("/\(major)/") else {
      throw EmbeddedError("the data in \(data) is of Postgres \(major), the server is \(binaries)")
    }
    try endOrphan()
    child.start()
    try waitUntilReady()
    try makeRoles()
  }

  public func stop() { child.stop(signal: SIGINT, graceSeconds: 30) }

  /// Built beside and renamed into place, so that a crash on the way leaves nothing that looks whole.
  private func create() throws {
    let fresh = root + "/data.new"
    try? FileManager.default.removeItem(atPath: fresh)
    try Spawn.run(
      ChildCommand(
        executable: binaries + "/initdb",
        arguments: [
          "-D", fresh, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
          "--data-checksums",
        ], directory: root, user: user))
    let settings = """
      listen_addresses = ''
      unix_socket_directories = '\(socket)'
      unix_socket_permissions = 0700
      port = 5432
      max_connections = 40
      shared_buffers = 256MB
      max_wal_size = 4GB
      checkpoint_timeout = 15min
      wal_compression = on
      log_min_messages = warning

      """
    let path = fresh + "/postgresql.conf"
    let before = try String(contentsOfFile: path, encoding: .utf8)
    try (before + settings).write(toFile: path, atomically: false, encoding: .utf8)
    guard rename(fresh, data) == 0 else { throw EmbeddedError("cannot rename \(fresh)") }
  }

  /// A server that outlived a killed exchange is on its way down (its death signal); wait for it.
  private func endOrphan() throws {
    let path = data + "/postmaster.pid"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8),
      let pid = text.split(separator: "\n").first.flatMap({ pid_t($0) })
    else { return }
    for _ in 0..<300 where isOurServer(pid) {
      kill(pid, SIGINT)
      usleep(100_000)
    }
    if isOurServer(pid) { throw EmbeddedError("server \(pid) in \(data) does not end") }
    unlink(path)
  }

  /// A pid file may be stale and its number somebody else's: a server's working directory is its data.
  private func isOurServer(_ pid: pid_t) -> Bool {
    var (ours, theirs) = (stat(), stat())
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let end = status.lastIndex(of: ")"), status[end...].dropFirst(2).first != "Z"
    else { return false }
    return stat(data, &ours) == 0 && stat("/proc/\(pid)/cwd", &theirs) == 0
      && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev
  }

  private func waitUntilReady() throws {
    var failure = ""
    for _ in 0..<1_200 {
      do {
        let connection = try PostgresConnection(conninfo(user: "postgres", database: "postgres"))
        if connection.isAlive { return }
      } catch {
        failure = "\(error)"
      }
      usleep(50_000)
    }
    throw EmbeddedError("Postgres did not start: \(failure); see \(root)/server.log")
  }

  private func makeRoles() throws {
    let server = try PostgresConnection(conninfo(user: "postgres", database: "postgres"))
    for role in ["uncross_owner", "uncross_app", "uncross_audit"] {
      try server.execute(
        """
        do $$ begin
          if not exists (select from pg_roles where rolname = '\(role)') then
            create role \(role) login;
          end if;
        end $$
        """)
    }
    let found = try server.query(
      "select count(*) from pg_database where datname = 'uncross'", PostgresParameters())
    if found.int64(0, 0) == 0 { try server.execute("create database uncross owner uncross_owner") }
    let database = try PostgresConnection(conninfo(user: "postgres"))
    try database.execute("alter schema public owner to uncross_owner")
  }
}
