// Deposits as events: whose they are, how many streams a user has, and how a stream ends.

import AsyncHTTPClient
import Client
import Engine
import Formats
import NIOHTTP1
import TestServers
import Testing
import Wire

@testable import API

@Suite struct DepositStreamTests {
  private static let path = "/v1/deposits/events"

  /// What the server knows of the venue's keys.
  private func directory() -> Directory {
    let directory = Directory()
    directory.apply((UserID(1)...4).map { .userRegistered($0, name: "user-\($0)", time: 0) })
    directory.apply(
      Venue.keys.map {
        .keyRegistered(identity($0.name).key, user: $0.user, role: $0.role, expiresAt: 0)
      })
    return directory
  }

  private func identity(_ name: String) -> Identity {
    guard let known = Venue.keys.first(where: { $0.name == name }),
      let key = PublicKey(Venue.signer(name).publicKey)
    else { preconditionFailure("no such key: \(name)") }
    return Identity(user: known.user, role: known.role, key: key, isFrozen: false)
  }

  /// The text of what a stream has got so far.
  private func drain(_ subscription: EventSubscription, _ count: Int) async -> [String] {
    var texts = subscription.backlog.map { String(decoding: $0, as: UTF8.self) }
    var iterator = subscription.reader.stream.makeAsyncIterator()
    while texts.count < count, let next = await iterator.next() {
      texts.append(String(decoding: next, as: UTF8.self))
    }
    return texts
  }

  @Test func aStreamHasOwnStepsOnlyAndResumes() async throws {
    let (events, desk) = (DepositEvents(directory: directory()), MemoryDesk())
    let user = identity("alice")
    desk.receive(2, 5, status: .final, block: 3)
    do {
      let alice = try await events.subscribe(user, after: nil, desk)
      desk.receive(3, 6, status: .seen, block: 11)
      desk.receive(2, 7, status: .seen, block: 12)
      await events.look(desk)
      let texts = await drain(alice, 1)
      #expect(texts.count == 1 && texts[0].hasPrefix("id: 3\nevent: deposit\ndata: {"))
      #expect(texts[0].contains(#""status":"seen""#) && texts[0].contains(#""user":"2""#))
      let again = try await events.subscribe(user, after: "1", desk)
      #expect(await drain(again, 1).map { $0.prefix(5) } == ["id: 3"])
      let begin = try await events.subscribe(user, after: "0", desk)
      #expect(await drain(begin, 2).map { $0.prefix(5) } == ["id: 1", "id: 3"])
      for wrong in ["99", "-1", "x"] {
        let lost = try await events.subscribe(user, after: wrong, desk)
        #expect(await drain(lost, 1)[0].contains("event: reset"))
      }
    }
    // Whoever goes is gone.
    #expect(events.readerCount == 0)
  }

  @Test func readersAreBounded() async throws {
    let events = DepositEvents(directory: directory(), maximumReaders: 2)
    let (desk, alice, bob) = (MemoryDesk(), identity("alice"), identity("bob"))
    var held: [EventSubscription] = []
    for _ in 0..<2 { held.append(try await events.subscribe(alice, after: nil, desk)) }
    await #expect(throws: Refusal.self) { try await events.subscribe(bob, after: nil, desk) }
    held.removeFirst()
    held.append(try await events.subscribe(bob, after: nil, desk))
  }

