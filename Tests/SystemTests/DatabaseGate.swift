// Holds one kind of write of the exchange back inside Postgres, so that a test can kill at exactly
// that moment: everything before the write is durable, the write itself is not.

import Foundation
import Postgres
import Synchronization
import Testing

/// A trigger that waits for an advisory lock while it is armed: while a session of the test's holds
/// that lock. It is disarmed by a restart of Postgres too, so that a start is not held up by the
/// gate of the run before.
final class DatabaseGate: Sendable {
  /// One kind of write.
  struct Place: Sendable {
    var table: String
    /// `insert` or `update`.
    var event: String
    /// About `old` and `new`; empty for all rows.
    var condition = ""
  }

  /// The first half of the locks' keys; the second is the place's.
  private static let locks = 8_417

  private let exchange: ExchangeProcess
  /// Holds the locks.
  private let session = Mutex<PostgresConnection?>(nil)

  init(exchange: ExchangeProcess) { self.exchange = exchange }

  private func connect() throws -> PostgresConnection {
    try PostgresConnection(exchange.database("postgres"))
  }

  /// Adds a trigger for each place, none of them armed.
  func install(_ places: [String: Place]) throws {
    let connection = try connect()
    try connection.execute(
      """
      create schema gate;
      grant usage on schema gate to public;
      create function gate.wait() returns trigger language plpgsql set lock_timeout = 0 as $$
      begin
        perform pg_advisory_xact_lock_shared(\(Self.locks), hashtext(tg_argv[0]));
        return new;
      end $$;
      """)
    for (name, place) in places {
      let condition = place.condition.isEmpty ? "" : "when (\(place.condition))"
      try connection.execute(
        """
        create trigger gate_\(name) before \(place.event) on \(place.table)
          for each row \(condition) execute function gate.wait('\(name)')
        """)
    }
  }

  func arm(_ name: String) throws {
    try session.withLock { session in
      if session?.isAlive != true { session = try connect() }
      try session?.execute("select pg_advisory_lock(\(Self.locks), hashtext('\(name)'))")
    }
  }

  func disarm(_ name: String) throws {
    try session.withLock {
      try $0?.execute("select pg_advisory_unlock(\(Self.locks), hashtext('\(name)'))")
    }
  }

  /// What waits goes on. Where Postgres is down there is nothing that waits.
  func disarmAll() { session.withLock { try? $0?.execute("select pg_advisory_unlock_all()") } }

  /// Whether a write waits.
  func isMet() throws -> Bool {
    let found = try connect().query(
      """
      select count(*) from pg_locks
      where locktype = 'advisory' and classid = \(Self.locks) and not granted
      """)
    return found.int64(0, 0) > 0
  }
}
