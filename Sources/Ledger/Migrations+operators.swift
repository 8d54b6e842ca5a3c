// What operators did: the schema's part of it.

extension Migrations {
  // A projection of the journal, as `balance_log`: who did what, with which key, and why. Rows are
  // few, so each way of asking has its index.
  static let operatorLog = """
    create table core.operator_log(
      journal_seq bigint not null,
      position int not null,
      at timestamptz not null,
      operator_id bigint not null,
      public_key bytea,
      action text not null,
      subject text not null,
      detail text not null,
      reason text not null,
      primary key (journal_seq, position));
    create index operator_log_operator on core.operator_log(operator_id, journal_seq, position);
    create index operator_log_action on core.operator_log(action, journal_seq, position);
    create index operator_log_subject on core.operator_log(subject, journal_seq, position);
    create trigger append_only before update or delete on core.operator_log
      for each row execute function core.append_only();
    create trigger append_only_truncate before truncate on core.operator_log
      for each statement execute function core.append_only();
    grant select, insert on core.operator_log to uncross_app;
    grant select on core.operator_log to uncross_audit;
    """
}
