// The private cluster through its deaths: ours, the server's, both, and what they leave on disk.

import Foundation
import Glibc
import Postgres
import TestServers
import Testing

@testable import Embedded

/// One after another: each starts servers of its own.
@Suite(.serialized) struct ClusterTests {
  /// What a cluster must still know after whatever happened to it.
  private func remember(_ cluster: PrivateCluster) throws {
    let connection = try PostgresConnection(cluster.conninfo(user: PrivateCluster.owner))
    try connection.execute("create table memory(n int8); insert into memory values (42)")
  }

  private func remembers(_ cluster: PrivateCluster) -> Bool {
    guard let connection = try? PostgresConnection(cluster.conninfo(user: PrivateCluster.owner)),
      let result = try? connection.query("select n from memory")
    else { return false }
    return result.rowCount == 1 && result.int64(0, 0) == 42
  }

  private func exists(_ pid: Int32) -> Bool { kill(pid, 0) == 0 || errno == EPERM }

  /// Gone, or dead and not yet reaped by its parent, which is not us.
  private func hasEnded(_ pid: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
      return true
    }
    return stat.contains(") Z ")
  }

  private func setting(_ name: String, _ connection: borrowing PostgresConnection) throws -> String
  {
    try connection.query("select current_setting('\(name)')").string(0, 0)
  }

  @Test func lifeOfACluster() async throws {
    try await withTemporaryDirectory { root in
      // Left by a start that was killed.
      try FileManager.default.createDirectory(
        atPath: root + "/data.new/base", withIntermediateDirectories: true)
      try "15".write(toFile: root + "/data.new/PG_VERSION", atomically: false, encoding: .utf8)
      let cluster = try PrivateCluster(root: root, logger: quiet)
      #expect(try cluster.start() == .created)
      // Whoever enters the socket's directory is whom it says: the server asks for no password.
      let socket = try FileManager.default.attributesOfItem(atPath: root + "/socket")
      #expect(socket[.posixPermissions] as? Int == 0o700)
      try remember(cluster)
      for user in ["uncross_owner", "uncross_app", "uncross_audit"] {
        let connection = try PostgresConnection(cluster.conninfo(user: user))
        #expect(try setting("data_checksums", connection) == "on")
        #expect(try setting("listen_addresses", connection) == "")
        #expect(try setting("fsync", connection) == "on")
        #expect(try setting("synchronous_commit", connection) == "on")
        #expect(try setting("max_wal_size", connection) == "4GB")
        #expect(try setting("lc_collate", connection) == "C")
      }
      let refusal = #expect(throws: EmbeddedError.self) {
        _ = try PrivateCluster(root: root, logger: quiet)
      }
      #expect(refusal?.description.contains("(\(getpid()))") == true)
      let first = try #require(cluster.postmasterPID)
      cluster.stop()
      #expect(!exists(first) && cluster.postmasterPID == nil)
      #expect(try cluster.start() == .started)
      #expect(remembers(cluster))
      cluster.stop()
      #expect(!FileManager.default.fileExists(atPath: root + "/data.new"))
      #expect(!FileManager.default.fileExists(atPath: root + "/data/postmaster.pid"))
    }
  }

  @Test func killedServerIsStartedAgain() async throws {
    try await withTemporaryDirectory { root in
      let cluster = try PrivateCluster(root: root, logger: quiet)
      try cluster.start()
      try remember(cluster)
      for _ in 0..<3 {
        let session = try PostgresConnection(cluster.conninfo(user: PrivateCluster.owner))
        let pid = try #require(cluster.postmasterPID)
        kill(pid, SIGKILL)
        #expect(eventually { cluster.postmasterPID != pid && remembers(cluster) })
        #expect(session.isAlive == false)
        #expect(!exists(pid))
      }
      cluster.stop()
    }
  }

  /// A pid file outlives its server, and the number is somebody else's by then.
  @Test func strangersPidIsNoServer() async throws {
    try await withTemporaryDirectory { root in
      let cluster = try PrivateCluster(root: root, logger: quiet)
      try cluster.start()
      let kept = try String(contentsOfFile: root + "/data/postmaster.pid", encoding: .utf8)
      cluster.stop()
      let stranger = try ChildProcess(
        ChildCommand(
          executable: "/bin/sleep", arguments: ["600"], environment: [:],
          user: try PostgresInstallation.serverUser(), deathSignal: .kill), .pipe)
      var lines = kept.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      lines[0] = "\(stranger.pid)"
      let text = lines.joined(separator: "\n")
      for path in ["/data/postmaster.pid", "/socket/.s.PGSQL.5432.lock"] {
        try text.write(toFile: root + path, atomically: false, encoding: .utf8)
        chmod(root + path, 0o644)
      }
      #expect(try cluster.start() == .started)
      #expect(exists(stranger.pid))
      cluster.stop()
    }
  }

  /// Starts a server that is not our child, as one that outlived another of us.
  private func startOrphan(_ root: String) throws {
    let version = try String(contentsOfFile: root + "/data/PG_VERSION", encoding: .utf8)
    let installation = try PostgresInstallation.find(version: Int(version.filter { $0.isNumber }))
    let start = try ChildProcess.run(
      ChildCommand(
        executable: installation.program("pg_ctl"),
        arguments: ["start", "-w", "-D", root + "/data", "-l", "/dev/null"],
        environment: ["LC_ALL": "C"], user: try PostgresInstallation.serverUser()))
    try #require(start.exit == .code(0), "\(start.output)")
  }

  @Test func orphanIsAdopted() async throws {
    try await withTemporaryDirectory { root in
      let cluster = try PrivateCluster(root: root, logger: quiet)
      try cluster.start()
      try remember(cluster)
      cluster.stop()
      // Stopped by us though it is not our child.
      try startOrphan(root)
      #expect(try cluster.start() == .adopted)
      let first = try #require(cluster.postmasterPID)
      #expect(remembers(cluster))
      cluster.stop()
      #expect(hasEnded(first))
      // Replaced when it dies.
      try startOrphan(root)
      #expect(try cluster.start() == .adopted)
      let second = try #require(cluster.postmasterPID)
      kill(second, SIGKILL)
      #expect(eventually { cluster.postmasterPID != second && remembers(cluster) })
      cluster.stop()
    }
  }

  /// kill -9 of the exchange, at once followed by the next start: whatever the server is doing
  /// then.
  @Test func serverEndsWithItsKilledManager() async throws {
    try await withTemporaryDirectory { root in
      for round in 0..<4 {
        await #expect(processExitsWith: .signal(SIGKILL)) {
          [root = root as String, round = round as Int] in
          let cluster = try PrivateCluster(root: root, logger: quiet)
          try cluster.start()
          let connection = try PostgresConnection(cluster.conninfo(user: PrivateCluster.owner))
          try connection.execute("create table round_\(round)(n int8)")
          kill(getpid(), SIGKILL)
        }
        if round == 3 { break }
        let cluster = try PrivateCluster(root: root, logger: quiet)
        try cluster.start()
        #expect(
          eventually {
            guard
              let connection = try? PostgresConnection(cluster.conninfo(user: PrivateCluster.owner))
            else { return false }
            return (try? connection.query("select from round_\(round)")) != nil
          })
        cluster.stop()
      }
      // Without a next start it ends by itself, in order.
      let file = root + "/data/postmaster.pid"
      #expect(eventually { !FileManager.default.fileExists(atPath: file) })
    }
  }

  @Test func killWhileTheClusterIsMade() async throws {
    try await withTemporaryDirectory { root in
      await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String] in
        let cluster = try PrivateCluster(root: root, logger: quiet)
        Thread.detachNewThread {
          // In the middle of initdb: its first catalogue files are there.
          _ = eventually { access(root + "/data.new/global/pg_control", F_OK) == 0 }
          kill(getpid(), SIGKILL)
        }
        try cluster.start()
      }
      #expect(access(root + "/data.new", F_OK) == 0 && access(root + "/data", F_OK) != 0)
      let cluster = try PrivateCluster(root: root, logger: quiet)
      #expect(try cluster.start() == .created)
      try remember(cluster)
      #expect(remembers(cluster))
      cluster.stop()
    }
  }

  @Test func longSocketPathIsRefusedWithItsLength() async throws {
    try await withTemporaryDirectory { root in
      let deep = root + "/" + String(repeating: "d", count: 90)
      let error = #expect(throws: EmbeddedError.self) {
        _ = try PrivateCluster(root: deep, logger: quiet)
      }
      #expect(error?.description.contains("107 at most") == true)
    }
  }

  @Test func foreignDataIsNotTouched() async throws {
    try await withTemporaryDirectory { root in
      try FileManager.default.createDirectory(
        atPath: root + "/data/precious", withIntermediateDirectories: true)
      let cluster = try PrivateCluster(root: root, logger: quiet)
      let error = #expect(throws: EmbeddedError.self) { try cluster.start() }
      #expect(error?.description.contains("no PostgreSQL cluster") == true)
      try FileManager.default.removeItem(atPath: root + "/data/precious")
      try "9".write(toFile: root + "/data/PG_VERSION", atomically: false, encoding: .utf8)
      let other = #expect(throws: EmbeddedError.self) { try cluster.start() }
      #expect(other?.description.contains("PostgreSQL 9") == true)
    }
  }

  /// A server that cannot start says why, soon, and leaves nothing running.
  @Test func brokenSettingsAreReported() async throws {
    try await withTemporaryDirectory { root in
      let cluster = try PrivateCluster(root: root, logger: quiet)
      try cluster.start()
      cluster.stop()
      let file = root + "/data/postgresql.auto.conf"
      try "shared_buffers = nonsense\n".write(toFile: file, atomically: false, encoding: .utf8)
      let error = #expect(throws: EmbeddedError.self) { try cluster.start() }
      #expect(error?.description.contains("invalid value for parameter \"shared_buffers\"") == true)
      #expect(cluster.postmasterPID == nil)
    }
  }

  /// A checkout under /root, which the server's account cannot enter.
  @Test(.enabled(if: geteuid() == 0)) func closedDirectoryMovesTheData() async throws {
    try await withTemporaryDirectory { root in
      chmod(root, 0o700)
      let inside = root + "/postgres"
      var cluster: PrivateCluster? = try PrivateCluster(root: inside, logger: quiet)
      #expect(try cluster?.start() == .created)
      let home = try String(contentsOfFile: inside + "/location", encoding: .utf8)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      defer {
        try? FileManager.default.removeItem(atPath: home)
        rmdir("/var/lib/uncross")  // stays where other clusters are in it
      }
      #expect(home.hasPrefix("/var/lib/uncross/"))
      cluster?.stop()
      cluster = nil
      let again = try PrivateCluster(root: inside, logger: quiet)
      #expect(try again.start() == .started)
      again.stop()
    }
  }
}
