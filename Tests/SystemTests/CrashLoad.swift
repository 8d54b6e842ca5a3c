// Traders under load while the exchange is killed: they remember what was acknowledged to them.

import Client
import Formats
import Foundation
import SeededNumbers
import Synchronization
import TestServers
import Testing
import Wire

/// What the traders were told. Only this counts afterwards: an answer is a promise.
struct Promises {
  /// Acknowledged orders by client order id.
  var accepted: [String: (trader: Int, orderID: String)] = [:]
  /// Sent, without an answer that says what became of it: sent again later, under the same id.
  var unknown: [String: (trader: Int, order: NewOrder)] = [:]
  var cancelled: Set<String> = []
  var refused: [String: Int] = [:]
  var sent = 0
}

/// A few traders who place and cancel as fast as answers come.
final class CrashLoad: Sendable {
  let signers: [RequestSigner]
  let promises = Mutex(Promises())
  private let seed: UInt64

  init(traders: Int, seed: UInt64) {
    signers = (0..<traders).map { _ in RequestSigner() }
    self.seed = seed
  }

  static func name(_ trader: Int) -> String { "trader-\(trader)" }

  func register(_ exchange: ExchangeProcess) async throws {
    let admin = try exchange.client(try exchange.operatorSigner())
    for (index, signer) in signers.enumerated() {
      let user = try await admin.createUser(
        NewUser(
          name: Self.name(index),
          key: KeyGrant(publicKey: signer.publicKeyHex, role: .trader)))
      for (asset, amount) in [("USDC", "500000"), ("ETH", "200"), ("BTC", "10")] {
        try await exchange.fund(
          user.userID, asset, try #require(DecimalAmount(amount)),
          request: "fund-\(index)-\(asset)")
      }
    }
  }

  /// Runs until `stop` says so; `round` makes client ids unique.
  func run(_ api: String, round: Int, until stop: @escaping @Sendable () -> Bool) async {
    await withTaskGroup(of: Void.self) { group in
      for trader in signers.indices {
        group.addTask { await self.trade(trader, api, round, stop) }
      }
    }
  }

  private func trade(
    _ trader: Int, _ api: String, _ round: Int, _ stop: @Sendable () -> Bool
  ) async {
    var random = SeededNumbers(seed &* 1_000_003 &+ UInt64(round * 100 + trader))
    let client = UncrossClient.oneAttempt(api, signers[trader])
    var open: [String] = []
    var number = 0
    while !stop() {
      if !open.isEmpty, random.next() % 4 == 0 {
        let id = open.remove(at: Int(random.next() % UInt64(open.count)))
        await cancel(client, id)
      } else {
        number += 1
        let order = makeOrder("r\(round)-t\(trader)-\(number)", trader, &random)
        if let id = await place(client, trader, order, stop) { open.append(id) }
      }
    }
    await client.close()
  }

  /// Each trader takes one side of a market, so that nobody meets itself.
  private func makeOrder(_ id: String, _ trader: Int, _ random: inout SeededNumbers) -> NewOrder {
    let isETH = random.next() % 2 == 0
    let side: NewOrder.Side = (trader % 2 == 0) == isETH ? .buy : .sell
    let middle: Int128 = isETH ? 2_500_00 : 60_000_00
    let price = middle + Int128(random.next() % 2_000) - 1_000
    // 0.0010 ... 0.0200 ETH or BTC, worth more than the minimum.
    let quantity = Int128(random.next() % 190) + 10
    return NewOrder(
      side, DecimalAmount(atoms: quantity, decimals: 4), of: isETH ? "ETH-USDC" : "BTC-USDC",
      at: DecimalAmount(atoms: price, decimals: 2), clientOrderID: id)
  }

  private func place(
    _ client: UncrossClient, _ trader: Int, _ order: NewOrder, _ isOver: @Sendable () -> Bool
  ) async -> String? {
    promises.withLock { $0.sent += 1 }
    do {
      let accepted = try await client.place(order)
      promises.withLock { $0.accepted[order.clientOrderID] = (trader, accepted.orderID) }
      return accepted.orderID
    } catch {
      promises.withLock {
        if error.isOutcomeUnknown {
          $0.unknown[order.clientOrderID] = (trader, order)
        } else {
          $0.refused[error.code, default: 0] += 1
        }
      }
      // What it needs may be down: until it is back nothing would be taken.
      _ = await soon {
        if isOver() { return true }
        return (try? await client.checkReady()) != nil
      }
      return nil
    }
  }

  private func cancel(_ client: UncrossClient, _ id: String) async {
    if (try? await client.cancel(id)) != nil {
      promises.withLock { _ = $0.cancelled.insert(id) }
    }
  }

  /// Sends every request of unknown outcome again, under its client order id: each gets a definite
  /// answer.
  func resolve(_ api: String) async throws {
    let unknown = promises.withLock { $0.unknown }
    let clients = signers.map { UncrossClient(baseURL: api, signer: $0) }
    for (id, sent) in unknown {
      do {
        let accepted = try await clients[sent.trader].place(sent.order)
        promises.withLock { $0.accepted[id] = (sent.trader, accepted.orderID) }
      } catch {
        guard !error.isOutcomeUnknown else { throw error }
      }
      promises.withLock { $0.unknown[id] = nil }
    }
    for client in clients { await client.close() }
  }
}

extension UncrossClient {
  /// A client that gives up at once: the test decides what to do about it.
  static func oneAttempt(_ api: String, _ signer: RequestSigner) -> UncrossClient {
    var configuration = Configuration(baseURL: api, signer: signer)
    configuration.maximumAttempts = 1
    configuration.timeoutSeconds = 15
    configuration.connections = 1
    return UncrossClient(configuration)
  }
}
