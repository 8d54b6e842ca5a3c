// kill -9 of the signer, of Postgres and of the chain at each point where something of a payment
// has just become durable, and of the exchange as far as a sender that forgets everything is one.

import Embedded
import Engine
import Ethereum
import Foundation
import Glibc
import Signer
import Synchronization
import TestServers
import Testing

@testable import CoreFixture
@testable import Custody

/// A real signer for the hot wallet of the tests.
private final class RealSigner: PayoutSigner {
  let host: SignerHost
  private let client: SignerClient
  private let directory: String

  init(_ rules: DepositRules) throws {
    directory = "/tmp/uncross-signer-\(getpid())-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    guard let key = SecretKey(Venue.hotSecret) else { preconditionFailure("not a key") }
    let passphrase = Array("of no worth".utf8)
    try KeyFile.create(directory + "/key", key: key, passphrase: SecretBytes(passphrase))
    try Data(passphrase).write(to: URL(fileURLWithPath: directory + "/passphrase"))
    let assets = rules.assets.map { asset in
      var contract = ""
      if case .token(let address) = asset.source { contract = #", "contract": "\#(address)""# }
      let most = "1000000000000000000000"
      return
        #"{"asset": "\#(asset.code)"\#(contract), "maximum_per_transaction": "\#(most)", "#
        + #""maximum_per_day": "\#(most)"}"#
    }
    let policy = """
      {"chain_id": 31337, "assets": [\(assets.joined(separator: ", "))],
       "maximum_fee_per_gas": "100000000000", "maximum_gas_limit": 200000,
       "maximum_gas_cost_per_day": "10000000000000000000"}
      """
    try Data(policy.utf8).write(to: URL(fileURLWithPath: directory + "/policy"))
    host = SignerHost(
      executable: try Self.program,
      arguments: [
        "--key", directory + "/key", "--policy", directory + "/policy", "--socket",
        directory + "/socket",
      ], passphraseFile: directory + "/passphrase", directory: directory,
      logger: quiet)
    client = SignerClient(socketPath: directory + "/socket", account: Venue.hotWallet)
    try host.start()
  }

  func stop() {
    host.stop()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// The one that was built with this test.
  private static var program: String {
    get throws {
      var directory = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      for argument in [CommandLine.arguments[0], directory.path] {
        directory = URL(fileURLWithPath: argument).resolvingSymlinksInPath()
        for _ in 0..<4 {
          directory.deleteLastPathComponent()
          let candidate = directory.appendingPathComponent("uncross").path
          if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        }
      }
      throw ChainCallError(description: "uncross is not built beside the tests")
    }
  }

  func address() throws(PayoutSignerError) -> Address { Venue.hotWallet }

  func check(_ transaction: Transaction1559) throws(PayoutSignerError) {
    do throws(SignerError) {
      try client.check(transaction)
    } catch {
      throw Self.error(error)
    }
  }

  func sign(_ transaction: Transaction1559) throws(PayoutSignerError) -> SignedTransaction {
    do throws(SignerError) {
      return try client.sign(transaction)
    } catch {
      throw Self.error(error)
    }
  }

  private static func error(_ error: SignerError) -> PayoutSignerError {
    switch error {
    case .unavailable(let why): .unavailable(why)
    case .wrongAnswer(let why): .wrong(why)
    case .refused(let code, let message): .refused(code: code, message: message)
    }
  }
}

extension DatabaseTests {
  @Suite(.serialized) struct PayoutProcessKillTests {
    enum Victim: String, CaseIterable, Sendable {
      case exchange, signer, postgres, chain
    }

    private final class Plan: Sendable {
      struct State {
        var boundary: PayoutSender.Boundary?
        var isMet = false
      }

      let state = Mutex(State())
    }

    /// Once at each boundary; each withdrawal is paid exactly once all the same, and by the real
    /// signer's rules.
    @Test(arguments: Victim.allCases) func aKillAtEachBoundary(victim: Victim) throws {
      let run = { try PayoutScene.run { try killAtEachBoundary(victim, $0) } }
      if victim == .postgres { try SharedCluster.own(run) } else { try run() }
    }

    private func killAtEachBoundary(_ victim: Victim, _ scene: PayoutScene) throws {
      let signer = try RealSigner(scene.venue.rules())
      defer { signer.stop() }
      let (host, cluster) = (scene.chain.host, scene.venue.database.cluster)
      let plan = Plan()
      func start() throws {
        try scene.pay(with: signer) { configuration in
          configuration.onBoundary = { boundary in
            let isDue = plan.state.withLock { state in
              guard state.boundary == boundary, !state.isMet else { return false }
              state.isMet = true
              return true
            }
            guard isDue else { return }
            switch victim {
            case .exchange: throw ChainCallError(description: "killed at \(boundary)")
            case .signer: Self.kill(signer.host.pid)
            case .postgres: Self.kill(cluster.postmasterPID)
            case .chain: Self.kill(host.pid)
            }
          }
        }
      }
      try start()
      for (number, boundary) in PayoutSender.Boundary.allCases.enumerated() {
        plan.state.withLock { $0 = Plan.State(boundary: boundary) }
        let recipient = PayoutScene.recipient(UInt8(1 + number))
        let id = try scene.venue.withdraw(
          Int128(700 + number), of: number % 2 == 0 ? 0 : 1, to: recipient)
        try scene.wait("\(boundary) is met") {
          _ = try? scene.chain.mine()
          return plan.state.withLock { $0.isMet }
        }
        if victim == .exchange { try start() }
        let isPaid = eventually {
          _ = try? scene.chain.mine()
          return (try? scene.venue.withdrawal(id))??.decision == "confirmed"
        }
        #expect(isPaid, "\(victim) at \(boundary): \(scene.figures), \(scene.venue.reports.all)")
      }
      #expect(scene.figures.halted == nil)
      // For the checks of the books the chain and the database answer again.
      try scene.wait("an answer") { (try? scene.chain.height()) != nil }
    }

    private static func kill(_ pid: Int32?) {
      // A kill that hits nothing would prove nothing.
      guard let pid else {
        Issue.record("nothing to kill")
        return
      }
      #expect(Glibc.kill(pid, SIGKILL) == 0)
    }
  }
}
