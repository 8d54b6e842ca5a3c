// The schema of solvency: what lay on deposit addresses before their transfers were recorded, and
// the last comparison of chain and books.

extension Migrations {
  // An asset is opened once: as of a block, for all addresses that were given out by then. What
  // comes to an address that is given out later, and no transfer shows, is a surplus. A
  // reorganisation below that block makes the opening due again, as of the block where the chain
  // forked, for the blocks above it are scanned again. What an earlier program recorded was
  // recorded from its first block on.
  static let solvency = """
    create table core.opened_asset(
      chain text not null,
      asset text not null,
      block_height bigint not null,
      is_due boolean not null default false,
      opened_at timestamptz not null default now(),
      primary key (chain, asset));
    create table core.deposit_opening(
      chain text not null,
      asset text not null,
      address bytea not null,
      raw_amount numeric(78,0) not null check (raw_amount > 0),
      block_height bigint not null,
      block_hash bytea not null,
      primary key (chain, asset, address),
      foreign key (chain, asset) references core.opened_asset,
      foreign key (chain, address) references core.deposit_address);
    alter table core.venue_opening add column is_due boolean not null default false;
    insert into core.opened_asset(chain, asset, block_height)
      select distinct chain, asset, -1 from (
        select chain, asset from core.venue_opening
        union all select chain, asset from core.venue_transfer
        union all select chain, asset from public.deposits) known;
    create table core.solvency_check(
      chain text primary key,
      made_at timestamptz,
      report text,
      failures bigint not null,
      failed_at timestamptz,
      failure text,
      check ((made_at is null) = (report is null)),
      check ((failed_at is null) = (failure is null)));
    -- A coin that was a mistake, and of which nothing was paid in or out, leaves no opening.
    create or replace function core.forget_openings(of_chain text, of_asset text) returns void
    language plpgsql security definer set search_path = pg_catalog as $$
    begin
      if exists (select from public.deposits where (chain, asset) = (of_chain, of_asset))
        or exists (select from public.withdrawals where (chain, asset) = (of_chain, of_asset)) then
        raise exception 'an asset that was paid keeps its openings';
      end if;
      delete from core.deposit_opening where (chain, asset) = (of_chain, of_asset);
      delete from core.opened_asset where (chain, asset) = (of_chain, of_asset);
      delete from core.venue_opening where (chain, asset) = (of_chain, of_asset);
      delete from core.venue_transfer where (chain, asset) = (of_chain, of_asset);
    end $$;
    revoke execute on function core.forget_openings(text, text) from public;
    grant execute on function core.forget_openings(text, text) to uncross_app;
    grant select, insert, update on core.opened_asset, core.solvency_check to uncross_app;
    grant select, insert, delete on core.deposit_opening to uncross_app;
    grant update (raw_amount, block_height, is_due) on core.venue_opening to uncross_app;
    grant select on core.opened_asset, core.deposit_opening, core.solvency_check to uncross_audit;
    """
}
