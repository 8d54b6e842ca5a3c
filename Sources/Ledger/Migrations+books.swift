// The schema of what the books are of.

extension Migrations {
  // Real money and coins of no worth never meet in one database, and an asset is the same coin for
  // ever. What older programs wrote says what it is by its chains: theirs for development was `dev`
  // with the id 31337. A chain that they scanned twice under two names is left as it is; the index
  // is missing there.
  static let books = """
    create table core.books(
      singleton boolean primary key default true check (singleton),
      kind text not null check (kind in ('development', 'real')),
      at timestamptz not null default now());
    insert into core.books(kind)
      select case when bool_and(chain = 'dev' and chain_id = 31337) then 'development'
        else 'real' end
      from (
        select chain, chain_id from core.chain
        -- One that never reached its node gave addresses out all the same.
        union select chain, case chain when 'dev' then 31337 end from core.deposit_address) c
      having count(*) > 0;
    grant select, insert on core.books to uncross_app;
    grant select on core.books to uncross_audit;

    create table core.chain_asset(
      chain text not null,
      asset text not null,
      -- Null for the chain's own coin.
      contract bytea,
      -- On the chain; null where an older program took the first deposit.
      decimals int,
      -- The chain's smallest units in one atom.
      scale numeric(39,0) not null check (scale > 0),
      primary key (chain, asset));
    insert into core.chain_asset(chain, asset, contract, scale)
      select distinct on (chain, asset) chain, asset, contract, scale from public.deposits
      order by chain, asset, id desc;
    grant select, insert, update, delete on core.chain_asset to uncross_app;
    grant select on core.chain_asset to uncross_audit;

    do $$ begin
      create unique index chain_identity on core.chain(chain_id, genesis_hash);
    exception when unique_violation then
      raise warning 'a chain was scanned under two names';
    end $$;
    """
}
