// What goes wrong: errors by SQLSTATE, pipelines that fail in the middle, lost connections.

import Embedded
import Foundation
import Glibc
import Postgres
import TestServers
import Testing

extension PostgresTests {
  @Suite struct ErrorTests {
    @Test func serverErrorsCarryTheirFields() throws {
      let connection = try connect()
      try connection.execute(
        """
        create temp table account(id int8 constraint one_account primary key);
        insert into account values (1)
        """
      )
      let error = #expect(throws: PostgresError.self) {
        try connection.execute("insert into account values (1)")
      }
      #expect(error?.sqlstate == "23505")
      #expect(error?.constraint == "one_account")
      #expect(error?.table == "account")
      #expect(error?.detail?.contains("(id)=(1)") == true)
      #expect(error?.isConnectionLoss == false)
      let usable = try connection.query("select count(*) from account").int64(0, 0)
      #expect(usable == 1 && connection.isAlive)
    }

    /// Whichever way it was sent, and never with its values.
    @Test func anErrorNamesItsStatement() throws {
      let connection = try connect()
      func expect(_ shown: String, _ body: () throws -> Void) {
        let error = #expect(throws: PostgresError.self) { try body() }
        #expect(error?.statement?.contains(shown) == true, "\(String(describing: error))")
        #expect(error.map { "\($0)".contains("in: ") && !"\($0)".contains("4711") } == true)
      }
      expect("select nothing_there + '?'") {
        try connection.execute("select nothing_there + '4711'")
      }
      var parameters = PostgresParameters()
      parameters.text("4711")
      expect("select no_such_function($1)") {
        try connection.query("select no_such_function($1)", parameters)
      }
      expect("select $1::text from no_such_table") {
        try connection.prepare("bad", "select $1::text from no_such_table", [PostgresType.text])
      }
      let sql = "select case when $1 = '4711' then 1 / (length($1) - 4) end"
      try connection.prepare("division", sql, [PostgresType.text])
      expect("select case when $1 = '?'") { try connection.run("division", parameters) }
      expect("select case when $1 = '?'") {
        try connection.pipeline { pipeline throws(PostgresError) in
          try pipeline.run(sql: "select 1")
          try pipeline.run("division", parameters)
        }
      }
      expect("copy no_such_table from stdin") {
        var copy = CopyBuffer()
        copy.begin()
        copy.end()
        try connection.copyIn("copy no_such_table from stdin (format binary)", copy)
      }
      let isAlive = connection.isAlive
      #expect(isAlive)
    }

    @Test(arguments: [
      "postgres://user:hunter2@localhost:port/x", "host=/tmp user=x password=hunter2 hunter2",
      "postgres//user:hunter2@localhost/x", "user:hunter2@localhost/x", "password='hunter2",
      "postgres://user:hunter2@[::1/x",
      "postgres://user:hunter2@localhost/x?no_such_option=hunter2",
    ]) func noErrorTellsThePassword(conninfo: String) {
      let error = #expect(throws: PostgresError.self) { _ = try PostgresConnection(conninfo) }
      #expect(error.map { "\($0)".contains("hunter2") } == false, "\(String(describing: error))")
    }

    @Test func aRowThatCannotBeIsNoLostConnection() {
      let error = PostgresError.impossible("a row")
      #expect(error.isImpossible && !error.isConnectionLoss)
      #expect(PostgresError(message: "gone").isConnectionLoss)
    }

