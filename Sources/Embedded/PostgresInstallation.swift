// The machine's PostgreSQL server: which version, where its programs are, and as whom they run.

internal import Foundation
internal import Glibc

/// The server's programs of one version.
struct PostgresInstallation: Sendable {
  /// Older servers lack what we set (`include_if_exists` is older, lz4 is newer and asked for).
  static let oldestVersion = 13

  var version: Int
  var directory: String

  func program(_ name: String) -> String { "\(directory)/\(name)" }

  /// The newest installation, or the one that made a data directory: a server reads only its own
  /// version's.
  static func find(version wanted: Int?) throws(EmbeddedError) -> PostgresInstallation {
    let found = all().filter { wanted == nil || $0.version == wanted }
    if let best = found.max(by: { $0.version < $1.version }) { return best }
    if let wanted {
      throw EmbeddedError(
        "the data is of PostgreSQL \(wanted), which is not installed: "
          + "apt-get install postgresql-\(wanted)"
      )
    }
    throw EmbeddedError(
      "no PostgreSQL server \(oldestVersion) or newer is installed: apt-get install postgresql")
  }

  private static func all() -> [PostgresInstallation] {
    // Debian's place has one folder a version; elsewhere the programs are in the path.
    let base = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    var found = versions.compactMap { name in
      Int(name).map { PostgresInstallation(version: $0, directory: "\(base)/\(name)/bin") }
    }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    for directory in path.split(separator: ":").map(String.init) {
      guard access("\(directory)/postgres", X_OK) == 0,
        let version = askVersion("\(directory)/postgres")
      else { continue }
      found.append(PostgresInstallation(version: version, directory: directory))
    }
    return found.filter { candidate in
      candidate.version >= oldestVersion
        && ["initdb", "postgres"].allSatisfy { access(candidate.program($0), X_OK) == 0 }
    }
  }

  // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
  private static func askVersion(_ program: String) -> Int? {
    let command = ChildCommand(
      executable: program, arguments: ["--version"], environment: ["LC_ALL": "C"])
    guard let output = try? ChildProcess.run(command).output,
      let number = output.split(separator: " ").dropFirst(2).first
    else { return nil }
    return Int(number.prefix { $0.isNumber })
  }

  /// The account to run the server as: it refuses root, so root needs another; nil is our own.
  static func serverUser() throws(EmbeddedError) -> SystemUser? {
    if geteuid() != 0 { return nil }
    guard let user = SystemUser(named: "postgres") else {
      throw EmbeddedError(
        "PostgreSQL does not run as root and there is no user postgres: apt-get install postgresql")
    }
    return user
  }
}
