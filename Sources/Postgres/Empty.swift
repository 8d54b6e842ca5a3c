enum EmptyPostgres {}