    @Test(arguments: [
      ("40001", false, false), ("40P01", false, false), ("25006", false, true),
      ("57P01", true, false), ("08006", true, false), ("23505", false, false),
      // What ends a session that idles in its transaction, or takes too long for it.
      ("25P03", true, false), ("25P04", true, false), ("25P02", false, false),
    ]) func sqlstateSaysWhatToDo(state: String, lost: Bool, readOnly: Bool) throws {
      let connection = try connect()
      let error = #expect(throws: PostgresError.self) {
        try connection.execute(
          "do $$ begin raise exception 'made' using errcode = '\(state)'; end $$")
      }
      #expect(error?.sqlstate == state)
      #expect(error?.isConnectionLoss == lost)
      #expect(error?.isReadOnly == readOnly)
    }

    @Test func readOnlyTransactionSaysSo() throws {
      let connection = try connect()
      try connection.execute("set default_transaction_read_only = on")
      let error = #expect(throws: PostgresError.self) {
        try connection.execute("create table t(a int)")
      }
      #expect(error?.isReadOnly == true)
    }

    @Test func roleIsTaken() throws {
      let connection = try connect(PrivateCluster.superuser, role: "uncross_audit")
      #expect(try connection.query("select current_user::text").string(0, 0) == "uncross_audit")
      let unknown = #expect(throws: PostgresError.self) {
        _ = try connect(PrivateCluster.superuser, role: "no \"such")
      }
      #expect(unknown?.message.contains("no \"such") == true)
    }

    @Test func absentServerIsConnectionLoss() {
      let error = #expect(throws: PostgresError.self) {
        _ = try PostgresConnection("host=/tmp/no/such/socket dbname=x user=x")
      }
      #expect(error?.isConnectionLoss == true)
    }

    @Test func settingsOfTheStringWin() throws {
      let cluster = try #require(SharedCluster.current)
      let connection = try PostgresConnection(
        cluster.conninfo(user: "uncross_app") + " application_name=teller")
      let name = try connection.query("select current_setting('application_name')").string(0, 0)
      #expect(name == "teller")
      let other = try connect("uncross_app")
      #expect(
        try other.query("select current_setting('application_name')").string(0, 0) == "uncross")
    }
  }

  @Suite struct LossTests {
    /// Kills a session's backend and waits until it is gone.
    private func terminate(_ pid: Int32) throws {
      let killer = try connect(PrivateCluster.superuser)
      var parameters = PostgresParameters()
      parameters.int4(pid)
      let isGone = try killer.query("select pg_terminate_backend($1, 10000)", parameters)
        .bool(0, 0)
      #expect(isGone)
    }

    @Test func killedBackendIsConnectionLoss() throws {
      let connection = try connect()
      try connection.execute("begin")
      try terminate(connection.backendPID)
      let error = #expect(throws: PostgresError.self) { try connection.execute("commit") }
      #expect(error?.isConnectionLoss == true)
      #expect(connection.isAlive == false)
    }

    @Test func idleLossShowsWithoutAsking() throws {
      let connection = try connect()
      #expect(connection.isAlive == true)
      try terminate(connection.backendPID)
      #expect(eventually { !connection.isAlive })
    }

    @Test func lossInCopyAndPipelineIsConnectionLoss() throws {
      var copy = CopyBuffer()
      copy.end()
      let first = try connect()
      try terminate(first.backendPID)
      let copied = #expect(throws: PostgresError.self) {
        try first.copyIn("copy pg_temp.none from stdin (format binary)", copy)
      }
      #expect(copied?.isConnectionLoss == true)
      let second = try connect()
      let piped = #expect(throws: PostgresError.self) {
        try second.pipeline { pipeline throws(PostgresError) in
          try pipeline.run(sql: "select 1")
          try pipeline.run(sql: "select pg_terminate_backend(pg_backend_pid())")
          try pipeline.run(sql: "select 2")
        }
      }
      #expect(piped?.isConnectionLoss == true)
      #expect(second.isAlive == false)
    }

    /// The server's end of a stuck transaction has a code of its own class.
    @Test func timeoutInTransactionIsConnectionLoss() throws {
      let connection = try connect()
      try connection.execute("set idle_in_transaction_session_timeout = 20; begin")
      #expect(eventually { !connection.isAlive })
      let error = #expect(throws: PostgresError.self) { try connection.execute("commit") }
      #expect(error?.isConnectionLoss == true, "\(String(describing: error))")
    }
  }

  @Suite struct PipelineTests {
    private func prepared() throws -> PostgresConnection {
      let connection = try connect()
      try connection.execute("create temp table step(n int8 primary key)")
      try connection.prepare("add", "insert into step values ($1)", [PostgresType.int8])
      try connection.prepare(
        "count", "select count(*) from step where n >= $1", [PostgresType.int8])
      return connection
    }

    private func number(_ value: Int64) -> PostgresParameters {
      var parameters = PostgresParameters()
      parameters.int8(value)
      return parameters
    }

    private func count(_ connection: borrowing PostgresConnection) throws -> Int64 {
      try connection.run("count", number(0)).int64(0, 0)
    }

    @Test func answersComeInOrder() throws {
      let connection = try prepared()
      var counts: [Int64] = []
      let affected = try connection.pipeline { pipeline throws(PostgresError) in
        for value in 0..<500 as Range<Int64> {
          try pipeline.run("add", number(value))
          try pipeline.run("count", number(0))
        }
      } result: { statement, result in
        if statement % 2 == 1 { counts.append(result.int64(0, 0)) }
      }
      #expect(affected == [Int](repeating: 1, count: 1_000))
      #expect(counts == Array(1...500))
      #expect(try connection.pipeline { _ in }.isEmpty)
    }

    @Test func errorInTheMiddleUndoesAllAndLeavesTheSessionUsable() throws {
      let connection = try prepared()
      for round in 0..<20 as Range<Int64> {
        let error = #expect(throws: PostgresError.self) {
          try connection.pipeline { pipeline throws(PostgresError) in
            try pipeline.run("add", number(100 + round))
            try pipeline.run("add", number(100 + round))
            try pipeline.run("add", number(200 + round))
          }
        }
        #expect(error?.sqlstate == "23505" && error?.constraint == "step_pkey")
        #expect(try count(connection) == round)
        try connection.pipeline { pipeline throws(PostgresError) in
          try pipeline.run("add", number(round))
        }
        #expect(try count(connection) == round + 1)
      }
    }

    @Test func refusalOfTheSenderUndoesWhatIsQueued() throws {
      let connection = try prepared()
      let error = #expect(throws: PostgresError.self) {
        try connection.pipeline { pipeline throws(PostgresError) in
          // Enough that the library has sent part of it already.
          for value in 0..<2_000 as Range<Int64> { try pipeline.run("add", number(value)) }
          throw PostgresError(sqlstate: "UX998", message: "changed my mind")
        }
      }
      #expect(error?.sqlstate == "UX998")
      #expect(try count(connection) == 0)
    }

    @Test func ownTransactionMayBeInside() throws {
      let connection = try prepared()
      try connection.execute("begin")
      try connection.execute("insert into step values (1)")
      let error = #expect(throws: PostgresError.self) {
        try connection.pipeline { pipeline throws(PostgresError) in
          try pipeline.run("add", number(1))
          try pipeline.run(sql: "commit")
        }
      }
      #expect(error?.sqlstate == "23505")
      try connection.execute("rollback")
      #expect(try count(connection) == 0)
    }

    /// More than the sockets hold in both directions: neither side may wait for the other.
    @Test func largeAnswersDoNotBlockSending() throws {
      let connection = try connect()
      try connection.prepare("echo", "select repeat($1, 20)", [PostgresType.text])
      var parameters = PostgresParameters()
      parameters.text(String(repeating: "y", count: 20_000))
      var bytes = 0
      try connection.pipeline { pipeline throws(PostgresError) in
        for _ in 0..<100 { try pipeline.run("echo", parameters) }
      } result: { _, result in
        bytes += result.withBytes(0, 0) { $0.count }
      }
      #expect(bytes == 40_000_000)
    }

    @Test func otherTypesThanPreparedStopTheProcess() async throws {
      let conninfo = try ownerConninfo()
      let ended = await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent]
      ) { [conninfo = conninfo as String] in
        let connection = try PostgresConnection(conninfo)
        try connection.prepare("echo", "select $1", [PostgresType.int8])
        var parameters = PostgresParameters()
        parameters.timestamp(1)
        _ = try connection.run("echo", parameters)
      }
      let error = String(decoding: ended?.standardErrorContent ?? [], as: UTF8.self)
      #expect(error.contains("parameter 1 of echo has type 1184, not 20"), "\(error)")
    }
  }
}
