import Testing
@Test func emptyPostgres() {}
