// Makes a private cluster's data directory, and the settings it runs with.

internal import Foundation
internal import Glibc

/// Runs the server's tools on one layout.
struct ClusterBuilder: Sendable {
  private let layout: ClusterLayout
  private let installation: PostgresInstallation

  init(_ layout: ClusterLayout) throws(EmbeddedError) {
    self.layout = layout
    installation = try PostgresInstallation.find(version: Self.dataVersion(layout))
  }

  private static func dataVersion(_ layout: ClusterLayout) -> Int? {
    let text = try? String(contentsOfFile: layout.data + "/PG_VERSION", encoding: .utf8)
    return text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  /// Whether there is a cluster. A `data` that is something else is not touched.
  var exists: Bool {
    get throws(EmbeddedError) {
      if Self.dataVersion(layout) != nil { return true }
      if access(layout.data, F_OK) == 0 {
        throw EmbeddedError("\(layout.data) is there and is no PostgreSQL cluster: move it away")
      }
      return false
    }
  }

  func command(_ program: String, _ arguments: [String]) -> ChildCommand {
    ChildCommand(
      executable: installation.program(program), arguments: arguments,
      environment: ["LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"], user: layout.user)
  }

  /// Builds beside and renames into place: a crash on the way leaves only what the next attempt
  /// removes, and a cluster that is there has its roles and its database.
  func build() throws(EmbeddedError) {
    try removeLeftover()
    try layout.makePrivate(layout.newData)
    try run(
      "initdb",
      [
        "--pgdata", layout.newData, "--username", PrivateCluster.superuser, "--auth", "trust",
        "--encoding", "UTF8", "--locale", "C", "--data-checksums", "--no-instructions",
      ])
    try append("\ninclude_if_exists 'uncross.conf'\n", to: layout.newData + "/postgresql.conf")
    try makeRolesAndDatabase()
    guard rename(layout.newData, layout.data) == 0 else {
      throw EmbeddedError("cannot rename \(layout.newData): \(String(cString: strerror(errno)))")
    }
    sync(layout.home)
  }

  /// What a start that was killed left. A process of its initdb may still be ending there, and
  /// remove and add files beside us, for a moment: so again until the directory is gone.
  private func removeLeftover() throws(EmbeddedError) {
    let deadline = ContinuousClock.now + .seconds(10)
    while access(layout.newData, F_OK) == 0 {
      do {
        try FileManager.default.removeItem(atPath: layout.newData)
      } catch {
        guard ContinuousClock.now < deadline else {
          throw EmbeddedError("cannot remove \(layout.newData), left from a start before: \(error)")
        }
        usleep(20_000)
      }
    }
  }

  /// In single-user mode, where each line is a statement and errors do not end it. In template1, so
  /// that the database begins with what is done there: its owner owns its schema too.
  private func makeRolesAndDatabase() throws(EmbeddedError) {
    let roles = PrivateCluster.roles
    var statements = roles.map { "create role \($0) login" }
    statements.append("alter schema public owner to \(PrivateCluster.owner)")
    let database = PrivateCluster.databaseName
    statements.append("create database \(database) owner \(PrivateCluster.owner)")
    statements.append("revoke all on database \(database) from public")
    for role in roles { statements.append("grant connect on database \(database) to \(role)") }
    let script = layout.newData + "/uncross-roles.sql"
    do {
      try Data((statements.joined(separator: "\n") + "\n").utf8).write(
        to: URL(fileURLWithPath: script))
    } catch {
      throw EmbeddedError("cannot write \(script): \(error)")
    }
    var single = command("postgres", ["--single", "-D", layout.newData, "template1"])
    single.input = script
    let output = try run(single)
    guard !output.contains("ERROR") else {
      throw EmbeddedError("roles could not be made: \(output)")
    }
    unlink(script)
  }

  /// The settings belong to the program, not to the data: written at each start. What an operator
  /// sets with ALTER SYSTEM is read after them and wins.
  func writeSettings() throws(EmbeddedError) {
    let path = layout.settings + ".new"
    unlink(path)
    try append(settings(compression: try walCompression()), to: path)
    try layout.giveToServer(path)
    guard rename(path, layout.settings) == 0 else {
      throw EmbeddedError("cannot write \(layout.settings): \(String(cString: strerror(errno)))")
    }
  }

  /// lz4 (version 15, if built with it) costs a tenth of the older method's time.
  private func walCompression() throws(EmbeddedError) -> String {
    let ask = command(
      "postgres", ["-D", layout.data, "-C", "wal_compression", "-c", "wal_compression=lz4"])
    do {
      return try ChildProcess.run(ask).exit == .code(0) ? "lz4" : "on"
    } catch {
      throw EmbeddedError("\(error)")
    }
  }

  private func settings(compression: String) -> String {
    let socket = layout.socket.replacingOccurrences(of: "'", with: "''")
    return """
      # Written by uncross at every start; use ALTER SYSTEM for changes of your own.
      listen_addresses = ''
      unix_socket_directories = '"\(socket)"'
      unix_socket_permissions = 0700
      port = 5432
      max_connections = 40
      timezone = 'UTC'

      # An acknowledged commit survives a power cut.
      fsync = on
      synchronous_commit = on
      full_page_writes = on

      # A stream of small groups and large COPYs: few, spread checkpoints, so few page images.
      shared_buffers = 256MB
      wal_buffers = 16MB
      min_wal_size = 512MB
      max_wal_size = 4GB
      checkpoint_timeout = 15min
      wal_compression = \(compression)
      # Statements are short: compiling them costs more than it saves.
      jit = off

      logging_collector = off
      log_destination = stderr
      log_line_prefix = '%m [%p] %a '
      log_timezone = 'UTC'
      log_checkpoints = off

      """
  }

  // MARK: Files and programs

  @discardableResult
  private func run(_ program: String, _ arguments: [String]) throws(EmbeddedError) -> String {
    try run(command(program, arguments))
  }

  private func run(_ command: ChildCommand) throws(EmbeddedError) -> String {
    do {
      let (exit, output) = try ChildProcess.run(command)
      guard exit == .code(0) else {
        throw EmbeddedError("\(command.executable) ended with \(exit): \(output)")
      }
      return output
    } catch let error as EmbeddedError {
      throw error
    } catch {
      throw EmbeddedError("\(error)")
    }
  }

  /// Appends and waits for the disk.
  private func append(_ text: String, to path: String) throws(EmbeddedError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    let bytes = Array(text.utf8)
    let isWritten =
      descriptor >= 0 && write(descriptor, bytes, bytes.count) == bytes.count
      && fsync(descriptor) == 0
    let code = errno
    if descriptor >= 0 { close(descriptor) }
    guard isWritten else {
      throw EmbeddedError("cannot write \(path): \(String(cString: strerror(code)))")
    }
  }

  private func sync(_ directory: String) {
    let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }
}
