// One real Postgres for all tests of a module that need it: started before the first, ended after
// the last.

package import Embedded
internal import Foundation
internal import Glibc
package import Logging
package import Testing

/// Starts the cluster before the first test inside and stops it after the last.
package struct SharedCluster: SuiteTrait, TestScoping {
  @TaskLocal package static var current: PrivateCluster?

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let (cluster, path) = try Self.start()
    defer { Self.end(cluster, path) }
    try await Self.$current.withValue(cluster, operation: function)
  }

  /// A server of a test's own, for one that is killed often: it recovers sooner the less it holds.
  package static func own(_ body: () throws -> Void) throws {
    let (cluster, path) = try start()
    defer { end(cluster, path) }
    try $current.withValue(cluster, operation: body)
  }

  private static func end(_ cluster: PrivateCluster, _ path: String) {
    cluster.stop()
    try? FileManager.default.removeItem(atPath: path)
  }

  private static func start() throws -> (PrivateCluster, String) {
    let path = try makeTemporaryDirectory()
    do {
      let cluster = try PrivateCluster(root: path, logger: quiet)
      #expect(try cluster.start() == .created)
      return (cluster, path)
    } catch {
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
  }
}

extension Trait where Self == SharedCluster {
  package static var sharedCluster: SharedCluster { SharedCluster() }
}

/// Tests look at what a thing does, not at what it logs.
package let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A directory that the server's account can enter: what `mktemp -d` makes is root's alone.
private func makeTemporaryDirectory() throws -> String {
  let path = "/tmp/uncross-test-\(getpid())-\(UInt32.random(in: .min ... .max))"
  try FileManager.default.createDirectory(
    atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
  return path
}

/// Such a directory for the length of a call.
package func withTemporaryDirectory<R>(
  _ body: (String) async throws -> R
) async throws -> R {
  let path = try makeTemporaryDirectory()
  let outcome: Result<R, any Error>
  do { outcome = .success(try await body(path)) } catch { outcome = .failure(error) }
  try FileManager.default.removeItem(atPath: path)
  return try outcome.get()
}
