// A database of its own for each test, on the module's server.

internal import Embedded
internal import Ledger
internal import Postgres
internal import Synchronization
internal import TestServers
internal import Testing

/// A fresh database with the schema, or with one of before.
struct TestDatabase: Sendable {
  private static let count = Mutex(0)

  let name: String
  let cluster: PrivateCluster

  init(schema version: Int = Migrations.steps.count) throws {
    cluster = try #require(SharedCluster.current)
    name = Self.count.withLock { count in
      count += 1
      return "test\(count)"
    }
    try PostgresConnection(superuser()).execute(
      "create database \(name) owner \(PrivateCluster.owner)")
    #expect(try Migrations.apply(on: connect(owner), upTo: version) == version)
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
