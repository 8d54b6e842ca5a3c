// Parameters, results, COPY, pipelines and errors, against the real server.

import Postgres
import Testing

extension PostgresTests {
  @Suite struct ParameterTests {
    @Test func everyTypeRoundTrips() throws {
      let connection = try connect()
      var parameters = PostgresParameters()
      parameters.int2(-2)
      parameters.int4(.min)
      parameters.int8(.max)
      parameters.text("Ünïcode 🜚 'quote'")
      parameters.bytea([0, 1, 0xff])
      parameters.numeric(-12_345_678_901_234_567_890)
      parameters.bool(true)
      parameters.timestamp(1_234_567_890_123_456)
      parameters.null(PostgresType.int8)
      let result = try connection.query(
        """
        select $1, $2, $3, $4, $5, $6, $7, $8, $9,
          to_char($8 at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
        """,
        parameters)
      #expect(result.int16(0, 0) == -2)
      #expect(result.int32(0, 1) == .min)
      #expect(result.int64(0, 2) == .max)
      #expect(result.string(0, 3) == "Ünïcode 🜚 'quote'")
      #expect(result.bytes(0, 4) == [0, 1, 0xff])
      #expect(result.numeric(0, 5) == -12_345_678_901_234_567_890)
      let isTrue = result.bool(0, 6)
      #expect(isTrue)
      #expect(result.timestamp(0, 7) == 1_234_567_890_123_456)
      let isNull = result.isNull(0, 8)
      #expect(isNull && result.columnCount == 10)
      #expect(result.optionalInt64(0, 8) == nil)
      // date -u -d @1234567890.123456
      #expect(result.string(0, 9) == "2009-02-13 23:31:30.123456")
    }

    @Test(arguments: [0, 1, 1_000]) func arraysRoundTrip(count: Int) throws {
      let connection = try connect()
      var parameters = PostgresParameters()
      parameters.int8Array(count) { Int64($0) - 5 }
      parameters.int4Array(count) { Int32($0) * -7 }
      parameters.textArray(count) { "text \($0), \"{}" }
      parameters.numericArray(count) { Int128($0) << 100 }
      parameters.byteaArray(count) { [UInt8](repeating: UInt8($0 & 0xff), count: $0 % 5) }
      let result = try connection.query("select * from unnest($1, $2, $3, $4, $5)", parameters)
      try #require(result.rowCount == count)
      for row in 0..<count {
        #expect(result.int64(row, 0) == Int64(row) - 5)
        #expect(result.int32(row, 1) == Int32(row) * -7)
        #expect(result.string(row, 2) == "text \(row), \"{}")
        #expect(result.numeric(row, 3) == Int128(row) << 100)
        #expect(result.bytes(row, 4) == [UInt8](repeating: UInt8(row & 0xff), count: row % 5))
      }
    }

    @Test func parametersAreReused() throws {
      let connection = try connect()
      try connection.prepare("next", "select $1 + 1, $2", [PostgresType.int8, PostgresType.text])
      var parameters = PostgresParameters()
      for number in 0..<50 as Range<Int64> {
        parameters.removeAll()
        parameters.int8(number)
        parameters.text(String(repeating: "x", count: Int(number) * 100))
        let result = try connection.run("next", parameters)
        #expect(result.int64(0, 0) == number + 1)
        #expect(result.string(0, 1).count == Int(number) * 100)
      }
    }

    @Test(arguments: [
      ("select 1::int4", "type 23"), ("select null::int8", "null"), ("select 'x'", "type 25"),
      ("select 1::int8 where false", "row 0 of a result of 0"),
    ]) func wrongTypeStopsTheProcess(sql: String, says: String) async throws {
      let conninfo = try ownerConninfo()
      let ended = await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent]
      ) { [conninfo = conninfo as String, sql = sql as String] in
        let connection = try PostgresConnection(conninfo)
        _ = try connection.query(sql).int64(0, 0)
      }
      let error = String(decoding: ended?.standardErrorContent ?? [], as: UTF8.self)
      #expect(error.contains(says), "stopped for another reason: \(error)")
    }
  }

  @Suite struct CopyTests {
    static let table = """
      create temp table wide(
        a int8, b int4, c int2, d numeric(39,0), e text, f text, g bytea, h timestamptz, i text,
        j bool)
      """

    @Test func rowsComeBackAsTheyWent() throws {
      let connection = try connect()
      try connection.execute(Self.table)
      // The first buffer is small and grows; the second use is of a larger batch, beyond one piece
      // of 1 MB.
      var copy = CopyBuffer(capacity: 64)
      for rows in [3, 20_000] {
        try connection.execute("truncate wide")
        copy.begin()
        for row in 0..<rows { Self.write(row, to: &copy) }
        copy.end()
        #expect(copy.rowCount == rows)
        #expect(try connection.copyIn("copy wide from stdin (format binary)", copy) == rows)
        let read = try connection.query("select * from wide order by a")
        try #require(read.rowCount == rows)
        for row in 0..<rows {
          #expect(read.int64(row, 0) == Int64(row))
          #expect(read.int32(row, 1) == Int32(-row))
          #expect(read.int16(row, 2) == Int16(row % 100))
          #expect(read.numeric(row, 3) == Int128(row) << 90)
          #expect(read.string(row, 4) == "literal")
          #expect(read.string(row, 5) == "row \(row)")
          #expect(read.bytes(row, 6) == [UInt8](repeating: 7, count: row % 9))
          #expect(read.timestamp(row, 7) == Int64(row) * 1_000_001)
          let (isNull, isEven) = (read.isNull(row, 8), read.bool(row, 9))
          #expect(isNull && isEven == (row % 2 == 0))
        }
      }
    }

    static func write(_ row: Int, to copy: inout CopyBuffer) {
      copy.row(10)
      copy.field(Int64(row))
      copy.field(Int32(-row))
      copy.field(Int16(row % 100))
      copy.numeric(Int128(row) << 90)
      copy.text("literal" as StaticString)
      copy.text("row \(row)")
      copy.bytea([UInt8](repeating: 7, count: row % 9))
      copy.timestamp(Int64(row) * 1_000_001)
      copy.null()
      copy.field(row % 2 == 0)
    }

    @Test func refusedRowsLeaveTheSessionUsable() throws {
      let connection = try connect()
      try connection.execute(
        "create temp table only_small(n int8 constraint is_small check (n < 10))")
      var copy = CopyBuffer()
      for row in 0..<200_000 {
        copy.row(1)
        copy.field(Int64(row))
      }
      copy.end()
      let error = #expect(throws: PostgresError.self) {
        try connection.copyIn("copy only_small from stdin (format binary)", copy)
      }
      #expect(error?.sqlstate == "23514")
      #expect(error?.constraint == "is_small")
      #expect(try connection.query("select count(*) from only_small").int64(0, 0) == 0)
    }

    @Test func rowWithTooFewFieldsStopsTheProcess() async {
      await #expect(processExitsWith: .failure) {
        var copy = CopyBuffer()
        copy.row(2)
        copy.field(Int64(1))
        copy.end()
      }
    }
  }
}
