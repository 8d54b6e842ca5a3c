// Holds one kind of write of the exchange back inside Postgres, so that a test can kill at exactly
// that moment: everything before the write is durable, the write itself is not.

import Foundation
import Postgres
import Testing

/// A trigger that waits while it is armed. It is disarmed by a restart of Postgres too, so that a
/// start is not held up by the gate of the run before.
struct DatabaseGate: Sendable {
  /// One kind of write.
  struct Place: Sendable {
    var table: String
    /// `insert` or `update`.
    var event: String
    /// About `old` and `new`; empty for all rows.
    var condition = ""
  }

  let exchange: ExchangeProcess

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
      create table gate.armed(name text primary key, server timestamptz not null);
      create function gate.wait() returns trigger language plpgsql security definer as $$
      begin
        -- Each look is a statement of its own, so it sees what was committed meanwhile.
        while exists (select from gate.armed
            where name = tg_argv[0] and server = pg_postmaster_start_time()) loop
          perform pg_sleep(0.01);
        end loop;
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
    try connect().execute(
      """
      insert into gate.armed values ('\(name)', pg_postmaster_start_time())
      on conflict (name) do update set server = excluded.server
      """)
  }

  func disarm(_ name: String) throws {
    try connect().execute("delete from gate.armed where name = '\(name)'")
  }

  /// What waits goes on. Where Postgres is down there is nothing that waits.
  func disarmAll() { try? connect().execute("delete from gate.armed") }

  /// Whether a write waits.
  func isMet() throws -> Bool {
    let found = try connect().query(
      "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")
    return found.int64(0, 0) > 0
  }
}
