// Sweeps: what an operator may sign offline, and what was signed.

public import Engine
internal import Formats
public import Wire

/// Deposit addresses and the hot wallet as the API sees them.
public protocol SweepDesk: Sendable {
  /// Whether the chain has this asset.
  func hasAsset(_ code: String) -> Bool
  /// - Parameters:
  ///   - minimum: atoms; addresses with less are left alone.
  ///   - after: an address as a page named it.
  func sweepPlan(
    asset: String, minimum: Int128, after: String?
  ) async throws(ExchangeError) -> SweepPlanPage
  /// Gas for the addresses of that page that lack it.
  func topUp(
    asset: String, minimum: Int128, after: String?, by authority: Authority
  ) async throws(ExchangeError) -> TopUpOutcome
  /// The bytes of signed transactions; an outcome for each.
  func submit(
    sweeps: [[UInt8]], by authority: Authority
  ) async throws(ExchangeError) -> SweepOutcomes
  func sweeps() async throws(ExchangeError) -> SweepReport
}

extension Handlers {
  private func desk() throws(Refusal) -> any SweepDesk {
    guard let desk = exchange.sweeps else {
      throw Refusal(.notFound, "this exchange pays out on no chain")
    }
    return desk
  }

  /// An asset of the chain.
  private func sweptAsset(named code: String) throws(Refusal) -> ListedAsset {
    let asset = try asset(named: code)
    guard try desk().hasAsset(code) else {
      throw Refusal(.unknownAsset, "the chain has no such asset")
    }
    return asset
  }

  private func ask<Value: Encodable & Sendable>(
    _ body: (any SweepDesk) async throws(ExchangeError) -> Value
  ) async throws(Refusal) -> Answer {
    let desk = try desk()
    do throws(ExchangeError) {
      return .json(try await body(desk))
    } catch {
      throw Refusal(ofCore: error)
    }
  }

  func sweeps() async throws(Refusal) -> Answer {
    try await ask { desk async throws(ExchangeError) in try await desk.sweeps() }
  }

  func sweepPlan(_ call: Call) async throws(Refusal) -> Answer {
    let code = call.query.required("asset")
    let asset = try sweptAsset(named: code)
    var minimum: Int128 = 0
    if let text = call.query["minimum"] {
      guard let amount = DecimalAmount(jsonText: text),
        let atoms = amount.atoms(decimals: asset.decimals), atoms >= 0
      else {
        throw Refusal(
          .badRequest, "parameter `minimum` is no amount of this asset, without needless zeros")
      }
      minimum = atoms
    }
    let after = try Self.after(call.query["after"])
    return try await ask { desk async throws(ExchangeError) in
      try await desk.sweepPlan(asset: code, minimum: minimum, after: after)
    }
  }

  func topUp(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let new: NewTopUps = try call.decoded()
    let asset = try sweptAsset(named: new.asset)
    guard let minimum = new.minimum.atoms(decimals: asset.decimals), minimum >= 0
    else { throw .wrong("minimum", "an amount of this asset") }
    let after = try Self.after(new.after)
    return try await ask { desk async throws(ExchangeError) in
      try await desk.topUp(
        asset: asset.definition.code, minimum: minimum, after: after, by: user.authority(""))
    }
  }

  private static func after(_ text: String?) throws(Refusal) -> String? {
    guard let text else { return nil }
    guard text.hasPrefix("0x"), Hex.bytes(text.dropFirst(2))?.count == 20 else {
      throw Refusal(.badRequest, "`after` is the `next` of the page before")
    }
    return text
  }

  func submitSweeps(_ call: Call, _ user: Identity) async throws(Refusal) -> Answer {
    let signed: SignedSweeps = try call.decoded()
    guard (1...SignedSweeps.maximumCount).contains(signed.transactions.count) else {
      throw .wrong("transactions", "1 to \(SignedSweeps.maximumCount) signed transactions")
    }
    var sweeps: [[UInt8]] = []
    for text in signed.transactions {
      guard text.hasPrefix("0x"), let bytes = Hex.bytes(text.dropFirst(2)) else {
        throw .wrong("transactions", "bytes in lower-case hex after 0x")
      }
      sweeps.append(bytes)
    }
    return try await ask { [sweeps] desk async throws(ExchangeError) in
      try await desk.submit(sweeps: sweeps, by: user.authority(""))
    }
  }
}
