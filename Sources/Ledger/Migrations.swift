// The database's schema, step by step: applied in order by the owner, never changed once released.

internal import Engine
public import Postgres

/// Brings a database to the schema this program needs. Steps are numbered, applied in one
/// transaction each, and recorded; a database that is newer than the program is refused.
public enum Migrations {
  /// `public` holds the five tables that people ask and nothing else, `core` what a restart needs.
  /// No table has a column that could hold a trade or an auction's result.
  public static let steps: [String] = [
    schema, custody, guards, deposits, withdrawals, payoutAsks, sweeps, payoutResolutions,
    changedDeposits, deciders, openings, statementsByType, operatorLog, custodyDecisions,
    books, solvency,
  ]

  /// Applies what is missing; returns how many steps that was.
  @discardableResult
  public static func apply(on connection: borrowing PostgresConnection) throws(PostgresError) -> Int
  { try apply(on: connection, upTo: steps.count) }

  /// As a program that knew so many steps.
  @discardableResult
  package static func apply(
    on connection: borrowing PostgresConnection, upTo known: Int
  ) throws(PostgresError) -> Int {
    try connection.execute(
      """
      select pg_advisory_lock(\(lockKey));
      create schema if not exists core;
      create table if not exists core.migration(
        version int primary key, applied_at timestamptz not null default now());
      """)
    let result = try connection.query(
      "select coalesce(max(version), 0)::int8 from core.migration", PostgresParameters())
    let applied = Int(result.int64(0, 0))
    guard applied <= known else {
      throw PostgresError.impossible(
        "the database is at schema version \(applied), this program knows up to \(known):"
          + " start a newer one")
    }
    for version in applied..<known {
      try connection.execute(
        """
        begin;
        \(steps[version])
        insert into core.migration(version) values (\(version + 1));
        commit;
        """
      )
    }
    try connection.execute("select pg_advisory_unlock(\(lockKey))")
    return known - applied
  }

  // "uncross" in ASCII, as the name of the lock that keeps two migrations apart.
  private static let lockKey: Int64 = 0x75_6e63_726f_7373

