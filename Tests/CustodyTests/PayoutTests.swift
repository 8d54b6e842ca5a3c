// Payments on a real chain and a real database: each is made exactly once, whatever node and chain do.

import Engine
import Ethereum
import Foundation
import Testing

@testable import CoreFixture
@testable import Custody

extension DatabaseTests {
  @Suite(.serialized) struct PayoutTests {
    static let recipient = Address(bytes: 0x77)

    /// A venue with money and a scanner that follows; the body starts its own sender.
    private func venue(_ body: (Venue, TestChain, DepositScanner) throws -> Void) throws {
      let chain = try TestChain()
      defer { chain.stop() }
      let venue = try Venue(TestDatabase(), chain)
      let scanner = try venue.scan()
      try venue.settle(scanner)
      try venue.openPayouts(scanner)
      try body(venue, chain, scanner)
      try venue.settle(scanner)
      venue.stop(scanner)
      #expect(venue.core.halts.all.isEmpty)
      try venue.checkPayouts()
    }

    @Test func coinsAndTokensArePaidOnce() throws {
      try venue { venue, chain, scanner in
        let signer = TestSigner(secret: Venue.hotSecret)
        let sender = try venue.pay(signer)
        let ether = try venue.withdraw(5_000, of: 1, to: Self.recipient)
        let token = try venue.withdraw(700, of: 0, to: Self.recipient)
        try venue.reach("broadcast", ether)
        try venue.reach("broadcast", token)
        try chain.mine()
        try venue.reach("mined", ether)
        try chain.mine(3)
        try venue.reach("confirmed", ether)
        try venue.reach("confirmed", token)
        #expect(try venue.wei(Self.recipient) == UInt256(5_000 as UInt64))
        #expect(try venue.tokens("USDC", Self.recipient) == UInt256(700 as UInt64))
        #expect(try venue.balance(2, 0) == 1_000_000 - 700 - 7)
        sender.stop()
        #expect(signer.isSound && signer.signatures == 2)
      }
    }
  }
}

extension Address {
  fileprivate init(bytes byte: UInt8) {
    guard let address = Address([UInt8](repeating: byte, count: 20)) else {
      preconditionFailure("20 bytes")
    }
    self = address
  }
}
