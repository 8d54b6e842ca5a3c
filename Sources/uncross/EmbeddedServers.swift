// The servers that run beside the exchange where the operator names none of their own.

internal import Embedded
internal import Foundation
internal import Logging

/// How to reach the database as each role.
struct DatabaseAddress: Sendable {
  var app: String
  var owner: String
  /// A role to act in as the owner, where the login is not the owner itself.
  var ownerRole: String?
}

/// Postgres and the Worker's host, each embedded unless its address is configured.
final class EmbeddedServers: Sendable {
  let database: DatabaseAddress
  let workerURL: String
  let cluster: PrivateCluster?
  let worker: WorkerHost?

  init(_ configuration: ServeConfiguration, keys: Keys, logger: Logger) throws {
    if let url = configuration.databaseURL {
      cluster = nil
      database = DatabaseAddress(
        app: url, owner: configuration.databaseOwnerURL ?? url,
        ownerRole: configuration.databaseOwnerURL == nil ? "uncross_owner" : nil)
    } else {
      let started = try PrivateCluster(
        root: configuration.dataDirectory + "/postgres", logger: logger)
      try started.start()
      cluster = started
      database = DatabaseAddress(
        app: started.conninfo(user: "uncross_app"), owner: started.conninfo(user: "uncross_owner")
      )
    }
    if let url = configuration.workerURL {
      worker = nil
      workerURL = url
      return
    }
    let project = URL(fileURLWithPath: configuration.workerSource).deletingLastPathComponent().path
    guard let deno = WorkerHost.findDeno(project: project) else {
      cluster?.stop()
      throw EmbeddedError("no Deno for the embedded Worker: run `make setup`, or set WORKER_URL")
    }
    let host = try WorkerHost(
      deno: deno, source: configuration.workerSource,
      data: configuration.dataDirectory + "/worker", keysFile: keys.publisherKeysFile,
      logger: logger)
    do {
      workerURL = try host.start()
    } catch {
      cluster?.stop()
      throw error
    }
    worker = host
  }

  func stop() {
    worker?.stop()
    cluster?.stop()
  }
}
