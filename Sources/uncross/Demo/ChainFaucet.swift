// Coins and tokens of the development chain, for those who trade on the demonstration.

internal import AsyncHTTPClient
internal import Client
internal import Formats
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// Asks the development chain to pay. Everything it pays is worthless.
struct ChainFaucet: Sendable {
  struct Payment: Sendable {
    var address: String
    /// As the venue calls it: `ETH` is the chain's coin, the others are tokens of that name.
    var asset: String
    /// In the chain's smallest units.
    var amount: Int128
  }

  /// Payments asked for at once; each is a transaction that the chain must sign.
  private static let batch = 100

  var url: String

  /// The payments are on their way; they are credited when their blocks are deep enough.
  func pay(_ payments: [Payment]) async throws {
    for start in stride(from: 0, to: payments.count, by: Self.batch) {
      let part = payments[start..<min(start + Self.batch, payments.count)]
      let coins = part.filter { $0.asset == "ETH" }.map {
        ["address": $0.address, "wei": "\($0.amount)"]
      }
      let tokens = part.filter { $0.asset != "ETH" }.map {
        ["to": $0.address, "token": $0.asset, "amount": "\($0.amount)"]
      }
      if !coins.isEmpty { try await call("dev_fund", coins) }
      if !tokens.isEmpty { try await call("dev_mint", tokens) }
    }
  }

  /// More blocks at once, on a chain that mines on demand.
  func mine(_ count: Int) async throws {
    try await send(#"{"jsonrpc": "2.0", "id": 1, "method": "evm_mine", "params": [\#(count)]}"#)
  }

  /// Whether an account never had a coin.
  func isEmpty(_ address: String) async throws -> Bool {
    let answer = try await send(
      #"{"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "#
        + #""params": ["\#(address)", "latest"]}"#)
    return answer.contains(#""result": "0x0""#) || answer.contains(#""result":"0x0""#)
  }

  private struct Request: Encodable {
    var jsonrpc = "2.0"
    var id = 1
    var method: String
    var params: [[[String: String]]]
  }

  private func call(_ method: String, _ payments: [[String: String]]) async throws {
    let body = JSON.bytes(Request(method: method, params: [payments]))
    try await send(String(decoding: body, as: UTF8.self))
  }

  @discardableResult
  private func send(_ body: String) async throws -> String {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.body = .bytes(ByteBuffer(string: body))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
    let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
    guard response.status == .ok, !text.contains("\"error\"") else {
      throw VerbFailure("the development chain did not pay: \(text.prefix(300))")
    }
    return text
  }
}
