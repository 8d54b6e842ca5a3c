// What the signer may sign at all: limits that the exchange cannot change.

public import Ethereum
internal import Foundation

public struct SignerPolicy: Sendable, Equatable {
  public struct Asset: Sendable, Equatable {
    public var code: String
    /// The token's contract; nil for the chain's own coin.
    public var contract: Address?
    /// In the chain's smallest units: of one payment, and of all in 24 hours.
    public var maximumPerTransaction: UInt256
    public var maximumPerDay: UInt256

    public init(
      code: String, contract: Address?, maximumPerTransaction: UInt256, maximumPerDay: UInt256
    ) {
      self.code = code
      self.contract = contract
      self.maximumPerTransaction = maximumPerTransaction
      self.maximumPerDay = maximumPerDay
    }
  }

  public var chainID: UInt64
  public var assets: [Asset]
  /// Wei for each unit of gas, in total.
  public var maximumFeePerGas: UInt256
  public var maximumGasLimit: UInt64
  /// Wei: gas limit times maximum fee, summed over the nonces of 24 hours.
  public var maximumGasCostPerDay: UInt256
  /// Recipients; nil allows all.
  public var allowList: Set<Address>?

  public init(
    chainID: UInt64, assets: [Asset], maximumFeePerGas: UInt256, maximumGasLimit: UInt64,
    maximumGasCostPerDay: UInt256, allowList: Set<Address>? = nil
  ) {
    self.chainID = chainID
    self.assets = assets
    self.maximumFeePerGas = maximumFeePerGas
    self.maximumGasLimit = maximumGasLimit
    self.maximumGasCostPerDay = maximumGasCostPerDay
    self.allowList = allowList
  }

  /// From a JSON file; what it does not know it refuses, so that a misspelt limit is none.
  public init(file path: String) throws(SignerFileError) {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      guard data.count <= 1 << 20,
        let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
      else { throw SignerFileError(path, "is not a JSON object of at most 1 MB") }
      try self.init(Fields(object, path))
    } catch let error as SignerFileError {
      throw error
    } catch {
      throw SignerFileError(path, "cannot be read: \(error)")
    }
  }

  private init(_ fields: Fields) throws(SignerFileError) {
    var fields = fields
    chainID = try fields.word("chain_id")
    maximumFeePerGas = try fields.amount("maximum_fee_per_gas")
    maximumGasLimit = try fields.word("maximum_gas_limit")
    maximumGasCostPerDay = try fields.amount("maximum_gas_cost_per_day")
    assets = []
    for object in try fields.objects("assets") {
      var asset = Fields(object, fields.path)
      assets.append(
        Asset(
          code: try asset.text("asset"), contract: try asset.addressIfPresent("contract"),
          maximumPerTransaction: try asset.amount("maximum_per_transaction"),
          maximumPerDay: try asset.amount("maximum_per_day")))
      try asset.finish()
    }
    allowList = try fields.addressesIfPresent("allow_list").map(Set.init)
    try fields.finish()
    guard Set(assets.map(\.contract)).count == assets.count else {
      throw SignerFileError(fields.path, "an asset is named twice")
    }
  }

  func asset(_ contract: Address?) -> Asset? { assets.first { $0.contract == contract } }

  /// The fields of an object; each is taken once, and none is left.
  private struct Fields {
    let path: String
    private var rest: [String: Any]

    init(_ object: [String: Any], _ path: String) {
      rest = object
      self.path = path
    }

    private func wrong(_ name: String, _ expected: String) -> SignerFileError {
      SignerFileError(path, "`\(name)` is not \(expected)")
    }

    mutating func text(_ name: String) throws(SignerFileError) -> String {
      guard let text = rest.removeValue(forKey: name) as? String else { throw wrong(name, "text") }
      return text
    }

    /// Decimal digits in quotes: JSON's numbers lose digits.
    mutating func amount(_ name: String) throws(SignerFileError) -> UInt256 {
      guard let amount = UInt256(decimal: try text(name)) else {
        throw wrong(name, "a whole number in quotes")
      }
      return amount
    }

    mutating func word(_ name: String) throws(SignerFileError) -> UInt64 {
      guard let value = rest.removeValue(forKey: name) as? NSNumber,
        let word = UInt64("\(value)")
      else { throw wrong(name, "a whole number") }
      return word
    }

    mutating func objects(_ name: String) throws(SignerFileError) -> [[String: Any]] {
      guard let objects = rest.removeValue(forKey: name) as? [[String: Any]] else {
        throw wrong(name, "a list of objects")
      }
      return objects
    }

    private func address(_ name: String, _ text: String) throws(SignerFileError) -> Address {
      do {
        return try Address(text)
      } catch {
        throw wrong(name, "an address: \(error)")
      }
    }

    mutating func addressIfPresent(_ name: String) throws(SignerFileError) -> Address? {
      rest[name] == nil ? nil : try address(name, try text(name))
    }

    mutating func addressesIfPresent(_ name: String) throws(SignerFileError) -> [Address]? {
      guard let found = rest.removeValue(forKey: name) else { return nil }
      guard let texts = found as? [String] else { throw wrong(name, "a list of addresses") }
      var addresses: [Address] = []
      for text in texts { addresses.append(try address(name, text)) }
      return addresses
    }

    func finish() throws(SignerFileError) {
      if let name = rest.keys.min() { throw SignerFileError(path, "`\(name)` is not known") }
    }
  }
}
