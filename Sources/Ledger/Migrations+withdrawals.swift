// The schema of withdrawals: what the engine decided, and what custody has of each payment.

extension Migrations {
  // Of `withdrawals`, `decision`, `reason` and what was asked for belong to the projection;
  // `payment`, `tx_hash` and `block_height` to the sender; `status` is made of both. A client id
  // may come again after the engine has forgotten it, so it is no key here: the ledger must not be
  // stopped by it.
  static let withdrawals = """
    alter table public.withdrawals
      drop column status,
      add column client_id text not null,
      add column approvals_needed smallint not null,
      add column decision text not null check (decision in ('requested', 'approved', 'started',
        'confirmed', 'cancelled', 'rejected', 'reverted')),
      add column reason text not null default '',
      add column payment text check (payment in ('slotted', 'signed', 'broadcast', 'mined',
        'cancelling', 'halted')),
      add column status text generated always as (
        case when decision = 'started' then coalesce(payment, 'started') else decision end) stored,
      add column block_height bigint;
    create index withdrawals_user on public.withdrawals(user_id, id);
    create index withdrawals_client on public.withdrawals(user_id, client_id);
    create index withdrawals_open on public.withdrawals(chain, id)
      where decision in ('requested', 'approved', 'started');

    -- Each step that a withdrawal took, for the auditor.
    create table core.withdrawal_log(
      id bigint generated always as identity primary key,
      withdrawal_id bigint not null,
      status text not null,
      tx_hash bytea,
      block_height bigint,
      reason text not null,
      at timestamptz not null default now());
    create trigger append_only before update or delete on core.withdrawal_log
      for each row execute function core.append_only();
    create trigger append_only_truncate before truncate on core.withdrawal_log
      for each statement execute function core.append_only();
    create function core.log_withdrawal() returns trigger language plpgsql security definer
      set search_path = core, pg_temp as $$
    begin
      if tg_op = 'INSERT' or (new.status, new.tx_hash, new.block_height)
        is distinct from (old.status, old.tx_hash, old.block_height) then
        insert into core.withdrawal_log(withdrawal_id, status, tx_hash, block_height, reason)
        values (new.id, new.status, new.tx_hash, new.block_height, new.reason);
      end if;
      return new;
    end $$;
    create trigger log_withdrawal after insert or update on public.withdrawals
      for each row execute function core.log_withdrawal();
    revoke execute on function core.log_withdrawal() from public;

    -- Operators' signatures, each over the fields of the withdrawal.
    create table core.withdrawal_approval(
      withdrawal_id bigint not null,
      operator_id bigint not null,
      public_key bytea not null,
      signature bytea not null,
      approved_at timestamptz not null,
      primary key (withdrawal_id, public_key));

    -- An account that pays. Its slots are numbered from its first nonce without gaps.
    create table core.payout_sender(
      chain text not null,
      sender bytea not null,
      first_nonce bigint not null check (first_nonce >= 0),
      halted text,
      halted_at timestamptz,
      primary key (chain, sender));

    -- One payment is one nonce of one sender, for ever.
    create table core.payout_slot(
      chain text not null,
      sender bytea not null,
      nonce bigint not null check (nonce >= 0),
      purpose text not null check (purpose in ('withdrawal', 'top_up', 'sweep')),
      withdrawal_id bigint unique,
      destination bytea not null,
      value numeric(78,0) not null check (value >= 0),
      data bytea not null,
      gas_limit bigint not null check (gas_limit > 0),
      is_cancelled boolean not null default false,
      hold text,
      resolution text check (resolution in ('paid', 'reverted')),
      outcome text check (outcome in ('paid', 'reverted', 'cancelled')),
      created_at timestamptz not null default now(),
      primary key (chain, sender, nonce),
      check ((purpose = 'withdrawal') = (withdrawal_id is not null)));
    create index payout_slot_open on core.payout_slot(chain, sender, nonce) where outcome is null;

    -- What was signed: kept before it is sent, and for ever.
    create table core.payout_attempt(
      hash bytea primary key,
      chain text not null,
      sender bytea not null,
      nonce bigint not null,
      kind text not null check (kind in ('payment', 'cancellation')),
      priority_fee numeric(78,0) not null,
      maximum_fee numeric(78,0) not null,
      raw bytea not null,
      signed_height bigint not null,
      sent_height bigint,
      answer text not null default '',
      signed_at timestamptz not null default now(),
      sent_at timestamptz,
      foreign key (chain, sender, nonce) references core.payout_slot);
    create index payout_attempt_slot on core.payout_attempt(chain, sender, nonce);

    -- What operators decided about payments, for the auditor.
    create table core.payout_decision(
      id bigint generated always as identity primary key,
      chain text not null,
      sender bytea not null,
      nonce bigint,
      operator_id bigint not null,
      decision text not null check (decision in ('resume', 'cancel', 'paid', 'reverted')),
      reason text not null,
      at timestamptz not null default now());
    create trigger append_only before update or delete on core.payout_decision
      for each row execute function core.append_only();
    create trigger append_only_truncate before truncate on core.payout_decision
      for each statement execute function core.append_only();

    -- Transactions of our own addresses in scanned blocks.
    create table core.sent_transaction(
      chain text not null,
      sender bytea not null,
      nonce bigint not null,
      hash bytea not null,
      is_success boolean not null,
      has_paid boolean not null,
      gas_cost numeric(78,0) not null,
      block_height bigint not null,
      block_hash bytea not null,
      primary key (chain, sender, nonce));
    create index sent_transaction_block on core.sent_transaction(chain, block_height);

    -- What the venue's own addresses got from outside (above 0), and what any address of ours paid
    -- to the outside (below 0), in scanned blocks.
    create table core.venue_transfer(
      chain text not null,
      tx_hash bytea not null,
      out_ref text not null,
      asset text not null,
      own bytea not null,
      other bytea not null,
      raw_amount numeric(78,0) not null,
      block_height bigint not null,
      block_hash bytea not null,
      primary key (chain, tx_hash, out_ref));
    create index venue_transfer_block on core.venue_transfer(chain, block_height);

    grant select, insert on core.withdrawal_log, core.withdrawal_approval, core.payout_sender,
      core.payout_slot, core.payout_attempt, core.payout_decision, core.sent_transaction,
      core.venue_transfer to uncross_app;
    grant update on core.payout_sender, core.payout_slot, core.payout_attempt to uncross_app;
    grant delete on core.sent_transaction, core.venue_transfer to uncross_app;
    grant select on core.withdrawal_log, core.withdrawal_approval, core.payout_sender,
      core.payout_slot, core.payout_attempt, core.payout_decision, core.sent_transaction,
      core.venue_transfer to uncross_audit;
    """

