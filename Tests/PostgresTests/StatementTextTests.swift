// A statement as an error shows it.

import Testing

@testable import Postgres

@Suite struct StatementTextTests {
  @Test(arguments: [
    ("select 1", "select 1"),
    ("  select\n    a,  b\n from t ", "select a, b from t"),
    ("alter role x password 'hunter2'", "alter role x password '?'"),
    ("select 'it''s hunter2', \"it's\" , 'b'", "select '?', \"it's\" , '?'"),
    (#"select E'a\'hunter2', 'b\'"#, "select '?', '?'"),
    ("select -- the owner's\n 'hunter2'", "select '?'"),
    ("select /* the owner's */ 'hunter2'", "select '?'"),
    ("do $$ begin hunter2; end $$; select $1", "do '?'; select $1"),
    ("select $a$ hunter2 $$ ' $a$, 2", "select '?', 2"),
    ("select 'hunter2", "select '?'"), ("select $$hunter2", "select '?'"), ("", ""),
  ]) func valuesAreLeftOut(sql: String, shown: String) {
    #expect(StatementText.shown(sql) == shown)
  }

  @Test func aLongOneIsCutAroundTheFault() throws {
    let columns = (0..<200).map { "column_\($0)" }.joined(separator: ", ")
    let sql = "select 'a literal of some length', \(columns) from t"
    let start = StatementText.shown(sql)
    #expect(start.hasPrefix("select '?', column_0,") && start.hasSuffix("..."))
    #expect(start.count == StatementText.maximumCount + 3)
    let index = try #require(sql.firstRange(of: "column_150")?.lowerBound)
    let place = sql.distance(from: sql.startIndex, to: index) + 1
    let middle = StatementText.shown(sql, at: place)
    #expect(middle.contains("column_150, column_151"), "\(middle)")
    #expect(middle.hasPrefix("...") && middle.hasSuffix("...") && middle.count < 250)
    let end = StatementText.shown(sql, at: sql.count)
    #expect(end.hasPrefix("...") && end.hasSuffix("column_199 from t"), "\(end)")
  }
}
