// Steps of the schema that concern `balance_log` and its partitions.

extension Migrations {
  // Users' statements by type. Partitions that are closed already get the index from the
  // exchange's own thread (`PartitionCloser`): made here, it would hold up the start for a second
  // a partition.
  static let statementsByType = """
    create or replace function core.close_partition(first bigint) returns void
      language plpgsql security definer set search_path = public, core, pg_temp as $$
    begin
      execute format('create index if not exists %I on public.%I (user_id, asset, seq)',
        format('balance_log_%s_user', first), format('balance_log_%s', first));
      execute format('create index if not exists %I on public.%I (user_id, type, seq)',
        format('balance_log_%s_type', first), format('balance_log_%s', first));
      execute format('analyze public.%I', format('balance_log_%s', first));
    end $$;
    """
}
