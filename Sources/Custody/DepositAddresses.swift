// Each user's deposit address on a chain, derived from a public key: nothing here can spend.

public import Engine
public import Ethereum
internal import Postgres
internal import Synchronization

/// Addresses are children of an extended public key by the user's number, so they are the same on
/// every machine and a lost database loses none. One is watched from before it is shown.
public final class DepositAddresses: Sendable {
  private struct State {
    var byUser: [UserID: Address] = [:]
    var owners: [Address: UserID] = [:]
  }

  private let xpub: ExtendedPublicKey
  private let state = Mutex(State())

  public init(xpub: ExtendedPublicKey) { self.xpub = xpub }

  /// What was shown before this start; older keys' addresses stay watched.
  func load(_ known: [(address: Address, user: UserID)]) throws(ExtendedKeyError) {
    for (address, user) in known {
      let current = try derive(user)
      state.withLock { state in
        state.owners[address] = user
        if address == current { state.byUser[user] = address }
      }
    }
  }

  func learn(_ address: Address, of user: UserID) {
    state.withLock { state in
      state.byUser[user] = address
      state.owners[address] = user
    }
  }

  public func owner(_ address: Address) -> UserID? { state.withLock { $0.owners[address] } }

  /// The address that was shown to a user; nil where none was yet.
  public func shown(to user: UserID) -> Address? { state.withLock { $0.byUser[user] } }

  public var all: [Address] { state.withLock { $0.owners.keys.sorted() } }

  /// `m/user` below the given key (by custom `m/44'/60'/0'/0`).
  public func derive(_ user: UserID) throws(ExtendedKeyError) -> Address {
    try xpub.child(user).publicKey.address
  }
}
