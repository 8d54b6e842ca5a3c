// The suite of all tests on the shared server, and how they connect to it.

import Embedded
import Postgres
import TestServers
import Testing

@Suite(.serialized, .sharedCluster) enum PostgresTests {}

/// A session on the shared server. Tests run one after another and nothing else waits for their
/// thread, so here calls may block on the pool.
func connect(
  _ user: String = PrivateCluster.owner, role: String? = nil
) throws -> PostgresConnection {
  let cluster = try #require(SharedCluster.current)
  return try PostgresConnection(cluster.conninfo(user: user), role: role)
}

func ownerConninfo() throws -> String {
  try #require(SharedCluster.current).conninfo(user: PrivateCluster.owner)
}
