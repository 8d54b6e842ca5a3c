// What an operator lets the signer sign: a file that is read at the start.

public import Ethereum
internal import Formats

/// The limits of one signer. Amounts are in the chain's smallest units.
public struct SignerPolicy: Equatable, Sendable {
  public struct Asset: Equatable, Sendable {
    public let code: String
    /// Nil for the chain's own coin.
    public let contract: Address?
    public let maximumPerTransaction: UInt256
    /// Of any 24 hours.
    public let maximumPerDay: UInt256

    public init(
      code: String, contract: Address?, maximumPerTransaction: UInt256, maximumPerDay: UInt256
    ) {
      self.code = code
      self.contract = contract
      self.maximumPerTransaction = maximumPerTransaction
      self.maximumPerDay = maximumPerDay
    }
  }

  public let chainID: UInt64
  /// Codes and contracts are there once each.
  public let assets: [Asset]
  /// In wei.
  public let maximumFeePerGas: UInt256
  public let maximumGasLimit: UInt64
  /// In wei, of any 24 hours: what the gas of the transactions may cost at the worst.
  public let maximumGasCostPerDay: UInt256
  /// The only recipients; nil for no such list.
  public let allowList: Set<Address>?

  /// For a policy file: a few thousand addresses.
  static let maximumByteCount = 1 << 20
  static let maximumAssetCount = 64

  public init(
    chainID: UInt64, assets: [Asset], maximumFeePerGas: UInt256, maximumGasLimit: UInt64,
    maximumGasCostPerDay: UInt256, allowList: Set<Address>? = nil
  ) throws(SignerPolicyError) {
    func check(_ holds: Bool, _ sentence: String) throws(SignerPolicyError) {
      guard holds else { throw .wrong(sentence) }
    }
    try check(chainID > 0, "chain_id must be above 0")
    try check(
      (1...Self.maximumAssetCount).contains(assets.count),
      "assets must be 1 to \(Self.maximumAssetCount)")
    try check(Set(assets.map(\.code)).count == assets.count, "an asset is there twice")
    try check(Set(assets.map(\.contract)).count == assets.count, "a contract is there twice")
    for asset in assets {
      try check(!asset.code.isEmpty, "asset must not be empty")
      try check(asset.contract != .zero, "\(asset.code): contract must not be zero")
      try check(
        asset.maximumPerTransaction > .zero
          && asset.maximumPerTransaction <= asset.maximumPerDay,
        "\(asset.code): maximum_per_transaction must be above 0 and up to maximum_per_day")
    }
    try check(maximumFeePerGas > .zero, "maximum_fee_per_gas must be above 0")
    try check(maximumGasLimit >= 21_000, "maximum_gas_limit must be 21000 at least")
    self.chainID = chainID
    self.assets = assets
    self.maximumFeePerGas = maximumFeePerGas
    self.maximumGasLimit = maximumGasLimit
    self.maximumGasCostPerDay = maximumGasCostPerDay
    self.allowList = allowList
  }

  /// The asset that `contract` keeps, nil standing for the chain's own coin.
  func asset(of contract: Address?) -> Asset? { assets.first { $0.contract == contract } }
}

// MARK: - The file

extension SignerPolicy {
  /// Reads the file, which its owner (who runs the signer, or root) alone may change.
  public init(file path: String) throws(SignerPolicyError) {
    let bytes: [UInt8]
    do {
      bytes = try ProtectedFile.read(path, .settings, maximum: Self.maximumByteCount)
    } catch { throw .file(error) }
    try self.init(json: bytes)
  }

  public init(json bytes: [UInt8]) throws(SignerPolicyError) {
    var reader: Reader
    do throws(JSONError) {
      reader = try Reader(bytes)
    } catch { throw .wrong(error.description) }
    try self.init(
      chainID: reader.chainID, assets: reader.assets, maximumFeePerGas: reader.maximumFeePerGas,
      maximumGasLimit: reader.maximumGasLimit, maximumGasCostPerDay: reader.maximumGasCostPerDay,
      allowList: reader.allowList)
  }

  /// The file's fields, of the right types.
  private struct Reader {
    let chainID: UInt64
    let assets: [Asset]
    let maximumFeePerGas: UInt256
    let maximumGasLimit: UInt64
    let maximumGasCostPerDay: UInt256
    let allowList: Set<Address>?

    init(_ bytes: [UInt8]) throws(JSONError) {
      var fields = try SignerFields(parsing: bytes, .policy)
      chainID = try fields.integer("chain_id")
      guard case .array(let list) = fields.take("assets") else {
        throw JSONError("assets must be a list")
      }
      var assets: [Asset] = []
      for value in list { assets.append(try Self.asset(value)) }
      self.assets = assets
      maximumFeePerGas = try Self.amount("maximum_fee_per_gas", &fields)
      maximumGasLimit = try fields.integer("maximum_gas_limit")
      maximumGasCostPerDay = try Self.amount("maximum_gas_cost_per_day", &fields)
      switch fields.take("allow_list") {
      case nil: allowList = nil
      case .array(let values):
        var addresses: Set<Address> = []
        for value in values {
          guard case .text(let text) = value else { throw JSONError("allow_list: not a string") }
          let address = try Self.address("allow_list", text)
          guard addresses.insert(address).inserted else {
            throw JSONError("allow_list: \(address) is there twice")
          }
        }
        allowList = addresses
      default: throw JSONError("allow_list must be a list")
      }
      try fields.finish()
    }

    private static func asset(_ value: JSONValue) throws(JSONError) -> Asset {
      var fields = try SignerFields(value)
      let code = try fields.text("asset")
      var contract: Address?
      if let text = try fields.textIfPresent("contract") {
        contract = try address("\(code): contract", text)
      }
      let asset = Asset(
        code: code, contract: contract,
        maximumPerTransaction: try amount("maximum_per_transaction", &fields),
        maximumPerDay: try amount("maximum_per_day", &fields))
      try fields.finish()
      return asset
    }

    private static func amount(
      _ name: String, _ fields: inout SignerFields
    ) throws(JSONError) -> UInt256 {
      guard let amount = UInt256(decimal: try fields.text(name)) else {
        throw JSONError("\(name) must be decimal digits in a string, below 2^256")
      }
      return amount
    }

    /// Only as EIP-55 writes it: a digit that is mistyped here sends money away.
    private static func address(_ name: String, _ text: String) throws(JSONError) -> Address {
      guard let address = try? Address(text), address.description == text else {
        throw JSONError("\(name): not an address with its checksum (EIP-55)")
      }
      return address
    }
  }
}

/// Why there is no policy.
public enum SignerPolicyError: Error, Equatable, Sendable {
  case file(FileFault)
  /// The sentence names the field.
  case wrong(String)
}

extension SignerPolicyError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let fault): fault.description
    case .wrong(let sentence): sentence
    }
  }
}
