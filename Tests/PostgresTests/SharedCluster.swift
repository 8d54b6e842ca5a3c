// One real server for all tests of the module, in a temporary directory, stopped after the last.

import Embedded
import Foundation
import Glibc
import Logging
import Postgres
import Testing

/// The parent of all suites that need the server.
@Suite(.serialized, .sharedCluster) enum PostgresTests {}

/// Starts the cluster before the first test inside and stops it after the last.
struct SharedCluster: SuiteTrait, TestScoping {
  @TaskLocal static var current: PrivateCluster?

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      let cluster = try PrivateCluster(root: directory, logger: quiet)
      #expect(try cluster.start() == .created)
      let outcome: Result<Void, any Error>
      do {
        outcome = .success(try await Self.$current.withValue(cluster, operation: function))
      } catch {
        outcome = .failure(error)
      }
      cluster.stop()
      try outcome.get()
    }
  }
}

extension Trait where Self == SharedCluster {
  static var sharedCluster: SharedCluster { SharedCluster() }
}

/// Tests look at what a thing does, not at what it logs.
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A directory that the server's account can enter: what `mktemp -d` makes is root's alone.
func withTemporaryDirectory<R>(_ body: (String) async throws -> R) async throws -> R {
  let path = "/tmp/uncross-test-\(getpid())-\(UInt32.random(in: .min ... .max))"
  try FileManager.default.createDirectory(
    atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
  let outcome: Result<R, any Error>
  do { outcome = .success(try await body(path)) } catch { outcome = .failure(error) }
  try FileManager.default.removeItem(atPath: path)
  return try outcome.get()
}

/// A session on the shared server. Tests run one after another and nothing else waits for their
/// thread, so here calls may block on the pool.
func connect(
  _ user: String = PrivateCluster.owner, role: String? = nil
) throws -> PostgresConnection {
  let cluster = try #require(SharedCluster.current)
  return try PostgresConnection(cluster.conninfo(user: user), role: role)
}

/// Waits for a condition, looking often; false after the time.
func eventually(
  within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return try await condition()
}

func ownerConninfo() throws -> String {
  try #require(SharedCluster.current).conninfo(user: PrivateCluster.owner)
}