  private static let schema = """
    create table public.balance(
      user_id bigint not null,
      asset text not null,
      total numeric(39,0) not null,
      free numeric(39,0) not null,
      locked numeric(39,0) not null,
      last_seq bigint not null,
      primary key (user_id, asset),
      constraint balance_adds_up check (total = free + locked),
      constraint balance_not_negative check (free >= 0 and locked >= 0)
    ) with (fillfactor = 50);

    create table public.balance_log(
      seq bigint not null,
      user_id bigint not null,
      asset text not null,
      delta numeric(39,0) not null,
      free_delta numeric(39,0) not null,
      locked_delta numeric(39,0) not null,
      free_after numeric(39,0) not null,
      locked_after numeric(39,0) not null,
      type text not null,
      ref text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (seq)
    ) partition by range (seq);

    create table core.journal(
      seq bigint primary key,
      term bigint not null,
      first_command bigint not null,
      commands int not null,
      at timestamptz not null,
      prev_hash bytea not null,
      hash bytea not null,
      body bytea not null,
      check (commands > 0 and octet_length(hash) = 32 and octet_length(prev_hash) = 32)
    );
    alter table core.journal alter column body set storage external;

    create table core.leader(
      singleton boolean primary key default true check (singleton),
      term bigint not null,
      at timestamptz not null);
    insert into core.leader(term, at) values (0, now());

    create table core.projection(
      singleton boolean primary key default true check (singleton),
      journal_seq bigint not null,
      event_index bigint not null,
      ledger_seq bigint not null);
    insert into core.projection(journal_seq, event_index, ledger_seq) values (0, 0, 0);

    create table core.users(
      id bigint primary key,
      name text not null,
      created_at timestamptz not null);

    create table core.snapshot(
      journal_seq bigint not null,
      part int not null,
      parts int not null,
      name text not null,
      hash bytea not null,
      body bytea not null,
      primary key (journal_seq, part));
    alter table core.snapshot alter column body set storage external;

    create function core.append_only() returns trigger language plpgsql as $$
    begin
      raise exception '% is append-only: corrections are new rows', tg_table_name
        using errcode = 'UX010';
    end $$;
    create trigger append_only before update or delete on core.journal
      for each row execute function core.append_only();
    create trigger append_only_truncate before truncate on core.journal
      for each statement execute function core.append_only();
    create trigger append_only before update or delete on public.balance_log
      for each row execute function core.append_only();
    create trigger append_only_truncate before truncate on public.balance_log
      for each statement execute function core.append_only();

    -- Fences a transaction to a term: shared locks by writers, an exclusive one by who raises it.
    create function core.require_term(mine bigint) returns void language plpgsql as $$
    declare current_term bigint;
    begin
      perform pg_advisory_xact_lock_shared(\(termKey));
      select term into current_term from core.leader;
      if current_term is distinct from mine then
        raise exception 'term % is over, the leader has term %', mine, current_term
          using errcode = 'UX001';
      end if;
    end $$;

    create function core.raise_term() returns bigint language plpgsql security definer
      set search_path = core, pg_temp as $$
    declare new_term bigint;
    begin
      perform pg_advisory_xact_lock(\(termKey));
      update core.leader set term = term + 1, at = now() returning term into new_term;
      return new_term;
    end $$;

    -- One group of the journal: fenced, linked to the group before it, in one round trip.
    create function core.append_group(
      group_seq bigint, group_term bigint, group_first bigint, group_commands int,
      group_at timestamptz, group_prev bytea, group_hash bytea, group_body bytea)
    returns void language plpgsql as $$
    begin
      perform core.require_term(group_term);
      if group_seq > 1 and not exists (
        select 1 from core.journal j where j.seq = group_seq - 1 and j.hash = group_prev
          and j.first_command + j.commands = group_first) then
        raise exception 'group % does not follow the journal', group_seq using errcode = 'UX002';
      end if;
      insert into core.journal values (group_seq, group_term, group_first, group_commands,
        group_at, group_prev, group_hash, group_body);
    end $$;

    -- The partition that holds first ... first + rows - 1; made ahead of need.
    create function core.ensure_partition(first bigint, rows bigint) returns void
      language plpgsql security definer set search_path = public, core, pg_temp as $$
    declare name text := format('balance_log_%s', first);
    begin
      if to_regclass('public.' || name) is null then
        execute format('create table public.%I partition of public.balance_log '
          'for values from (%s) to (%s)', name, first, first + rows);
        execute format('create trigger append_only_truncate before truncate on public.%I '
          'for each statement execute function core.append_only()', name);
        execute format('grant select, insert on public.%I to uncross_app', name);
        execute format('grant select on public.%I to uncross_audit', name);
      end if;
    end $$;

    -- A partition that takes no more rows gets the index that users' statements read by.
    create function core.close_partition(first bigint) returns void
      language plpgsql security definer set search_path = public, core, pg_temp as $$
    begin
      execute format('create index if not exists %I on public.%I (user_id, asset, seq)',
        format('balance_log_%s_user', first), format('balance_log_%s', first));
    end $$;

    -- Only movements, without what was locked and unlocked.
    create view core.balance_movement as
      select * from public.balance_log where delta <> 0;

    grant usage on schema public, core to uncross_app, uncross_audit;
    grant select, insert, update on public.balance to uncross_app;
    grant select, insert on public.balance_log, core.journal, core.users to uncross_app;
    grant select, insert, delete on core.snapshot to uncross_app;
    grant select, update on core.projection to uncross_app;
    grant select on core.leader, core.migration, core.balance_movement to uncross_app;
    grant select on all tables in schema public, core to uncross_audit;
    """

