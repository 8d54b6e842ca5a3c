// One real server for all tests that need it, and a database of its own for each test.

internal import Embedded
internal import Foundation
internal import Glibc
internal import Ledger
internal import Logging
internal import Postgres
internal import Synchronization
internal import Testing

/// The parent of all suites that need the server.
@Suite(.serialized, .sharedCluster, .timeLimit(.minutes(5))) enum DatabaseTests {}

/// Starts the cluster before the first test inside and stops it after the last.
struct SharedCluster: SuiteTrait, TestScoping {
  @TaskLocal static var current: PrivateCluster?

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let (cluster, path) = try Self.start()
    defer { Self.end(cluster, path) }
    try await Self.$current.withValue(cluster, operation: function)
  }

  /// A server of a test's own, for one that is killed often: it recovers sooner the less it holds.
  static func own(_ body: () throws -> Void) throws {
    let (cluster, path) = try start()
    defer { end(cluster, path) }
    try $current.withValue(cluster, operation: body)
  }

  private static func end(_ cluster: PrivateCluster, _ path: String) {
    cluster.stop()
    try? FileManager.default.removeItem(atPath: path)
  }

  private static func start() throws -> (PrivateCluster, String) {
    // A directory that the server's account can enter: what `mktemp -d` makes is root's alone.
    let path = "/tmp/uncross-core-\(getpid())-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    do {
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let cluster = try PrivateCluster(root: path, logger: logger)
      try cluster.start()
      return (cluster, path)
    } catch {
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
  }
}

extension Trait where Self == SharedCluster {
  static var sharedCluster: SharedCluster { SharedCluster() }
}

/// A fresh database with the schema.
struct TestDatabase: Sendable {
  private static let count = Mutex(0)

  let name: String
  let cluster: PrivateCluster

  init() throws {
    cluster = try #require(SharedCluster.current)
    name = Self.count.withLock { count in
      count += 1
      return "test\(count)"
    }
    try PostgresConnection(superuser()).execute(
      "create database \(name) owner \(PrivateCluster.owner)")
    #expect(try Migrations.apply(on: connect(owner)) == Migrations.steps.count)
  }

  var app: String { cluster.conninfo(user: "uncross_app", database: name) }
  var owner: String { cluster.conninfo(user: PrivateCluster.owner, database: name) }
  var audit: String { cluster.conninfo(user: "uncross_audit", database: name) }

  func superuser() -> String {
    cluster.conninfo(user: PrivateCluster.superuser, database: "postgres")
  }

  func connect(_ conninfo: String) throws(PostgresError) -> PostgresConnection {
    try PostgresConnection(conninfo)
  }

  /// One number of one query, as the owner.
  func number(_ sql: String) throws -> Int64 {
    try connect(owner).query("select (\(sql))::int8").int64(0, 0)
  }

  /// A change that no role may make: triggers do not fire for it.
  func forge(_ sql: String) throws {
    let conninfo = cluster.conninfo(user: PrivateCluster.superuser, database: name)
    try connect(conninfo).execute("set session_replication_role = replica; \(sql)")
  }

  /// The server drops all sessions of this database and takes no more.
  func close() throws {
    let server = try connect(superuser())
    try server.execute("alter database \(name) with allow_connections false")
    try server.execute(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = '\(name)'")
  }

  func open() throws {
    try connect(superuser()).execute("alter database \(name) with allow_connections true")
  }

  /// Ends the sessions of one user; they may come again.
  func dropSessions(of user: String = "uncross_app") throws {
    try connect(superuser()).execute(
      """
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = '\(name)' and usename = '\(user)'
      """)
  }
}
