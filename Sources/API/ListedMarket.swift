// A market as the API knows it: the one place where decimals become ticks and lots, and back.

internal import Auction
internal import Engine
internal import Formats
internal import Wire

/// A market's terms, immutable: a change of terms makes another object.
final class ListedMarket: Sendable {
  let id: MarketID
  let record: MarketRecord
  let isOpen: Bool

  init(id: MarketID, record: MarketRecord, isOpen: Bool) {
    self.id = id
    self.record = record
    self.isOpen = isOpen
  }

  var symbol: String { record.definition.symbol }
  private var baseDecimals: Int { Int(record.base.decimals) }
  private var quoteDecimals: Int { Int(record.quote.decimals) }

  // MARK: To whole numbers

  /// Ticks of a price, exact and at least 1.
  func ticks(_ price: DecimalAmount) throws(Refusal) -> Int64 {
    guard price.digits > 0 else { throw Refusal(.priceOutOfRange) }
    guard price.fits(decimals: quoteDecimals) else { throw Refusal(.priceOffTick) }
    guard let atoms = price.atoms(decimals: quoteDecimals) else {
      throw Refusal(.priceOutOfRange)
    }
    let (ticks, rest) = atoms.quotientAndRemainder(
      dividingBy: Int128(record.definition.tickAtoms))
    guard rest == 0 else { throw Refusal(.priceOffTick) }
    guard let ticks = Int64(exactly: ticks) else { throw Refusal(.priceOutOfRange) }
    return ticks
  }

  /// Lots of a quantity, exact and at least 1.
  func lots(_ quantity: DecimalAmount) throws(Refusal) -> Int64 {
    guard quantity.digits > 0 else { throw Refusal(.quantityOutOfRange) }
    guard quantity.fits(decimals: baseDecimals) else { throw Refusal(.quantityOffLot) }
    guard let atoms = quantity.atoms(decimals: baseDecimals) else {
      throw Refusal(.quantityOutOfRange)
    }
    let (lots, rest) = atoms.quotientAndRemainder(dividingBy: Int128(record.definition.lotAtoms))
    guard rest == 0 else { throw Refusal(.quantityOffLot) }
    guard let lots = Int64(exactly: lots) else { throw Refusal(.quantityOutOfRange) }
    return lots
  }

  // MARK: To decimals

  var tickSize: DecimalAmount { quote(Int128(record.definition.tickAtoms)) }
  var lotSize: DecimalAmount { base(Int128(record.definition.lotAtoms)) }

  func price(ticks: Int64) -> DecimalAmount {
    // Ticks are at most 2^50 and a tick 2^63 atoms: the product fits.
    DecimalAmount(
      atoms: Int128(ticks) * Int128(record.definition.tickAtoms), decimals: quoteDecimals)
  }

  /// Nil for 0, which stands for none.
  func priceIfAny(ticks: Int64) -> DecimalAmount? { ticks == 0 ? nil : price(ticks: ticks) }

  func quantity(lots: Int128) -> DecimalAmount {
    // A side holds at most 2^60 lots and a lot is 2^63 atoms at most.
    DecimalAmount(atoms: lots * Int128(record.definition.lotAtoms), decimals: baseDecimals)
  }

  func quantity(lots: Int64) -> DecimalAmount { quantity(lots: Int128(lots)) }

  func base(_ atoms: Int128) -> DecimalAmount {
    DecimalAmount(atoms: atoms, decimals: baseDecimals)
  }

  func quote(_ atoms: Int128) -> DecimalAmount {
    DecimalAmount(atoms: atoms, decimals: quoteDecimals)
  }

  func band(_ band: Band?) -> PriceBand? {
    band.map { PriceBand(lower: price(ticks: $0.lower), upper: price(ticks: $0.upper)) }
  }

  /// The price of a trade from its two amounts; trading never rounds, so it divides.
  func price(quoteAtoms: Int128, baseAtoms: Int128) -> DecimalAmount? {
    let lots = baseAtoms / Int128(record.definition.lotAtoms)
    guard lots > 0 else { return nil }
    let (ticks, rest) = quoteAtoms.quotientAndRemainder(
      dividingBy: lots * Int128(record.atomsPerTickLot))
    guard rest == 0, let ticks = Int64(exactly: ticks) else { return nil }
    return price(ticks: ticks)
  }
}
