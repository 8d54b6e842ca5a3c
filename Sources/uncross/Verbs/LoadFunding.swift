// Before a load: every user has a key, and what its orders need.

internal import Client
internal import Formats
internal import Foundation
internal import Glibc
internal import Wire

/// The users' keys, one file each.
struct UserKeys: Sendable {
  let directory: String

  func make() throws(VerbFailure) {
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
      throw VerbFailure(
        "directory \(directory) cannot be made: \(String(cString: strerror(errno)))",
        status: VerbFailure.inputOutput)
    }
  }

  /// A user's name may hold any printable character: what a file name should not is written `%2F`.
  func file(of user: String) -> String {
    var name = ""
    for byte in user.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        name.unicodeScalars.append(Unicode.Scalar(byte))
      default: name += "%" + Hex.string([byte]).uppercased()
      }
    }
    return directory + "/" + name + ".pem"
  }

  func exists(_ user: String) -> Bool { access(file(of: user), F_OK) == 0 }

  func signer(of user: String) throws(KeyFileError) -> RequestSigner {
    try RequestSigner(keyFile: file(of: user))
  }

  func readOrMake(_ user: String) throws(KeyFileError) -> RequestSigner {
    if exists(user) { return try signer(of: user) }
    let signer = RequestSigner()
    try signer.writeKeyFile(file(of: user))
    return signer
  }
}

/// Registers the users that are missing and gives all of them what their orders need.
struct LoadFunding {
  /// Users that are registered and funded at a time.
  private static let parallel = 8
  /// Adjustments that wait, named one by one at most.
  private static let maximumNamed = 20

  let client: UncrossClient
  /// Approves what the first operator asks for.
  let second: SecondOperator?
  let keys: UserKeys
  /// Decimals by asset, of the markets' assets.
  let decimals: [String: Int]
  /// The order file's.
  let fingerprint: String

  /// Throws where an adjustment waits for a second operator whose key was not named: whoever
  /// registers a user gives it nothing alone.
  func fund(_ needs: FundsNeeded) async throws {
    var users = needs.byUser.sorted { $0.key < $1.key }.makeIterator()
    var waiting: [String] = []
    try await withThrowingTaskGroup(of: [String].self) { group in
      var running = 0
      while true {
        if running < Self.parallel, let (user, amounts) = users.next() {
          group.addTask { try await fund(user, amounts) }
          running += 1
        } else if let found = try await group.next() {
          waiting += found
          running -= 1
        } else {
          return
        }
      }
    }
    if waiting.isEmpty { return }
    for id in waiting.prefix(Self.maximumNamed) {
      Output.error("waits: uncross adjust approve \(id)")
    }
    throw VerbFailure(
      "\(waiting.count) adjustments wait: a second operator must approve them "
        + "(uncross adjust list), then run this again; or name its key with --second-operator-key")
  }

  /// The adjustments that wait for a second operator.
  private func fund(_ user: String, _ amounts: [String: Int128]) async throws -> [String] {
    let id = try await register(user)
    var waiting: [String] = []
    for (asset, atoms) in amounts.sorted(by: { $0.key < $1.key }) where atoms > 0 {
      guard let places = decimals[asset] else { preconditionFailure("an asset of no market") }
      // The same request in every run over this file, so that none is made twice.
      let digest = SignableRequest.digest(of: "\(fingerprint) \(user) \(asset)".utf8)
      let name = digest.dropFirst("sha-256=:".count).filter { $0.isLetter || $0.isNumber }
      let adjustment = NewAdjustment(
        requestID: "load-" + name.prefix(24), user: id, asset: asset,
        amount: DecimalAmount(atoms: atoms, decimals: places),
        reason: "funds for the order file \(fingerprint.prefix(16))")
      do {
        let outcome = try await client.adjust(adjustment)
        if outcome.status == .waitingApproval {
          guard let second else {
            waiting.append(outcome.adjustmentID)
            continue
          }
          try await second.approve(outcome)
        }
      } catch let error as APIError {
        // An earlier run asked for another amount, when the band was another: that stands.
        guard error.code == "duplicate_client_order_id" else { throw error }
      }
    }
    return waiting
  }

  /// The user's id. The key's file is there before the exchange learns of the key.
  private func register(_ user: String) async throws -> String {
    let signer = try keys.readOrMake(user)
    let key = KeyGrant(publicKey: signer.publicKeyHex, role: .trader)
    let found: UserDetails
    do throws(APIError) {
      found = try await client.user(named: user)
    } catch {
      guard error.code == "unknown_user" else { throw error }
      return try await client.createUser(NewUser(name: user, key: key)).userID
    }
    if !found.keys.contains(key) {
      _ = try await client.grant(key, to: found.userID, reason: "a key for a load")
    }
    return found.userID
  }
}