  private static let custody = """
    create table public.deposits(
      chain text not null,
      tx_hash bytea not null,
      out_ref text not null,
      user_id bigint not null,
      asset text not null,
      address bytea not null,
      block_height bigint not null,
      block_hash bytea not null,
      raw_amount numeric(78,0) not null,
      credited numeric(39,0) not null default 0,
      dust numeric(78,0) not null default 0,
      status text not null,
      credit_no bigint,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (chain, tx_hash, out_ref));

    create table public.withdrawals(
      id bigint primary key,
      user_id bigint not null,
      asset text not null,
      amount numeric(39,0) not null check (amount > 0),
      fee numeric(39,0) not null check (fee >= 0),
      address bytea not null,
      status text not null,
      chain text not null,
      tx_hash bytea,
      created_at timestamptz not null,
      updated_at timestamptz not null);

    create table public.scanned_blocks(
      chain text not null,
      height bigint not null,
      hash bytea not null,
      parent_hash bytea not null,
      scanned_at timestamptz not null,
      primary key (chain, height));

    grant select, insert, update on public.deposits, public.withdrawals to uncross_app;
    grant select, insert, delete on public.scanned_blocks to uncross_app;
    grant select on public.deposits, public.withdrawals, public.scanned_blocks to uncross_audit;
    """

  private static let guards = """
    -- What acts with the owner's rights is for the exchange alone: an auditor only reads.
    revoke execute on all functions in schema core from public;
    grant execute on function core.require_term(bigint), core.raise_term(),
      core.append_group(bigint, bigint, bigint, int, timestamptz, bytea, bytea, bytea),
      core.ensure_partition(bigint, bigint), core.close_partition(bigint) to uncross_app;

    -- Attached, not created in place: that would wait for every reader of the log, a dump for
    -- example, and trading for it.
    create or replace function core.ensure_partition(first bigint, rows bigint) returns void
      language plpgsql security definer set search_path = public, core, pg_temp as $$
    declare name text := format('balance_log_%s', first);
    begin
      if to_regclass('public.' || name) is null then
        execute format('create table public.%I '
          '(like public.balance_log including defaults including constraints)', name);
        execute format('create trigger append_only_truncate before truncate on public.%I '
          'for each statement execute function core.append_only()', name);
        execute format('grant select, insert on public.%I to uncross_app', name);
        execute format('grant select on public.%I to uncross_audit', name);
        execute format('alter table public.balance_log attach partition public.%I '
          'for values from (%s) to (%s)', name, first, first + rows);
      end if;
    end $$;

    -- The statistics too: without them a statement may walk the whole partition.
    create or replace function core.close_partition(first bigint) returns void
      language plpgsql security definer set search_path = public, core, pg_temp as $$
    begin
      execute format('create index if not exists %I on public.%I (user_id, asset, seq)',
        format('balance_log_%s_user', first), format('balance_log_%s', first));
      execute format('analyze public.%I', format('balance_log_%s', first));
    end $$;
    """

