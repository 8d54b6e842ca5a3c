// Whole numbers against the server's own text, in both directions.

import Postgres
import SeededNumbers
import Testing

extension PostgresTests {
  @Suite struct NumericTests {
    /// Powers of ten and of 10,000 with their neighbours, and the ends of the range, both signs.
    static let edges: [Int128] = {
      var values: Set<Int128> = [0, .max, .min, .min + 1, Int128(Int64.max), Int128(Int64.min)]
      values.formUnion([Int128(UInt64.max), Int128(UInt64.max) + 1, Int128(1) << 120])
      var power: Int128 = 1
      for _ in 0...38 {
        for near in [power - 1, power, power + 1] { values.formUnion([near, -near]) }
        power = power.multipliedReportingOverflow(by: 10).partialValue
      }
      return values.sorted()
    }()

    /// Of every length in bits, so that every number of digits occurs.
    static func random(seed: UInt64, count: Int) -> [Int128] {
      var numbers = SeededNumbers(seed)
      return (0..<count).map { _ in
        let wide = Int128(truncatingIfNeeded: numbers.next()) << 64 | Int128(numbers.next())
        return wide >> Int128(numbers.next() % 128)
      }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func roundTrips(seed: UInt64) throws {
      let values = Self.edges + Self.random(seed: seed, count: 2_000)
      let connection = try connect()
      var parameters = PostgresParameters()
      parameters.numericArray(values.count) { values[$0] }
      parameters.textArray(values.count) { values[$0].description }
      // The server compares its reading of our bytes with its reading of our text, by value and by
      // form.
      let result = try connection.query(
        """
        select n, n::text, (n = t::numeric and numeric_send(n) = numeric_send(t::numeric))
        from unnest($1, $2) with ordinality as given(n, t, place) order by place
        """, parameters)
      try #require(result.rowCount == values.count)
      for (row, value) in values.enumerated() {
        let isSame = result.bool(row, 2)
        #expect(isSame, "seed \(seed): \(value) arrives as another")
        #expect(result.string(row, 1) == value.description)
        #expect(result.numeric(row, 0) == value, "seed \(seed)")
      }
    }

    /// Through COPY into the column's own type.
    @Test func columnOfMoneyHoldsAll() throws {
      let connection = try connect()
      try connection.execute("create temp table amount(place int8, n numeric(39,0))")
      var copy = CopyBuffer()
      for (place, value) in Self.edges.enumerated() {
        copy.row(2)
        copy.field(Int64(place))
        copy.numeric(value)
      }
      copy.end()
      try connection.copyIn("copy amount from stdin (format binary)", copy)
      let result = try connection.query("select n, numeric_send(n) from amount order by place")
      for (row, value) in Self.edges.enumerated() {
        let sent = result.withBytes(row, 0) { Array($0) }
        #expect(sent == result.bytes(row, 1))
        #expect(result.numeric(row, 0) == value)
      }
    }

    /// A number that Int128 does not hold is no number to go on with.
    @Test(arguments: [
      ("0.5", "fraction"), ("'NaN'", "not a number"), ("'Infinity'", "not a number"),
      ("170141183460469231731687303715884105728", "beyond 128 bits"), ("1e39", "beyond 128 bits"),
      ("-1e45", "beyond 128 bits"),
    ]) func otherNumbersStopTheProcess(sql: String, says: String) async throws {
      let conninfo = try ownerConninfo()
      let ended = await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent]
      ) { [conninfo = conninfo as String, sql = sql as String] in
        let connection = try PostgresConnection(conninfo)
        _ = try connection.query("select \(sql)::numeric").numeric(0, 0)
      }
      let error = String(decoding: ended?.standardErrorContent ?? [], as: UTF8.self)
      #expect(error.contains(says), "stopped for another reason: \(error)")
    }
  }
}