  // What the signer was last asked for at a nonce, until its answer is stored; and the fees of what
  // it was asked for before that, where that answer was lost too.
  static let payoutAsks = """
    alter table core.payout_slot
      add column asked_kind text check (asked_kind in ('payment', 'cancellation')),
      add column asked_priority_fee numeric(78,0),
      add column asked_maximum_fee numeric(78,0),
      add column doubted_priority_fee numeric(78,0),
      add column doubted_maximum_fee numeric(78,0),
      add check ((doubted_priority_fee is null) = (doubted_maximum_fee is null)),
      add check ((asked_kind is null) = (asked_priority_fee is null)
        and (asked_kind is null) = (asked_maximum_fee is null));
    """

  // What a person says of a payment is said of one transaction.
  static let payoutResolutions = """
    alter table core.payout_slot
      add column resolved_hash bytea,
      drop constraint payout_slot_resolution_check,
      add constraint payout_slot_resolution_check
        check (resolution in ('paid', 'reverted', 'cancelled')),
      add check (resolved_hash is null or resolution is not null);
    alter table core.payout_decision
      drop constraint if exists payout_decision_decision_check,
      drop constraint if exists payout_decision_decision_check1,
      add constraint payout_decision_is_known
        check (decision in ('resume', 'cancel', 'paid', 'reverted', 'cancelled', 'sweep'));
    """

  // Sweeps of deposit addresses are slots of their own senders; what gas they need waits here for a
  // nonce of the hot wallet. Where coins went tells what of an address's balance no transfer
  // explains.
  static let sweeps = """
    create table core.top_up(
      id bigint generated always as identity primary key,
      chain text not null,
      address bytea not null,
      value numeric(78,0) not null check (value > 0),
      operator_id bigint not null,
      requested_at timestamptz not null default now(),
      sender bytea,
      nonce bigint,
      check ((sender is null) = (nonce is null)));
    create index top_up_address on core.top_up(chain, address);
    create index top_up_waiting on core.top_up(chain, id) where nonce is null;
    create index payout_slot_sweep on core.payout_slot(chain, created_at)
      where purpose = 'sweep' and outcome is null;
    alter table core.sent_transaction
      add column value numeric(78,0) not null default 0,
      add column recipient bytea;
    alter table core.payout_decision
      drop constraint payout_decision_decision_check,
      add check (decision in ('resume', 'cancel', 'paid', 'reverted', 'sweep'));
    grant select, insert on core.top_up to uncross_app;
    grant update(sender, nonce) on core.top_up to uncross_app;
    grant select on core.top_up to uncross_audit;
    """

  // Who decided a step: an operator, the user, or 0 for custody. It belongs to the projection, as
  // `decision` does.
  static let deciders = """
    alter table public.withdrawals add column decided_by bigint;
    alter table core.withdrawal_log add column decided_by bigint;
    create or replace function core.log_withdrawal() returns trigger language plpgsql
      security definer set search_path = core, pg_temp as $$
    begin
      if tg_op = 'INSERT' or (new.status, new.tx_hash, new.block_height)
        is distinct from (old.status, old.tx_hash, old.block_height) then
        insert into core.withdrawal_log(
          withdrawal_id, status, tx_hash, block_height, reason, decided_by)
        values (new.id, new.status, new.tx_hash, new.block_height, new.reason, new.decided_by);
      end if;
      return new;
    end $$;
    """
}
