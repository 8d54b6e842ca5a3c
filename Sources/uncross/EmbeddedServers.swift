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
  let chain: ChainHost?
  /// The development chain's.
  let signer: SignerHost?
  /// Nil where nothing is paid in from a chain.
  let chainSettings: ChainSettings?

  /// - Parameter prepare: what the database needs before anything else may run.
  init(
    _ configuration: ServeConfiguration, _ keys: Keys, _ logger: Logger,
    prepare: (DatabaseAddress, ChainSettings?, ServeConfiguration) throws -> Void
  ) throws {
    // Read before anything is started: a mistake in it is the operator's to mend first.
    let named = try configuration.chainFile.map { try ChainSettings(file: $0) }
    try named.map { try keys.refuseDevelopmentKeys(in: $0) }
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
    do {
      try prepare(database, named, configuration)
      (chain, signer, chainSettings) = try Self.chain(
        configuration, named, keys: keys, logger: logger)
    } catch {
      cluster?.stop()
      throw error
    }
    if let url = configuration.workerURL {
      worker = nil
      workerURL = url
      return
    }
    let project = URL(fileURLWithPath: configuration.workerSource).deletingLastPathComponent().path
    guard let deno = WorkerHost.findDeno(project: project) else {
      cluster?.stop()
      signer?.stop()
      chain?.stop()
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
      signer?.stop()
      chain?.stop()
      throw error
    }
    worker = host
  }

  private static func chain(
    _ configuration: ServeConfiguration, _ named: ChainSettings?, keys: Keys, logger: Logger
  ) throws -> (ChainHost?, SignerHost?, ChainSettings?) {
    guard configuration.chain else { return (nil, nil, nil) }
    if let named { return (nil, nil, named) }
    guard let python = ChainHost.findPython(project: configuration.chainSource) else {
      throw EmbeddedError(
        "no Python for the development chain: run `make setup`, or name a chain, or use --no-chain")
    }
    let host = try ChainHost(
      python: python, source: configuration.chainSource,
      data: configuration.dataDirectory + "/chain",
      arguments: [
        "--block-interval", "\(configuration.chainBlockSeconds)", "--safe-lag", "2",
        "--finalized-lag", "4",
      ],
      logger: logger)
    let ready = try host.start()
    do {
      var settings = try ChainSettings(development: ready, xpub: keys.depositPublicKey())
      let signer = try DevelopmentSigner.start(
        &settings, directory: configuration.dataDirectory + "/signer", keys, logger)
      return (host, signer, settings)
    } catch {
      host.stop()
      throw error
    }
  }

  func stop() {
    worker?.stop()
    signer?.stop()
    chain?.stop()
    cluster?.stop()
  }
}
