// The schema of what operators decide about custody: what waits for a second one, and what each
// did.

extension Migrations {
  // A decision that gives a user money waits for a second operator, one for each deposit or
  // payment. The log stands beside `core.operator_log` and is read with it: its rows lie after the
  // group of the journal that was projected last. What was decided before has no key and lies
  // before all.
  static let custodyDecisions = """
    create table core.custody_proposal(
      id bigint generated always as identity primary key,
      chain text not null,
      deposit_id bigint,
      sender bytea,
      nonce bigint,
      withdrawal_id bigint,
      decision text not null,
      user_id bigint not null,
      asset text not null,
      amount numeric(39,0) not null check (amount > 0),
      tx_hash bytea not null,
      out_ref text not null,
      operator_id bigint not null,
      public_key bytea not null,
      reason text not null,
      requested_at timestamptz not null,
      outcome text check (outcome in ('approved', 'refused', 'ended')),
      decided_by bigint,
      check ((outcome is null) = (decided_by is null)),
      check (case when deposit_id is null
        then sender is not null and nonce is not null and withdrawal_id is not null
          and decision in ('reverted', 'cancelled')
        else sender is null and nonce is null and withdrawal_id is null and decision = 'credit'
        end));
    create unique index custody_proposal_deposit on core.custody_proposal(chain, deposit_id)
      where outcome is null;
    create unique index custody_proposal_payout on core.custody_proposal(chain, sender, nonce)
      where outcome is null;
    grant select, insert on core.custody_proposal to uncross_app;
    grant update(outcome, decided_by) on core.custody_proposal to uncross_app;
    grant select on core.custody_proposal to uncross_audit;

    create table core.custody_decision(
      id bigint generated always as identity primary key,
      journal_seq bigint not null,
      -- Beyond the place of any action in a group.
      position int not null generated always as (1073741824 + (id % 1073741824)::int - 1) stored,
      at timestamptz not null default now(),
      chain text not null,
      operator_id bigint not null,
      public_key bytea,
      action text not null,
      subject text not null,
      detail text not null,
      reason text not null,
      signature bytea);
    create index custody_decision_place on core.custody_decision(journal_seq, position);
    create index custody_decision_operator
      on core.custody_decision(operator_id, journal_seq, position);
    create index custody_decision_action on core.custody_decision(action, journal_seq, position);
    create index custody_decision_subject on core.custody_decision(subject, journal_seq, position);
    insert into core.custody_decision(journal_seq, at, chain, operator_id, action, subject, detail,
      reason)
    select 0, at, chain, operator_id, action, subject, detail, reason from (
      select d.at, d.chain, d.operator_id,
        case d.decision when 'resume' then 'resume_payouts' when 'cancel' then 'cancel_payout'
          when 'sweep' then 'submit_sweep' else 'resolve_payout' end as action,
        coalesce(w.user_id::text, d.chain) as subject,
        'sender=0x' || encode(d.sender, 'hex') || coalesce(' nonce=' || d.nonce, '')
          || case when d.decision in ('paid', 'reverted', 'cancelled')
            then ' outcome=' || d.decision else '' end as detail, d.reason, d.id
      from core.payout_decision d
      left join core.payout_slot s on (s.chain, s.sender, s.nonce) = (d.chain, d.sender, d.nonce)
      left join public.withdrawals w on w.id = s.withdrawal_id
      union all
      select l.at, l.chain, l.resolved_by,
        case l.status when 'rejected' then 'reject_deposit' else 'credit_deposit' end,
        p.user_id::text, 'deposit=' || p.id, coalesce(l.resolution_reason, ''), l.id
      from core.deposit_log l join public.deposits p using (chain, tx_hash, out_ref)
      where l.resolved_by is not null) before
    order by at, id;
    create trigger append_only before update or delete on core.custody_decision
      for each row execute function core.append_only();
    create trigger append_only_truncate before truncate on core.custody_decision
      for each statement execute function core.append_only();
    grant select, insert on core.custody_decision to uncross_app;
    grant select on core.custody_decision to uncross_audit;
    drop table core.payout_decision;
    """
}
