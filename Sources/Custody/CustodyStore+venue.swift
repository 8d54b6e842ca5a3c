// Our own transactions and the value over the venue's border, stored with the blocks that show
// them.

internal import Engine
internal import Ethereum
internal import Postgres

/// What some blocks show of the venue's own money.
struct OwnMovements: Sendable {
  var sent: [SentTransaction] = []
  var transfers: [VenueTransfer] = []
}

extension CustodyStore {
  /// In the transaction that stores their blocks; they leave with their blocks too.
  func insert(_ own: OwnMovements) throws(PostgresError) {
    if !own.sent.isEmpty { try insert(own.sent) }
    if !own.transfers.isEmpty { try insert(own.transfers) }
  }

  private func insert(_ sent: [SentTransaction]) throws(PostgresError) {
    var parameters = PostgresParameters(capacity: sent.count * 200 + 128)
    parameters.text(chain)
    parameters.byteaArray(sent.count) { sent[$0].sender.bytes }
    parameters.int8Array(sent.count) { Int64(clamping: sent[$0].nonce) }
    parameters.byteaArray(sent.count) { sent[$0].hash.bytes }
    parameters.textArray(sent.count) { sent[$0].isSuccess ? "t" : "f" }
    parameters.textArray(sent.count) { sent[$0].hasPaid ? "t" : "f" }
    parameters.textArray(sent.count) { "\(sent[$0].gasCost)" }
    parameters.int8Array(sent.count) { sent[$0].height }
    parameters.byteaArray(sent.count) { sent[$0].block.bytes }
    parameters.textArray(sent.count) { "\(sent[$0].value)" }
    // A contract's creation has no recipient, and nobody an empty address.
    parameters.byteaArray(sent.count) { sent[$0].recipient?.bytes ?? [] }
    let result = try connection.query(
      """
      insert into core.sent_transaction(chain, sender, nonce, hash, is_success, has_paid, gas_cost,
        block_height, block_hash, value, recipient)
      select $1, s, n, h, k::boolean, p::boolean, g::numeric, b, x, v::numeric,
        nullif(r, ''::bytea)
      from unnest($2::bytea[], $3::int8[], $4::bytea[], $5::text[], $6::text[], $7::text[],
        $8::int8[], $9::bytea[], $10::text[], $11::bytea[]) t(s, n, h, k, p, g, b, x, v, r)
      """, parameters)
    guard result.affectedRows == sent.count else {
      throw PostgresError(sqlstate: Self.divergence, message: "sent transactions not taken")
    }
  }

  private func insert(_ transfers: [VenueTransfer]) throws(PostgresError) {
    var parameters = PostgresParameters(capacity: transfers.count * 250 + 128)
    parameters.text(chain)
    parameters.byteaArray(transfers.count) { transfers[$0].transaction.bytes }
    parameters.textArray(transfers.count) { transfers[$0].outRef }
    parameters.textArray(transfers.count) { transfers[$0].asset }
    parameters.byteaArray(transfers.count) { transfers[$0].own.bytes }
    parameters.byteaArray(transfers.count) { transfers[$0].other.bytes }
    parameters.textArray(transfers.count) { index in
      (transfers[index].isIncoming ? "" : "-") + "\(transfers[index].raw)"
    }
    parameters.int8Array(transfers.count) { transfers[$0].place.height }
    parameters.byteaArray(transfers.count) { transfers[$0].place.hash.bytes }
    try connection.query(
      """
      insert into core.venue_transfer(chain, tx_hash, out_ref, asset, own, other, raw_amount,
        block_height, block_hash)
      select $1, h, r, a, o, e, w::numeric, b, x
      from unnest($2::bytea[], $3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::text[],
        $8::int8[], $9::bytea[]) t(h, r, a, o, e, w, b, x)
      """, parameters)
  }
}
