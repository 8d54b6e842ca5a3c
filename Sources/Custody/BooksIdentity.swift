// What the books are of: real money or coins of no worth, which chain, which coins. The database
// keeps it, and no start may mean anything else.

internal import Engine
public import Ethereum
public import Postgres

/// What one database's books are of, as a start claims it.
public enum BooksIdentity {
  public enum Kind: String, Sendable {
    /// Coins of no worth: everything that runs without a description of a chain.
    case development
    case real

    fileprivate var words: String {
      switch self {
      case .development: "a development exchange's: its coins are worth nothing"
      case .real: "a real chain's"
      }
    }
  }

  /// A chain as the settings describe it.
  public struct Chain: Sendable {
    public var name: String
    public var chainID: Int64

    public init(name: String, chainID: Int64) {
      self.name = name
      self.chainID = chainID
    }
  }

  /// A coin as the settings describe it.
  public struct Asset: Sendable {
    public var code: String
    /// Nil for the chain's own coin.
    public var contract: Address?
    /// On the chain.
    public var decimals: Int
    public var scale: UInt256

    public init(_ asset: DepositAsset, decimals: Int) {
      code = asset.code
      if case .token(let address) = asset.source { contract = address }
      self.decimals = decimals
      scale = asset.scale
    }

    fileprivate var place: String { contract.map { "contract \($0)" } ?? "the chain's own coin" }
  }

  /// Takes the books as of this kind and chain, for ever, or refuses. Before anything else looks at
  /// them.
  public static func claim(
    _ connection: borrowing PostgresConnection, as kind: Kind, _ chain: Chain?
  ) throws {
    var parameters = PostgresParameters()
    parameters.text(kind.rawValue)
    try connection.query(
      "insert into core.books(kind) values ($1) on conflict do nothing", parameters)
    let stored = try connection.query("select kind from core.books")
    guard stored.rowCount == 1, let known = Kind(rawValue: stored.string(0, 0)) else {
      throw PostgresError.impossible("core.books: not one row of a known kind")
    }
    // Addresses were given out before a node was ever reached.
    let chains = try connection.query(
      """
      select chain, chain_id from core.chain
      union select distinct chain, null::bigint from core.deposit_address
        where chain not in (select chain from core.chain)
      order by chain
      """)
    let names = (0..<chains.rowCount).map { row in
      chains.string(row, 0) + (chains.optionalInt64(row, 1).map { " (id \($0))" } ?? "")
    }
    guard known == kind else {
      throw BooksError(
        "the books are \(known.words)\(names.isEmpty ? "" : ", " + names.joined(separator: ", "))"
          + (kind == .development
            ? ". Name its description: --chain-file" : ". Take another database"))
    }
    guard let chain, chains.rowCount > 0 else { return }
    for row in 0..<chains.rowCount where chains.string(row, 0) == chain.name {
      guard let id = chains.optionalInt64(row, 1), id != chain.chainID else { return }
      throw BooksError(
        "the books' chain \(chain.name) has id \(id), the description says \(chain.chainID)")
    }
    throw BooksError(
      "the books are of \(names.joined(separator: ", ")), the description is of \(chain.name) "
        + "(id \(chain.chainID)): a chain keeps its name, and a database its chain")
  }

  /// Records coins that are new, and refuses one that is known as another, all or nothing. A coin
  /// of which nothing was paid in or out yet may have been a mistake: it may become another.
  public static func claim(
    _ connection: borrowing PostgresConnection, _ assets: [Asset], of chain: String
  ) throws {
    try connection.execute("begin")
    do {
      try record(connection, assets, of: chain)
      try connection.execute("commit")
    } catch {
      if connection.isAlive { try? connection.execute("rollback") }
      throw error
    }
  }

  private static func record(
    _ connection: borrowing PostgresConnection, _ assets: [Asset], of chain: String
  ) throws {
    try forgetUnused(connection, but: assets.map(\.code), of: chain)
    for asset in assets {
      var parameters = PostgresParameters()
      parameters.text(chain)
      parameters.text(asset.code)
      if let contract = asset.contract {
        parameters.bytea(contract.bytes)
      } else {
        parameters.null()
      }
      parameters.int4(Int32(asset.decimals))
      parameters.text("\(asset.scale)")
      try connection.query(
        """
        with changed as (
          insert into core.chain_asset as c (chain, asset, contract, decimals, scale)
          values ($1, $2, $3, $4, $5::text::numeric)
          on conflict (chain, asset) do update set contract = excluded.contract,
            decimals = excluded.decimals, scale = excluded.scale
          where (c.contract is distinct from excluded.contract or c.scale <> excluded.scale
              or c.decimals is distinct from excluded.decimals)
            and not exists (select from public.deposits d
              where (d.chain, d.asset) = (excluded.chain, excluded.asset))
            and not exists (select from public.withdrawals w
              where (w.chain, w.asset) = (excluded.chain, excluded.asset))
          returning c.chain, c.asset, c.xmax <> 0 as was_another)
        select core.forget_openings(chain, asset) from changed where was_another
        """, parameters)
    }
    var parameters = PostgresParameters()
    parameters.text(chain)
    let known = try connection.query(
      """
      select asset, contract, decimals::int8, scale::text from core.chain_asset where chain = $1
      """, parameters)
    for row in 0..<known.rowCount {
      let code = known.string(row, 0)
      let contract = known.optionalBytes(row, 1)
      for asset in assets {
        if asset.code == code {
          try check(
            asset, contract, known.optionalInt64(row, 2), UInt256(decimal: known.string(row, 3)))
        } else if asset.contract.map(\.bytes) == contract {
          throw BooksError("\(asset.place) is \(code) in these books, not \(asset.code)")
        }
      }
    }
  }

  /// A coin that is listed no more, and of which nothing was ever paid, takes no other's place.
  private static func forgetUnused(
    _ connection: borrowing PostgresConnection, but codes: [String], of chain: String
  ) throws(PostgresError) {
    var parameters = PostgresParameters()
    parameters.text(chain)
    parameters.textArray(codes.count) { codes[$0] }
    try connection.query(
      """
      delete from core.chain_asset c where chain = $1 and asset <> all($2::text[])
        and not exists (select from public.deposits d where (d.chain, d.asset) = (c.chain, c.asset))
        and not exists (select from public.withdrawals w
          where (w.chain, w.asset) = (c.chain, c.asset))
      """, parameters)
  }

  private static func check(
    _ asset: Asset, _ contract: [UInt8]?, _ decimals: Int64?, _ scale: UInt256?
  ) throws(BooksError) {
    guard contract == asset.contract?.bytes else {
      let place = contract.flatMap { Address($0) }.map { "contract \($0)" }
      throw BooksError(
        "\(asset.code) is \(place ?? "the chain's own coin") in these books, "
          + "the description says \(asset.place)")
    }
    guard decimals ?? Int64(asset.decimals) == Int64(asset.decimals), scale == asset.scale else {
      throw BooksError(
        "\(asset.code) has \(decimals.map { "\($0)" } ?? "other") decimals on the chain in these "
          + "books, the description says \(asset.decimals)")
    }
  }
}

/// A start that would mix books. Nothing was changed but what was claimed for the first time.
public struct BooksError: Error, Equatable, CustomStringConvertible {
  public var description: String

  init(_ description: String) { self.description = "books: " + description }
}