  /// By all keys of the user together; one that was too slow has left its place.
  @Test func aUserHasEightStreams() async throws {
    let (events, desk) = (DepositEvents(directory: directory()), MemoryDesk())
    let (alice, reader) = (identity("alice"), identity("alice-reader"))
    var held: [EventSubscription] = []
    for index in 0..<8 {
      held.append(try await events.subscribe(index % 2 == 0 ? alice : reader, after: nil, desk))
    }
    for key in [alice, reader] {
      await #expect(throws: Refusal(.tooManyStreams)) {
        try await events.subscribe(key, after: nil, desk)
      }
    }
    #expect(events.readerCount == 8)
    let other = try await events.subscribe(identity("bob"), after: nil, desk)
    held.removeLast()
    held.append(try await events.subscribe(alice, after: nil, desk))
    for _ in 0...MarketEvents.readerCapacity { desk.receive(2, 5, status: .seen, block: 12) }
    await events.look(desk)
    #expect(events.readerCount == 1 && held.allSatisfy(\.reader.wasSlow))
    held.append(try await events.subscribe(alice, after: nil, desk))
    #expect(!other.reader.wasSlow)
  }

  /// Nor a key that another user holds by now; also while custody is away.
  @Test(arguments: [false, true], [false, true])
  func aRevokedKeyHearsNothingMore(isGivenAway: Bool, isCustodyAway: Bool) async throws {
    let (directory, desk) = (directory(), MemoryDesk())
    let events = DepositEvents(directory: directory)
    let reader = identity("alice-reader")
    let kept = try await events.subscribe(identity("alice"), after: nil, desk)
    let lost = try await events.subscribe(reader, after: nil, desk)
    desk.receive(2, 5, status: .seen, block: 12)
    await events.look(desk)
    directory.apply([.keyRevoked(reader.key)])
    if isGivenAway {
      directory.apply([.keyRegistered(reader.key, user: 3, role: .trader, expiresAt: 0)])
    }
    desk.receive(2, 5, status: .credited, block: 12)
    if isCustodyAway {
      desk.fail(with: .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1))
      await events.look(desk)
      #expect(events.readerCount == 1)
      desk.fail(with: nil)
    }
    await events.look(desk)
    #expect(events.readerCount == 1 && !lost.reader.wasSlow)
    // More are asked for than came: it has ended.
    #expect(await drain(lost, 9).map { $0.prefix(5) } == ["id: 1"])
    #expect(await drain(kept, 2).map { $0.prefix(5) } == ["id: 1", "id: 2"])
  }

  /// A key that has ended is as one that was revoked.
  @Test func anEndedKeyHearsNothingMore() async throws {
    let (directory, desk, clock) = (directory(), MemoryDesk(), TestClock(seconds: Venue.start))
    let events = DepositEvents(directory: directory, clock: clock.clock)
    let key = try #require(PublicKey(Venue.signer("brief").publicKey))
    let end = (Venue.start + 60) * 1_000_000
    directory.apply([.keyRegistered(key, user: 2, role: .readOnly, expiresAt: end)])
    let brief = try #require(directory.identity(of: key, at: clock.seconds * 1_000_000))
    let stream = try await events.subscribe(brief, after: nil, desk)
    clock.advance(milliseconds: 59_999)
    desk.receive(2, 5, status: .seen, block: 12)
    await events.look(desk)
    clock.advance(milliseconds: 1)
    desk.receive(2, 5, status: .credited, block: 12)
    await events.look(desk)
    #expect(events.readerCount == 0 && !stream.reader.wasSlow)
    // More are asked for than came: it has ended.
    let texts = try await bounded { await drain(stream, 9).map { String($0.prefix(5)) } }
    #expect(texts == ["id: 1"])
  }

  @Test func aFailingDeskLeavesNoReaderBehind() async throws {
    let (events, desk) = (DepositEvents(directory: directory()), MemoryDesk())
    desk.fail(with: .unavailable(reason: "custody_unavailable", retryAfterSeconds: 1))
    await #expect(throws: Refusal.self) {
      try await events.subscribe(identity("alice"), after: "0", desk)
    }
    #expect(events.readerCount == 0)
  }

  // MARK: Over HTTP

  @Test func theStreamIsSigned() async throws {
    try await Venue.run { venue in
      let denied = try await venue.send("GET", Self.path)
      #expect(denied.status == 401 && denied.code == "signature_missing")
    }
  }

  /// Every role has a stream, of its own user's steps: those missed, and those that come.
  @Test(arguments: ["alice", "alice-reader", "bob", "operator", "second-operator"])
  func everyRoleHearsOfItsOwn(_ caller: String) async throws {
    let own = identity(caller).user
    try await Venue.run { venue in
      for user in UserID(1)...4 { venue.exchange.desk.receive(user, 6, status: .seen, block: 11) }
      let text = try await venue.stream(
        Self.path, as: caller, headers: [("Last-Event-ID", "0")]
      ) { text in
        // Of everybody as soon as it is open, its own last; the server looks every 5 ms.
        if text.isEmpty {
          for user in [1, 2, 3, 4].filter({ $0 != own }) + [own] {
            venue.exchange.desk.receive(user, 7, status: .credited, block: 11)
          }
        }
        return text.contains("id: 8\n") && text.hasSuffix("}\n\n")
      }
      // Heartbeats may come between.
      let ids = text.split(separator: "\n").filter { $0.hasPrefix("id: ") }
      #expect(ids == ["id: \(own)", "id: 8"], "\(text)")
      for user in UserID(1)...4 {
        #expect(text.contains(#""user":"\#(user)""#) == (user == own), "\(text)")
      }
    }
  }

  @Test func aStreamEndsWithItsKey() async throws {
    try await Venue.run { venue in
      let key = identity("alice-reader").key
      let text = try await venue.stream(Self.path, as: "alice-reader") { text in
        if text.isEmpty {
          venue.exchange.apply([.operation(.revokeKey(key), by: .venue)])
          venue.exchange.desk.receive(2, 7, status: .seen, block: 12)
        }
        return false
      }
      // The server ended it, and told nothing.
      #expect(!text.contains("event: ") && !text.contains("nothing came"), "\(text)")
      let again = try await venue.send("GET", Self.path, as: "alice-reader")
      #expect(again.status == 401 && again.code == "signature_invalid")
      let other = try await venue.stream(
        Self.path, as: "alice", headers: [("Last-Event-ID", "0")]
      ) { $0.contains("}\n\n") }
      #expect(other.contains("id: 1\nevent: deposit\n"))
    }
  }

  /// A connection that its client closed holds no place, long before a heartbeat could tell.
  @Test func aClosedConnectionLeavesItsPlace() async throws {
    try await Venue.run { venue in
      var configuration = HTTPClient.Configuration()
      configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
      let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
      var held: [HTTPClientResponse] = []
      for _ in 0..<8 { held.append(try await venue.open(Self.path, as: "alice", on: client)) }
      #expect(held.allSatisfy { $0.status == .ok })
      let refused = try await venue.send("GET", Self.path, as: "alice-reader")
      #expect(refused.status == 409 && refused.code == "too_many_streams", "\(refused.text)")
      #expect(refused.header("Retry-After") == nil)
      let other = try await venue.open(Self.path, as: "bob", on: client)
      #expect(other.status == .ok)
      held.removeLast()
      let isFree = try await soon {
        // Counted by the server as soon as it saw the end of the other.
        held.append(try await venue.open(Self.path, as: "alice", on: client))
        if held.last?.status == .ok { return true }
        held.removeLast()
        return false
      }
      #expect(isFree && held.count == 8)
      held = []
      try await client.shutdown()
    }
  }
}
