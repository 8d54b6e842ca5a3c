// The schema of deposits, later steps: what a reorganisation made of credits, and an index for each
// turn.

extension Migrations {
  // A row whose credit is live or on its way must say what was credited until the ledger has it
  // taken back; what the chain has in its place meanwhile waits here. The index serves what each
  // turn asks of all deposits.
  static let changedDeposits = """
    create table core.changed_deposit(
      chain text not null,
      tx_hash bytea not null,
      out_ref text not null,
      user_id bigint not null,
      asset text not null,
      address bytea not null,
      sender bytea not null,
      contract bytea,
      block_height bigint not null,
      block_hash bytea not null,
      raw_amount numeric(78,0) not null,
      amount numeric(39,0) not null,
      dust numeric(78,0) not null,
      scale numeric(39,0) not null,
      primary key (chain, tx_hash, out_ref),
      foreign key (chain, tx_hash, out_ref) references public.deposits,
      check (raw_amount = amount * scale + dust));
    create index changed_deposit_block on core.changed_deposit(chain, block_height);
    create index deposits_status on public.deposits(chain, status, block_height);
    grant select, insert, update, delete on core.changed_deposit to uncross_app;
    grant select on core.changed_deposit to uncross_audit;
    """

  // What the venue's wallets held when they were named: of those whose transfers are recorded from
  // the first block on, nothing.
  static let openings = """
    create table core.venue_opening(
      chain text not null,
      asset text not null,
      own bytea not null,
      raw_amount numeric(78,0) not null check (raw_amount >= 0),
      block_height bigint not null,
      primary key (chain, asset, own));
    insert into core.venue_opening(chain, asset, own, raw_amount, block_height)
      select distinct t.chain, t.asset, t.own, 0, -1 from core.venue_transfer t
      where not exists (select from core.deposit_address d
        where (d.chain, d.address) = (t.chain, t.own));
    grant select, insert on core.venue_opening to uncross_app;
    grant select on core.venue_opening to uncross_audit;
    """
}