  // `scanned_blocks` belongs to the scanner; of `deposits` all but `credited`, `credited_seq`,
  // `clawback_seq` and the step to `credited`, which belong to the projection.
  private static let deposits = """
    -- The venue's account for losses is owed what clawbacks could not take.
    alter table public.balance drop constraint balance_not_negative,
      add constraint balance_not_negative
        check (locked >= 0 and (free >= 0 or user_id = \(Bounds.lossAccount)));

    alter table public.deposits
      add column id bigint generated by default as identity unique,
      add column sender bytea,
      add column contract bytea,
      add column amount numeric(39,0) not null,
      add column scale numeric(39,0) not null check (scale > 0),
      add column reason text not null default '',
      add column credited_seq bigint,
      add column clawback_no bigint,
      add column clawback_seq bigint,
      -- What an operator decided about one that was in review; it stands where the same amount is
      -- mined again.
      add column resolution text check (resolution in ('credit', 'reject')),
      add column resolved_by bigint,
      add column resolution_reason text,
      add constraint deposit_resolution check (
        (resolution is null) = (resolved_by is null)
        and (resolution is null) = (resolution_reason is null)),
      add constraint deposit_amounts check (
        raw_amount = amount * scale + dust and dust >= 0 and amount >= 0
        and credited in (0, amount)),
      add constraint deposit_status check (status in ('seen', 'confirming', 'credited', 'final',
        'orphaned', 'dust', 'review', 'rejected', 'clawback'));
    create unique index deposits_credit on public.deposits(chain, credit_no);
    create unique index deposits_clawback on public.deposits(chain, clawback_no);
    create index deposits_user on public.deposits(user_id, id);
    create index deposits_block on public.deposits(chain, block_height);

    -- Each step that a deposit took, for the auditor.
    create table core.deposit_log(
      id bigint generated always as identity primary key,
      chain text not null,
      tx_hash bytea not null,
      out_ref text not null,
      status text not null,
      block_height bigint not null,
      block_hash bytea not null,
      credit_no bigint,
      clawback_no bigint,
      at timestamptz not null default now(),
      -- Of the step by which an operator decided: who, and why.
      resolved_by bigint,
      resolution_reason text);
    create trigger append_only before update or delete on core.deposit_log
      for each row execute function core.append_only();
    create trigger append_only_truncate before truncate on core.deposit_log
      for each statement execute function core.append_only();
    create function core.log_deposit() returns trigger language plpgsql security definer
      set search_path = core, pg_temp as $$
    declare decided boolean := tg_op = 'UPDATE' and old.status = 'review'
      and new.resolution is not null and old.resolution is null;
    begin
      if tg_op = 'INSERT' or (new.status, new.block_hash, new.credit_no, new.clawback_no)
        is distinct from (old.status, old.block_hash, old.credit_no, old.clawback_no) then
        insert into core.deposit_log(chain, tx_hash, out_ref, status, block_height, block_hash,
          credit_no, clawback_no, resolved_by, resolution_reason)
        values (new.chain, new.tx_hash, new.out_ref, new.status, new.block_height,
          new.block_hash, new.credit_no, new.clawback_no,
          case when decided then new.resolved_by end,
          case when decided then new.resolution_reason end);
      end if;
      return new;
    end $$;
    create trigger log_deposit after insert or update on public.deposits
      for each row execute function core.log_deposit();
    revoke execute on function core.log_deposit() from public;

    -- Taken by every transaction that changes deposits: two that change several cannot wait for
    -- each other, and the log's numbers become visible in their order, so that a reader who goes on
    -- after the last one it saw misses none.
    create function core.lock_deposits() returns void language sql as
      $$ select pg_advisory_xact_lock(\(depositsKey)) $$;
    revoke execute on function core.lock_deposits() from public;
    grant execute on function core.lock_deposits() to uncross_app;

    create table core.chain(
      chain text primary key,
      chain_id bigint not null,
      genesis_hash bytea not null,
      scan_from bigint not null,
      finalized bigint not null default -1,
      last_credit bigint not null default 0,
      last_clawback bigint not null default 0);
    create table core.deposit_address(
      chain text not null,
      address bytea not null,
      user_id bigint not null,
      xpub text not null,
      created_at timestamptz not null default now(),
      primary key (chain, address),
      unique (chain, xpub, user_id));
    -- Blocks that were scanned and left the chain.
    create table core.orphan_block(
      chain text not null,
      height bigint not null,
      hash bytea not null,
      parent_hash bytea not null,
      replaced_at timestamptz not null default now(),
      primary key (chain, hash, replaced_at));

    grant select, insert on core.chain, core.deposit_address, core.orphan_block,
      core.deposit_log to uncross_app;
    grant update on core.chain to uncross_app;
    grant usage on sequence public.deposits_id_seq to uncross_app;
    grant select on core.chain, core.deposit_address, core.orphan_block, core.deposit_log
      to uncross_audit;
    """

  // Names the lock around the term, for `core.require_term` and `core.raise_term`.
  private static let termKey: Int64 = 0x7465_726d
  // Names the lock around deposits, for `core.lock_deposits`.
  private static let depositsKey: Int64 = 0x6465_706f
}
