--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: core; Type: SCHEMA; Schema: -; Owner: uncross_owner
--

CREATE SCHEMA core;


ALTER SCHEMA core OWNER TO uncross_owner;

--
-- Name: public; Type: SCHEMA; Schema: -; Owner: uncross_owner
--

-- *not* creating schema, since initdb creates it


ALTER SCHEMA public OWNER TO uncross_owner;

--
-- Name: append_group(bigint, bigint, bigint, integer, timestamp with time zone, bytea, bytea, bytea); Type: FUNCTION; Schema: core; Owner: uncross_owner
--

CREATE FUNCTION core.append_group(group_seq bigint, group_term bigint, group_first bigint, group_commands integer, group_at timestamp with time zone, group_prev bytea, group_hash bytea, group_body bytea) RETURNS void
    LANGUAGE plpgsql
    AS $$
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


ALTER FUNCTION core.append_group(group_seq bigint, group_term bigint, group_first bigint, group_commands integer, group_at timestamp with time zone, group_prev bytea, group_hash bytea, group_body bytea) OWNER TO uncross_owner;

--
-- Name: append_only(); Type: FUNCTION; Schema: core; Owner: uncross_owner
--

CREATE FUNCTION core.append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception '% is append-only: corrections are new rows', tg_table_name
    using errcode = 'UX010';
end $$;


ALTER FUNCTION core.append_only() OWNER TO uncross_owner;

--
-- Name: close_partition(bigint); Type: FUNCTION; Schema: core; Owner: uncross_owner
--

CREATE FUNCTION core.close_partition(first bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'core', 'pg_temp'
    AS $$
begin
  execute format('create index if not exists %I on public.%I (user_id, asset, seq)',
    format('balance_log_%s_user', first), format('balance_log_%s', first));
  execute format('create index if not exists %I on public.%I (user_id, type, seq)',
    format('balance_log_%s_type', first), format('balance_log_%s', first));
  execute format('analyze public.%I', format('balance_log_%s', first));
end $$;


ALTER FUNCTION core.close_partition(first bigint) OWNER TO uncross_owner;

--
-- Name: ensure_partition(bigint, bigint); Type: FUNCTION; Schema: core; Owner: uncross_owner
--

CREATE FUNCTION core.ensure_partition(first bigint, rows bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'core', 'pg_temp'
    AS $$
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


ALTER FUNCTION core.ensure_partition(first bigint, rows bigint) OWNER TO uncross_owner;

--
-- Name: lock_deposits(); Type: FUNCTION; Schema: core; Owner: uncross_owner
--

CREATE FUNCTION core.lock_deposits() RETURNS void
    LANGUAGE sql
    AS $$ select pg_advisory_xact_lock(1684369519) $$;


ALTER FUNCTION core.lock_deposits() OWNER TO uncross_owner;

--
-- Name: log_deposit(); Type: FUNCTION; Schema: core; Owner: uncross_owner
--

CREATE FUNCTION core.log_deposit() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'core', 'pg_temp'
    AS $$
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


ALTER FUNCTION core.log_deposit() OWNER TO uncross_owner;

--
-- Name: log_withdrawal(); Type: FUNCTION; Schema: core; Owner: uncross_owner
--

CREATE FUNCTION core.log_withdrawal() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'core', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' or (new.status, new.tx_hash, new.block_height)
    is distinct from (old.status, old.tx_hash, old.block_height) then
    insert into core.withdrawal_log(
      withdrawal_id, status, tx_hash, block_height, reason, decided_by)
    values (new.id, new.status, new.tx_hash, new.block_height, new.reason, new.decided_by);
  end if;
  return new;
end $$;


ALTER FUNCTION core.log_withdrawal() OWNER TO uncross_owner;

--
-- Name: raise_term(); Type: FUNCTION; Schema: core; Owner: uncross_owner
--

CREATE FUNCTION core.raise_term() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'core', 'pg_temp'
    AS $$
declare new_term bigint;
begin
  perform pg_advisory_xact_lock(1952805485);
  update core.leader set term = term + 1, at = now() returning term into new_term;
  return new_term;
end $$;


ALTER FUNCTION core.raise_term() OWNER TO uncross_owner;

--
-- Name: require_term(bigint); Type: FUNCTION; Schema: core; Owner: uncross_owner
--

CREATE FUNCTION core.require_term(mine bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare current_term bigint;
begin
  perform pg_advisory_xact_lock_shared(1952805485);
  select term into current_term from core.leader;
  if current_term is distinct from mine then
    raise exception 'term % is over, the leader has term %', mine, current_term
      using errcode = 'UX001';
  end if;
end $$;


ALTER FUNCTION core.require_term(mine bigint) OWNER TO uncross_owner;

SET default_tablespace = '';

--
-- Name: balance_log; Type: TABLE; Schema: public; Owner: uncross_owner
--

CREATE TABLE public.balance_log (
    seq bigint NOT NULL,
    user_id bigint NOT NULL,
    asset text NOT NULL,
    delta numeric(39,0) NOT NULL,
    free_delta numeric(39,0) NOT NULL,
    locked_delta numeric(39,0) NOT NULL,
    free_after numeric(39,0) NOT NULL,
    locked_after numeric(39,0) NOT NULL,
    type text NOT NULL,
    ref text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
)
PARTITION BY RANGE (seq);


ALTER TABLE public.balance_log OWNER TO uncross_owner;

--
-- Name: balance_movement; Type: VIEW; Schema: core; Owner: uncross_owner
--

CREATE VIEW core.balance_movement AS
 SELECT balance_log.seq,
    balance_log.user_id,
    balance_log.asset,
    balance_log.delta,
    balance_log.free_delta,
    balance_log.locked_delta,
    balance_log.free_after,
    balance_log.locked_after,
    balance_log.type,
    balance_log.ref,
    balance_log.created_at,
    balance_log.updated_at
   FROM public.balance_log
  WHERE (balance_log.delta <> (0)::numeric);


ALTER TABLE core.balance_movement OWNER TO uncross_owner;

SET default_table_access_method = heap;

--
-- Name: chain; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.chain (
    chain text NOT NULL,
    chain_id bigint NOT NULL,
    genesis_hash bytea NOT NULL,
    scan_from bigint NOT NULL,
    finalized bigint DEFAULT '-1'::integer NOT NULL,
    last_credit bigint DEFAULT 0 NOT NULL,
    last_clawback bigint DEFAULT 0 NOT NULL
);


ALTER TABLE core.chain OWNER TO uncross_owner;

--
-- Name: changed_deposit; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.changed_deposit (
    chain text NOT NULL,
    tx_hash bytea NOT NULL,
    out_ref text NOT NULL,
    user_id bigint NOT NULL,
    asset text NOT NULL,
    address bytea NOT NULL,
    sender bytea NOT NULL,
    contract bytea,
    block_height bigint NOT NULL,
    block_hash bytea NOT NULL,
    raw_amount numeric(78,0) NOT NULL,
    amount numeric(39,0) NOT NULL,
    dust numeric(78,0) NOT NULL,
    scale numeric(39,0) NOT NULL,
    CONSTRAINT changed_deposit_check CHECK ((raw_amount = ((amount * scale) + dust)))
);


ALTER TABLE core.changed_deposit OWNER TO uncross_owner;

--
-- Name: custody_decision; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.custody_decision (
    id bigint NOT NULL,
    journal_seq bigint NOT NULL,
    "position" integer GENERATED ALWAYS AS (((1073741824 + ((id % (1073741824)::bigint))::integer) - 1)) STORED NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    chain text NOT NULL,
    operator_id bigint NOT NULL,
    public_key bytea,
    action text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    reason text NOT NULL,
    signature bytea
);


ALTER TABLE core.custody_decision OWNER TO uncross_owner;

--
-- Name: custody_decision_id_seq; Type: SEQUENCE; Schema: core; Owner: uncross_owner
--

ALTER TABLE core.custody_decision ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME core.custody_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: custody_proposal; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.custody_proposal (
    id bigint NOT NULL,
    chain text NOT NULL,
    deposit_id bigint,
    sender bytea,
    nonce bigint,
    withdrawal_id bigint,
    decision text NOT NULL,
    user_id bigint NOT NULL,
    asset text NOT NULL,
    amount numeric(39,0) NOT NULL,
    tx_hash bytea NOT NULL,
    out_ref text NOT NULL,
    operator_id bigint NOT NULL,
    public_key bytea NOT NULL,
    reason text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    outcome text,
    decided_by bigint,
    CONSTRAINT custody_proposal_amount_check CHECK ((amount > (0)::numeric)),
    CONSTRAINT custody_proposal_check CHECK (((outcome IS NULL) = (decided_by IS NULL))),
    CONSTRAINT custody_proposal_check1 CHECK (
CASE
    WHEN (deposit_id IS NULL) THEN ((sender IS NOT NULL) AND (nonce IS NOT NULL) AND (withdrawal_id IS NOT NULL) AND (decision = ANY (ARRAY['reverted'::text, 'cancelled'::text])))
    ELSE ((sender IS NULL) AND (nonce IS NULL) AND (withdrawal_id IS NULL) AND (decision = 'credit'::text))
END),
    CONSTRAINT custody_proposal_outcome_check CHECK ((outcome = ANY (ARRAY['approved'::text, 'refused'::text, 'ended'::text])))
);


ALTER TABLE core.custody_proposal OWNER TO uncross_owner;

--
-- Name: custody_proposal_id_seq; Type: SEQUENCE; Schema: core; Owner: uncross_owner
--

ALTER TABLE core.custody_proposal ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME core.custody_proposal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: deposit_address; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.deposit_address (
    chain text NOT NULL,
    address bytea NOT NULL,
    user_id bigint NOT NULL,
    xpub text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);


ALTER TABLE core.deposit_address OWNER TO uncross_owner;

--
-- Name: deposit_log; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.deposit_log (
    id bigint NOT NULL,
    chain text NOT NULL,
    tx_hash bytea NOT NULL,
    out_ref text NOT NULL,
    status text NOT NULL,
    block_height bigint NOT NULL,
    block_hash bytea NOT NULL,
    credit_no bigint,
    clawback_no bigint,
    at timestamp with time zone DEFAULT now() NOT NULL,
    resolved_by bigint,
    resolution_reason text
);


ALTER TABLE core.deposit_log OWNER TO uncross_owner;

--
-- Name: deposit_log_id_seq; Type: SEQUENCE; Schema: core; Owner: uncross_owner
--

ALTER TABLE core.deposit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME core.deposit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: journal; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.journal (
    seq bigint NOT NULL,
    term bigint NOT NULL,
    first_command bigint NOT NULL,
    commands integer NOT NULL,
    at timestamp with time zone NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT journal_check CHECK (((commands > 0) AND (octet_length(hash) = 32) AND (octet_length(prev_hash) = 32)))
);
ALTER TABLE ONLY core.journal ALTER COLUMN body SET STORAGE EXTERNAL;


ALTER TABLE core.journal OWNER TO uncross_owner;

--
-- Name: leader; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.leader (
    singleton boolean DEFAULT true NOT NULL,
    term bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT leader_singleton_check CHECK (singleton)
);


ALTER TABLE core.leader OWNER TO uncross_owner;

--
-- Name: migration; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.migration (
    version integer NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);


ALTER TABLE core.migration OWNER TO uncross_owner;

--
-- Name: operator_log; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.operator_log (
    journal_seq bigint NOT NULL,
    "position" integer NOT NULL,
    at timestamp with time zone NOT NULL,
    operator_id bigint NOT NULL,
    public_key bytea,
    action text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    reason text NOT NULL
);


ALTER TABLE core.operator_log OWNER TO uncross_owner;

--
-- Name: orphan_block; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.orphan_block (
    chain text NOT NULL,
    height bigint NOT NULL,
    hash bytea NOT NULL,
    parent_hash bytea NOT NULL,
    replaced_at timestamp with time zone DEFAULT now() NOT NULL
);


ALTER TABLE core.orphan_block OWNER TO uncross_owner;

--
-- Name: payout_attempt; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.payout_attempt (
    hash bytea NOT NULL,
    chain text NOT NULL,
    sender bytea NOT NULL,
    nonce bigint NOT NULL,
    kind text NOT NULL,
    priority_fee numeric(78,0) NOT NULL,
    maximum_fee numeric(78,0) NOT NULL,
    raw bytea NOT NULL,
    signed_height bigint NOT NULL,
    sent_height bigint,
    answer text DEFAULT ''::text NOT NULL,
    signed_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    CONSTRAINT payout_attempt_kind_check CHECK ((kind = ANY (ARRAY['payment'::text, 'cancellation'::text])))
);


ALTER TABLE core.payout_attempt OWNER TO uncross_owner;

--
-- Name: payout_sender; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.payout_sender (
    chain text NOT NULL,
    sender bytea NOT NULL,
    first_nonce bigint NOT NULL,
    halted text,
    halted_at timestamp with time zone,
    CONSTRAINT payout_sender_first_nonce_check CHECK ((first_nonce >= 0))
);


ALTER TABLE core.payout_sender OWNER TO uncross_owner;

--
-- Name: payout_slot; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.payout_slot (
    chain text NOT NULL,
    sender bytea NOT NULL,
    nonce bigint NOT NULL,
    purpose text NOT NULL,
    withdrawal_id bigint,
    destination bytea NOT NULL,
    value numeric(78,0) NOT NULL,
    data bytea NOT NULL,
    gas_limit bigint NOT NULL,
    is_cancelled boolean DEFAULT false NOT NULL,
    hold text,
    resolution text,
    outcome text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    asked_kind text,
    asked_priority_fee numeric(78,0),
    asked_maximum_fee numeric(78,0),
    doubted_priority_fee numeric(78,0),
    doubted_maximum_fee numeric(78,0),
    resolved_hash bytea,
    CONSTRAINT payout_slot_asked_kind_check CHECK ((asked_kind = ANY (ARRAY['payment'::text, 'cancellation'::text]))),
    CONSTRAINT payout_slot_check CHECK (((purpose = 'withdrawal'::text) = (withdrawal_id IS NOT NULL))),
    CONSTRAINT payout_slot_check1 CHECK (((doubted_priority_fee IS NULL) = (doubted_maximum_fee IS NULL))),
    CONSTRAINT payout_slot_check2 CHECK ((((asked_kind IS NULL) = (asked_priority_fee IS NULL)) AND ((asked_kind IS NULL) = (asked_maximum_fee IS NULL)))),
    CONSTRAINT payout_slot_check3 CHECK (((resolved_hash IS NULL) OR (resolution IS NOT NULL))),
    CONSTRAINT payout_slot_gas_limit_check CHECK ((gas_limit > 0)),
    CONSTRAINT payout_slot_nonce_check CHECK ((nonce >= 0)),
    CONSTRAINT payout_slot_outcome_check CHECK ((outcome = ANY (ARRAY['paid'::text, 'reverted'::text, 'cancelled'::text]))),
    CONSTRAINT payout_slot_purpose_check CHECK ((purpose = ANY (ARRAY['withdrawal'::text, 'top_up'::text, 'sweep'::text]))),
    CONSTRAINT payout_slot_resolution_check CHECK ((resolution = ANY (ARRAY['paid'::text, 'reverted'::text, 'cancelled'::text]))),
    CONSTRAINT payout_slot_value_check CHECK ((value >= (0)::numeric))
);


ALTER TABLE core.payout_slot OWNER TO uncross_owner;

--
-- Name: projection; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.projection (
    singleton boolean DEFAULT true NOT NULL,
    journal_seq bigint NOT NULL,
    event_index bigint NOT NULL,
    ledger_seq bigint NOT NULL,
    CONSTRAINT projection_singleton_check CHECK (singleton)
);


ALTER TABLE core.projection OWNER TO uncross_owner;

--
-- Name: sent_transaction; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.sent_transaction (
    chain text NOT NULL,
    sender bytea NOT NULL,
    nonce bigint NOT NULL,
    hash bytea NOT NULL,
    is_success boolean NOT NULL,
    has_paid boolean NOT NULL,
    gas_cost numeric(78,0) NOT NULL,
    block_height bigint NOT NULL,
    block_hash bytea NOT NULL,
    value numeric(78,0) DEFAULT 0 NOT NULL,
    recipient bytea
);


ALTER TABLE core.sent_transaction OWNER TO uncross_owner;

--
-- Name: snapshot; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.snapshot (
    journal_seq bigint NOT NULL,
    part integer NOT NULL,
    parts integer NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    body bytea NOT NULL
);
ALTER TABLE ONLY core.snapshot ALTER COLUMN body SET STORAGE EXTERNAL;


ALTER TABLE core.snapshot OWNER TO uncross_owner;

--
-- Name: top_up; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.top_up (
    id bigint NOT NULL,
    chain text NOT NULL,
    address bytea NOT NULL,
    value numeric(78,0) NOT NULL,
    operator_id bigint NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    sender bytea,
    nonce bigint,
    CONSTRAINT top_up_check CHECK (((sender IS NULL) = (nonce IS NULL))),
    CONSTRAINT top_up_value_check CHECK ((value > (0)::numeric))
);


ALTER TABLE core.top_up OWNER TO uncross_owner;

--
-- Name: top_up_id_seq; Type: SEQUENCE; Schema: core; Owner: uncross_owner
--

ALTER TABLE core.top_up ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME core.top_up_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: users; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.users (
    id bigint NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL
);


ALTER TABLE core.users OWNER TO uncross_owner;

--
-- Name: venue_opening; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.venue_opening (
    chain text NOT NULL,
    asset text NOT NULL,
    own bytea NOT NULL,
    raw_amount numeric(78,0) NOT NULL,
    block_height bigint NOT NULL,
    CONSTRAINT venue_opening_raw_amount_check CHECK ((raw_amount >= (0)::numeric))
);


ALTER TABLE core.venue_opening OWNER TO uncross_owner;

--
-- Name: venue_transfer; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.venue_transfer (
    chain text NOT NULL,
    tx_hash bytea NOT NULL,
    out_ref text NOT NULL,
    asset text NOT NULL,
    own bytea NOT NULL,
    other bytea NOT NULL,
    raw_amount numeric(78,0) NOT NULL,
    block_height bigint NOT NULL,
    block_hash bytea NOT NULL
);


ALTER TABLE core.venue_transfer OWNER TO uncross_owner;

--
-- Name: withdrawal_approval; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.withdrawal_approval (
    withdrawal_id bigint NOT NULL,
    operator_id bigint NOT NULL,
    public_key bytea NOT NULL,
    signature bytea NOT NULL,
    approved_at timestamp with time zone NOT NULL
);


ALTER TABLE core.withdrawal_approval OWNER TO uncross_owner;

--
-- Name: withdrawal_log; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.withdrawal_log (
    id bigint NOT NULL,
    withdrawal_id bigint NOT NULL,
    status text NOT NULL,
    tx_hash bytea,
    block_height bigint,
    reason text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    decided_by bigint
);


ALTER TABLE core.withdrawal_log OWNER TO uncross_owner;

--
-- Name: withdrawal_log_id_seq; Type: SEQUENCE; Schema: core; Owner: uncross_owner
--

ALTER TABLE core.withdrawal_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME core.withdrawal_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: balance; Type: TABLE; Schema: public; Owner: uncross_owner
--

CREATE TABLE public.balance (
    user_id bigint NOT NULL,
    asset text NOT NULL,
    total numeric(39,0) NOT NULL,
    free numeric(39,0) NOT NULL,
    locked numeric(39,0) NOT NULL,
    last_seq bigint NOT NULL,
    CONSTRAINT balance_adds_up CHECK ((total = (free + locked))),
    CONSTRAINT balance_not_negative CHECK (((locked >= (0)::numeric) AND ((free >= (0)::numeric) OR (user_id = '4294967295'::bigint))))
)
WITH (fillfactor='50');


ALTER TABLE public.balance OWNER TO uncross_owner;

--
-- Name: balance_log_1; Type: TABLE; Schema: public; Owner: uncross_owner
--

CREATE TABLE public.balance_log_1 (
    seq bigint NOT NULL,
    user_id bigint NOT NULL,
    asset text NOT NULL,
    delta numeric(39,0) NOT NULL,
    free_delta numeric(39,0) NOT NULL,
    locked_delta numeric(39,0) NOT NULL,
    free_after numeric(39,0) NOT NULL,
    locked_after numeric(39,0) NOT NULL,
    type text NOT NULL,
    ref text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);


ALTER TABLE public.balance_log_1 OWNER TO uncross_owner;

--
-- Name: deposits; Type: TABLE; Schema: public; Owner: uncross_owner
--

CREATE TABLE public.deposits (
    chain text NOT NULL,
    tx_hash bytea NOT NULL,
    out_ref text NOT NULL,
    user_id bigint NOT NULL,
    asset text NOT NULL,
    address bytea NOT NULL,
    block_height bigint NOT NULL,
    block_hash bytea NOT NULL,
    raw_amount numeric(78,0) NOT NULL,
    credited numeric(39,0) DEFAULT 0 NOT NULL,
    dust numeric(78,0) DEFAULT 0 NOT NULL,
    status text NOT NULL,
    credit_no bigint,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    id bigint NOT NULL,
    sender bytea,
    contract bytea,
    amount numeric(39,0) NOT NULL,
    scale numeric(39,0) NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    credited_seq bigint,
    clawback_no bigint,
    clawback_seq bigint,
    resolution text,
    resolved_by bigint,
    resolution_reason text,
    CONSTRAINT deposit_amounts CHECK (((raw_amount = ((amount * scale) + dust)) AND (dust >= (0)::numeric) AND (amount >= (0)::numeric) AND ((credited = (0)::numeric) OR (credited = amount)))),
    CONSTRAINT deposit_resolution CHECK ((((resolution IS NULL) = (resolved_by IS NULL)) AND ((resolution IS NULL) = (resolution_reason IS NULL)))),
    CONSTRAINT deposit_status CHECK ((status = ANY (ARRAY['seen'::text, 'confirming'::text, 'credited'::text, 'final'::text, 'orphaned'::text, 'dust'::text, 'review'::text, 'rejected'::text, 'clawback'::text]))),
    CONSTRAINT deposits_resolution_check CHECK ((resolution = ANY (ARRAY['credit'::text, 'reject'::text]))),
    CONSTRAINT deposits_scale_check CHECK ((scale > (0)::numeric))
);


ALTER TABLE public.deposits OWNER TO uncross_owner;

--
-- Name: deposits_id_seq; Type: SEQUENCE; Schema: public; Owner: uncross_owner
--

ALTER TABLE public.deposits ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.deposits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: scanned_blocks; Type: TABLE; Schema: public; Owner: uncross_owner
--

CREATE TABLE public.scanned_blocks (
    chain text NOT NULL,
    height bigint NOT NULL,
    hash bytea NOT NULL,
    parent_hash bytea NOT NULL,
    scanned_at timestamp with time zone NOT NULL
);


ALTER TABLE public.scanned_blocks OWNER TO uncross_owner;

--
-- Name: withdrawals; Type: TABLE; Schema: public; Owner: uncross_owner
--

CREATE TABLE public.withdrawals (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    asset text NOT NULL,
    amount numeric(39,0) NOT NULL,
    fee numeric(39,0) NOT NULL,
    address bytea NOT NULL,
    chain text NOT NULL,
    tx_hash bytea,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    client_id text NOT NULL,
    approvals_needed smallint NOT NULL,
    decision text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    payment text,
    status text GENERATED ALWAYS AS (
CASE
    WHEN (decision = 'started'::text) THEN COALESCE(payment, 'started'::text)
    ELSE decision
END) STORED,
    block_height bigint,
    decided_by bigint,
    CONSTRAINT withdrawals_amount_check CHECK ((amount > (0)::numeric)),
    CONSTRAINT withdrawals_decision_check CHECK ((decision = ANY (ARRAY['requested'::text, 'approved'::text, 'started'::text, 'confirmed'::text, 'cancelled'::text, 'rejected'::text, 'reverted'::text]))),
    CONSTRAINT withdrawals_fee_check CHECK ((fee >= (0)::numeric)),
    CONSTRAINT withdrawals_payment_check CHECK ((payment = ANY (ARRAY['slotted'::text, 'signed'::text, 'broadcast'::text, 'mined'::text, 'cancelling'::text, 'halted'::text])))
);


ALTER TABLE public.withdrawals OWNER TO uncross_owner;

--
-- Name: balance_log_1; Type: TABLE ATTACH; Schema: public; Owner: uncross_owner
--

ALTER TABLE ONLY public.balance_log ATTACH PARTITION public.balance_log_1 FOR VALUES FROM ('1') TO ('524289');


--
-- Data for Name: chain; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.chain (chain, chain_id, genesis_hash, scan_from, finalized, last_credit, last_clawback) FROM stdin;
dev	31337	\\x6dc95e55daac59b7d65ea9530d906d8c24b88be12a49a1fa57db64635f1eb086	0	26	3	0
\.


--
-- Data for Name: changed_deposit; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.changed_deposit (chain, tx_hash, out_ref, user_id, asset, address, sender, contract, block_height, block_hash, raw_amount, amount, dust, scale) FROM stdin;
\.


--
-- Data for Name: custody_decision; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.custody_decision (id, journal_seq, at, chain, operator_id, public_key, action, subject, detail, reason, signature) FROM stdin;
\.


--
-- Data for Name: custody_proposal; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.custody_proposal (id, chain, deposit_id, sender, nonce, withdrawal_id, decision, user_id, asset, amount, tx_hash, out_ref, operator_id, public_key, reason, requested_at, outcome, decided_by) FROM stdin;
\.


--
-- Data for Name: deposit_address; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.deposit_address (chain, address, user_id, xpub, created_at) FROM stdin;
dev	\\x2f84fcb1bc00681eee602f063f9003bd3f99ebcb	3	xpub6Emfy8nkztuKTjCEcRKgJ7vAvnCkku8dmpTJBGSi3bAtitbBuAur1CGTsg9KzSz8ozLPCorQFmr7xTaX4u9hkMZ482jpwyWgcaC4Km3Wo2P	2026-12-01 00:19:47.101908+00
dev	\\x75e9855687a5d52af8f5888c7f8ad1fb65c02d20	4	xpub6Emfy8nkztuKTjCEcRKgJ7vAvnCkku8dmpTJBGSi3bAtitbBuAur1CGTsg9KzSz8ozLPCorQFmr7xTaX4u9hkMZ482jpwyWgcaC4Km3Wo2P	2026-12-01 00:19:47.154957+00
\.


--
-- Data for Name: deposit_log; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.deposit_log (id, chain, tx_hash, out_ref, status, block_height, block_hash, credit_no, clawback_no, at, resolved_by, resolution_reason) FROM stdin;
1	dev	\\xf308653096899979554241b3a0d665d12ef02f3c3072a1065d2bed39eba96b78	n	seen	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	\N	\N	2026-12-01 00:19:47.486967+00	\N	\N
2	dev	\\xe5223b7a8ba26235bdcb24a5ad337f7e445e7abcb43ffec30d37137c4343b5aa	l0	seen	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	\N	\N	2026-12-01 00:19:47.486967+00	\N	\N
3	dev	\\x94c43a716d6508c4355bb52a5fb5f2ee3de3960a5e5c04bc0dac3d8a4a8ee11a	l0	seen	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	\N	\N	2026-12-01 00:19:47.486967+00	\N	\N
4	dev	\\xf308653096899979554241b3a0d665d12ef02f3c3072a1065d2bed39eba96b78	n	confirming	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	\N	\N	2026-12-01 00:19:47.997936+00	\N	\N
5	dev	\\xe5223b7a8ba26235bdcb24a5ad337f7e445e7abcb43ffec30d37137c4343b5aa	l0	confirming	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	\N	\N	2026-12-01 00:19:47.997936+00	\N	\N
6	dev	\\x94c43a716d6508c4355bb52a5fb5f2ee3de3960a5e5c04bc0dac3d8a4a8ee11a	l0	confirming	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	\N	\N	2026-12-01 00:19:47.997936+00	\N	\N
7	dev	\\xf308653096899979554241b3a0d665d12ef02f3c3072a1065d2bed39eba96b78	n	confirming	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	1	\N	2026-12-01 00:19:48.257695+00	\N	\N
8	dev	\\xe5223b7a8ba26235bdcb24a5ad337f7e445e7abcb43ffec30d37137c4343b5aa	l0	confirming	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	2	\N	2026-12-01 00:19:48.257695+00	\N	\N
9	dev	\\xf308653096899979554241b3a0d665d12ef02f3c3072a1065d2bed39eba96b78	n	credited	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	1	\N	2026-12-01 00:19:48.268062+00	\N	\N
10	dev	\\xe5223b7a8ba26235bdcb24a5ad337f7e445e7abcb43ffec30d37137c4343b5aa	l0	credited	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	2	\N	2026-12-01 00:19:48.268062+00	\N	\N
11	dev	\\xf308653096899979554241b3a0d665d12ef02f3c3072a1065d2bed39eba96b78	n	final	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	1	\N	2026-12-01 00:19:48.767274+00	\N	\N
12	dev	\\xe5223b7a8ba26235bdcb24a5ad337f7e445e7abcb43ffec30d37137c4343b5aa	l0	final	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	2	\N	2026-12-01 00:19:48.767274+00	\N	\N
13	dev	\\x94c43a716d6508c4355bb52a5fb5f2ee3de3960a5e5c04bc0dac3d8a4a8ee11a	l0	confirming	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	3	\N	2026-12-01 00:19:48.772599+00	\N	\N
14	dev	\\x94c43a716d6508c4355bb52a5fb5f2ee3de3960a5e5c04bc0dac3d8a4a8ee11a	l0	credited	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	3	\N	2026-12-01 00:19:48.775018+00	\N	\N
15	dev	\\x94c43a716d6508c4355bb52a5fb5f2ee3de3960a5e5c04bc0dac3d8a4a8ee11a	l0	final	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	3	\N	2026-12-01 00:19:49.030193+00	\N	\N
\.


--
-- Data for Name: journal; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.journal (seq, term, first_command, commands, at, prev_hash, hash, body) FROM stdin;
1	1	1	20	2026-12-01 00:19:30.781664+00	\\x0000000000000000000000000000000000000000000000000000000000000000	\\xada866ee8d0c5e57d63f6c217492aa4d6b994890cb44dd8b0472373505f8815b	\\x0301c0d7c1aeefe1b006109b493b6b358b6e3f572be8dca5993ec080808008808080011e021e031e041104555344430680c0a8ca9a3a110345544812808080f5ddb8ebe4b56c11034254430880d0acf30e12084554482d555344430100a09c018080d287e2bc2da01fe807030a0a80897ac801a0c21e12084254432d555344430200a09c01a09c01a01fe807030a0a80897ac80180b6dc0517086f70657261746f721801dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e1103170974726561737572657218025d5f1ecfe58d98d355ab9c28d76f8ee5ef93fcd85682eb398f0ea5114271d913032d00000043001f03646576220000002300000180dac40980897a80c0a8ca9a3a8080d287e2bc2d80a0b787e905010023010001808088fccdbcc3238080b4ccd4dfc603808080f5ddb8ebe4b56c808080b4afa9f8e382da548080c098d6c5d7e3eb0a010023020001a09c01a01f80d0acf30e80c0ee8ed20b8088debe010100
2	1	21	3	2026-12-01 00:19:32.000113+00	\\xada866ee8d0c5e57d63f6c217492aa4d6b994890cb44dd8b0472373505f8815b	\\x1ac343a843374a25e9cd39660272baaaeb8e357f9cba882f1a06e13096c8b3a7	\\x0301e2b5d6afefe1b006060094a5b8d806060194a5b8d806
3	1	24	3	2026-12-01 00:19:34.000085+00	\\x1ac343a843374a25e9cd39660272baaaeb8e357f9cba882f1a06e13096c8b3a7	\\x2fb02fb9e877b58dc683f7494ebfb30990ea758d736b0133bcd6ed8f0db7e494	\\x0301aac7cab1efe1b006060096a5b8d806060196a5b8d806
4	1	27	3	2026-12-01 00:19:36.000195+00	\\x2fb02fb9e877b58dc683f7494ebfb30990ea758d736b0133bcd6ed8f0db7e494	\\x48e26ece660aec8ca4beff9554e31c3db4badca5c7b2e9b63b3b2294bf0d44a1	\\x030186dbbeb3efe1b006060098a5b8d806060198a5b8d806
5	1	30	3	2026-12-01 00:19:38.000207+00	\\x48e26ece660aec8ca4beff9554e31c3db4badca5c7b2e9b63b3b2294bf0d44a1	\\x6a414acc3d3e1680f5a924d59a5cabb2be10ec77b3e85dd1091cd565e36378d0	\\x03019eedb2b5efe1b00606009aa5b8d80606019aa5b8d806
6	1	33	3	2026-12-01 00:19:40.000284+00	\\x6a414acc3d3e1680f5a924d59a5cabb2be10ec77b3e85dd1091cd565e36378d0	\\x39f4a4963cb921431cc0cd09757e51fa0bba47266c99db39699ac9c24f431b9a	\\x0301b880a7b7efe1b00606009ca5b8d80606019ca5b8d806
7	1	36	3	2026-12-01 00:19:42.000091+00	\\x39f4a4963cb921431cc0cd09757e51fa0bba47266c99db39699ac9c24f431b9a	\\x5200e349a8541c7a9bf435a6d9fda000567d79ca6ab8070ddfb4358e857ecf6d	\\x0301b68f9bb9efe1b00606009ea5b8d80606019ea5b8d806
8	1	39	3	2026-12-01 00:19:44.000087+00	\\x5200e349a8541c7a9bf435a6d9fda000567d79ca6ab8070ddfb4358e857ecf6d	\\x3adc80006817387167db6eacf2e6105f68fdf33fae91255e8481b568ee971435	\\x0301aea18fbbefe1b0060600a0a5b8d8060601a0a5b8d806
9	1	42	3	2026-12-01 00:19:46.000087+00	\\x3adc80006817387167db6eacf2e6105f68fdf33fae91255e8481b568ee971435	\\x86dd910c28d9acc83bd5c93fbf374cc571ee873b4e62281f98c32a9a2829f283	\\x0301aeb383bdefe1b0060600a2a5b8d8060601a2a5b8d806
10	1	45	2	2026-12-01 00:19:46.989864+00	\\x86dd910c28d9acc83bd5c93fbf374cc571ee873b4e62281f98c32a9a2829f283	\\x70d52bc46527d674abc55f8598f9a6dbbfe864824e2489cd831a836eb5d267f6	\\x0301d09cfcbdefe1b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11001704616e6e61
11	1	47	1	2026-12-01 00:19:46.989864+00	\\x70d52bc46527d674abc55f8598f9a6dbbfe864824e2489cd831a836eb5d267f6	\\x6a1c0ceaa15ac76d384eee20f3319f6e18c6e5fe7cc989cceb42a9de11d9bdd9	\\x032d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e111b746865206669727374206b6579206f662061206e6577207573657240037338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d0100
12	1	48	2	2026-12-01 00:19:47.061659+00	\\x6a1c0ceaa15ac76d384eee20f3319f6e18c6e5fe7cc989cceb42a9de11d9bdd9	\\xc8d1b89e4e6e73f59d507f44d5dde21451458706c5b3b66976a583aa68695028	\\x0301b6fe84beefe1b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11001703626561
13	1	50	1	2026-12-01 00:19:47.061659+00	\\xc8d1b89e4e6e73f59d507f44d5dde21451458706c5b3b66976a583aa68695028	\\xff808e6a9736a0a7f4aac0912cd4b057ec186236a3d5ece107fb36036fc282b9	\\x032d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e111b746865206669727374206b6579206f662061206e657720757365724004a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c70100
14	1	51	3	2026-12-01 00:19:48.000094+00	\\xff808e6a9736a0a7f4aac0912cd4b057ec186236a3d5ece107fb36036fc282b9	\\xda1638829de40b0baca8721b3bb47b9f568304564b184f6f4dc4325ab82935c0	\\x0301bcc5f7beefe1b0060600a4a5b8d8060601a4a5b8d806
15	1	54	3	2026-12-01 00:19:48.258722+00	\\xda1638829de40b0baca8721b3bb47b9f568304564b184f6f4dc4325ab82935c0	\\x58ec8ba10b1cad97d57e9b911f3a28d0bcfa364d56519b2338f072c0e795480f	\\x0301c48e97bfefe1b0062000020401808080bda282a38eab04200004030080a0b787e905
16	1	57	2	2026-12-01 00:19:48.774098+00	\\x58ec8ba10b1cad97d57e9b911f3a28d0bcfa364d56519b2338f072c0e795480f	\\x1684c7b09b312f8b9b0cf37f8c8d84e41277b6cd9a760391ce6abd8156cf5e11	\\x0301a483d6bfefe1b00620000604028088debe01
17	1	59	2	2026-12-01 00:19:49.039999+00	\\x1684c7b09b312f8b9b0cf37f8c8d84e41277b6cd9a760391ce6abd8156cf5e11	\\x449e4fa84ebefed09ee791cd4856eea82fea196823329ac9eedd8d26e4872d6d	\\x0301febdf6bfefe1b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e1106676f6c64656e220000
18	1	61	2	2026-12-01 00:19:49.100063+00	\\x449e4fa84ebefed09ee791cd4856eea82fea196823329ac9eedd8d26e4872d6d	\\x6519c5b0201b0ba2f1495e5a5cd2879e9b2fae2e2db268b3208d469fd6e926f7	\\x0301bee8fdbfefe1b006240300145aaeb6053f3e94c9b9a09f33669435e7ef1beaed04636f6c64
19	1	63	2	2026-12-01 00:19:49.158371+00	\\x6519c5b0201b0ba2f1495e5a5cd2879e9b2fae2e2db268b3208d469fd6e926f7	\\x5f85d61f5f9d75c00317e3bdbbe799cbfdd15e48d269a1d737c14e149e7b4532	\\x0301c6f784c0efe1b00602030000a0c21ea09c0100036f6e65
20	1	65	2	2026-12-01 00:19:49.203515+00	\\x5f85d61f5f9d75c00317e3bdbbe799cbfdd15e48d269a1d737c14e149e7b4532	\\x00c5ffc43ad5564388542dd1cd0f797a111768f8cf6905957750a392053d4e5f	\\x0301f6b88ac0efe1b00602040001a0c21ea09c01000374776f
21	1	67	3	2026-12-01 00:19:50.000084+00	\\x00c5ffc43ad5564388542dd1cd0f797a111768f8cf6905957750a392053d4e5f	\\xce3cc5367cdfaf6a637a6566dc42e6be23adb05c9a53c100429d997a83b69ee3	\\x0301a8d7ebc0efe1b0060600a6a5b8d8060601a6a5b8d806
22	1	70	3	2026-12-01 00:19:52.000251+00	\\xce3cc5367cdfaf6a637a6566dc42e6be23adb05c9a53c100429d997a83b69ee3	\\xb900f2330c98379e52e4ef99e4a50f087acd82955cc27c2cd8badd6be2b5729b	\\x0301f6ebdfc2efe1b0060600a8a5b8d8060601a8a5b8d806
23	1	73	2	2026-12-01 00:19:52.257275+00	\\xb900f2330c98379e52e4ef99e4a50f087acd82955cc27c2cd8badd6be2b5729b	\\x7d351c7b99a109a43519e0a55f7d3f6684b92d7493743a20a2a2955ebeb3193f	\\x0301f69bffc2efe1b0060203000080a61dc03e00057468726565
24	1	75	2	2026-12-01 00:19:52.288566+00	\\x7d351c7b99a109a43519e0a55f7d3f6684b92d7493743a20a2a2955ebeb3193f	\\x15bbc13927b079494151def65a28a96150430a10c37d2514b2ebc9f1e434c2fa	\\x0301ec8483c3efe1b0060204010180d5a506c8010004666f7572
25	1	77	2	2026-12-01 00:19:52.357776+00	\\x15bbc13927b079494151def65a28a96150430a10c37d2514b2ebc9f1e434c2fa	\\xdba1c62b2d6b185cfbfc3a6cfc99b8b8628819644264227bb0951abc9f5a685d	\\x0301a0be8bc3efe1b00602040001e0fa20e0d403000466697665
26	1	79	3	2026-12-01 00:19:54.000111+00	\\xdba1c62b2d6b185cfbfc3a6cfc99b8b8628819644264227bb0951abc9f5a685d	\\x1a885107144893fa61e9d6bedb8cfc78722591f167a431c437288713c5f0630c	\\x0301defbd3c4efe1b0060600aaa5b8d8060601aaa5b8d806
27	1	82	3	2026-12-01 00:19:56.000082+00	\\x1a885107144893fa61e9d6bedb8cfc78722591f167a431c437288713c5f0630c	\\x019f7f746f0a33dcc6083c2e1af8d9cea1361f1be728bea91adf15955d672a94	\\x0301a48dc8c6efe1b0060600aca5b8d8060601aca5b8d806
28	1	85	3	2026-12-01 00:19:58.00003+00	\\x019f7f746f0a33dcc6083c2e1af8d9cea1361f1be728bea91adf15955d672a94	\\x30aa94d925eda76b3db5b53e145f752044a75eeec044f9070262f05d8b7c8628	\\x0301bc9ebcc8efe1b0060600aea5b8d8060601aea5b8d806
29	1	88	2	2026-12-01 00:19:59.071668+00	\\x30aa94d925eda76b3db5b53e145f752044a75eeec044f9070262f05d8b7c8628	\\x4bebecb70a64ea9d2aa504c1b9e1bfb3cbad03e93d8280843361a1cadad45d80	\\x0301e886bfc9efe1b00626030080a8d6b907145aaeb6053f3e94c9b9a09f33669435e7ef1beaed026734
30	1	90	2	2026-12-01 00:19:59.337988+00	\\x4bebecb70a64ea9d2aa504c1b9e1bfb3cbad03e93d8280843361a1cadad45d80	\\x56e9fa646ea7fbc946a0e0aa2976d27ebef2bcb118e136483f55d603e2a26a24	\\x030188c8dfc9efe1b0062a02
31	1	92	3	2026-12-01 00:20:00.000079+00	\\x56e9fa646ea7fbc946a0e0aa2976d27ebef2bcb118e136483f55d603e2a26a24	\\xc39f37c675abda9b0ffe4e1505a99bf115f300a64a1208d3fe4735782ec687c3	\\x03019eb1b0caefe1b0060600b0a5b8d8060601b0a5b8d806
32	1	95	2	2026-12-01 00:20:00.929191+00	\\xc39f37c675abda9b0ffe4e1505a99bf115f300a64a1208d3fe4735782ec687c3	\\x8b970735a74817227d0c382befc9ac2d023f718d0c307b6b97f0c1a3738da85a	\\x0301cee6a1cbefe1b0062b02
33	1	97	2	2026-12-01 00:20:01.451614+00	\\x8b970735a74817227d0c382befc9ac2d023f718d0c307b6b97f0c1a3738da85a	\\xdebe5e7886844753355ebe64f85a93d42d8307dd86405264a0840c186aa478d7	\\x0301bcc9e1cbefe1b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e1106676f6c64656e1400
34	1	99	2	2026-12-01 00:20:01.485735+00	\\xdebe5e7886844753355ebe64f85a93d42d8307dd86405264a0840c186aa478d7	\\xb2310b22d37a7f2fdcf3151fca8eb9a3cb6430a902dff731b6ec281e962765b1	\\x0301cedee5cbefe1b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e1106676f6c64656e1401
\.


--
-- Data for Name: leader; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.leader (singleton, term, at) FROM stdin;
t	2	2026-12-01 00:20:18.068303+00
\.


--
-- Data for Name: migration; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.migration (version, applied_at) FROM stdin;
1	2026-12-01 00:19:30.703165+00
2	2026-12-01 00:19:30.712838+00
3	2026-12-01 00:19:30.716635+00
4	2026-12-01 00:19:30.717695+00
5	2026-12-01 00:19:30.728362+00
6	2026-12-01 00:19:30.747246+00
7	2026-12-01 00:19:30.747837+00
8	2026-12-01 00:19:30.751174+00
9	2026-12-01 00:19:30.751644+00
10	2026-12-01 00:19:30.754118+00
11	2026-12-01 00:19:30.754487+00
12	2026-12-01 00:19:30.75663+00
13	2026-12-01 00:19:30.756938+00
14	2026-12-01 00:19:30.759912+00
\.


--
-- Data for Name: operator_log; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.operator_log (journal_seq, "position", at, operator_id, public_key, action, subject, detail, reason) FROM stdin;
1	0	2026-12-01 00:19:30.781664+00	0	\N	create_asset	USDC	decimals=6 adjustment_limit_atoms=1000000000000	
1	1	2026-12-01 00:19:30.781664+00	0	\N	create_asset	ETH	decimals=18 adjustment_limit_atoms=500000000000000000000	
1	2	2026-12-01 00:19:30.781664+00	0	\N	create_asset	BTC	decimals=8 adjustment_limit_atoms=2000000000	
1	3	2026-12-01 00:19:30.781664+00	0	\N	create_market	ETH-USDC	tick_atoms=10000 lot_atoms=100000000000000 listing_price_ticks=250000 interval_milliseconds=2000 band_basis_points=1000 runs_before_widening=3 buy_fee_basis_points=10 sell_fee_basis_points=10 minimum_notional_atoms=1000000 maximum_open_orders=200	
1	4	2026-12-01 00:19:30.781664+00	0	\N	create_market	BTC-USDC	tick_atoms=10000 lot_atoms=10000 listing_price_ticks=6000000 interval_milliseconds=2000 band_basis_points=1000 runs_before_widening=3 buy_fee_basis_points=10 sell_fee_basis_points=10 minimum_notional_atoms=1000000 maximum_open_orders=200	
1	5	2026-12-01 00:19:30.781664+00	0	\N	register_user	1	name=operator	
1	6	2026-12-01 00:19:30.781664+00	0	\N	register_key	1	public_key=dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11 role=operator	
1	7	2026-12-01 00:19:30.781664+00	0	\N	register_user	2	name=treasurer	
1	8	2026-12-01 00:19:30.781664+00	0	\N	register_key	2	public_key=5d5f1ecfe58d98d355ab9c28d76f8ee5ef93fcd85682eb398f0ea5114271d913 role=operator	
1	9	2026-12-01 00:19:30.781664+00	0	\N	set_operator_delay	venue	seconds=0	
1	10	2026-12-01 00:19:30.781664+00	0	\N	register_chain	dev		
1	11	2026-12-01 00:19:30.781664+00	0	\N	set_address_delay	dev	seconds=0	
1	12	2026-12-01 00:19:30.781664+00	0	\N	set_withdrawal_terms	USDC	chain=dev open=true minimum=10 USDC fee=1 USDC user_day_limit=1000000 USDC venue_day_limit=100000000 USDC approval_above=100000 USDC approvals=1	
1	13	2026-12-01 00:19:30.781664+00	0	\N	set_withdrawal_terms	ETH	chain=dev open=true minimum=0.01 ETH fee=0.001 ETH user_day_limit=500 ETH venue_day_limit=50000 ETH approval_above=50 ETH approvals=1	
1	14	2026-12-01 00:19:30.781664+00	0	\N	set_withdrawal_terms	BTC	chain=dev open=true minimum=0.0001 BTC fee=0.00002 BTC user_day_limit=20 BTC venue_day_limit=2000 BTC approval_above=2 BTC approvals=1	
10	0	2026-12-01 00:19:46.989864+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_user	3	name=anna	
11	0	2026-12-01 00:19:46.989864+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_key	3	public_key=7338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d role=trader	the first key of a new user
12	0	2026-12-01 00:19:47.061659+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_user	4	name=bea	
13	0	2026-12-01 00:19:47.061659+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_key	4	public_key=a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c7 role=trader	the first key of a new user
17	0	2026-12-01 00:19:49.039999+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	set_address_delay	dev	seconds=0	golden
33	0	2026-12-01 00:20:01.451614+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	suspend_market	ETH-USDC		golden
34	0	2026-12-01 00:20:01.485735+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	suspend_market	BTC-USDC		golden
\.


--
-- Data for Name: orphan_block; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.orphan_block (chain, height, hash, parent_hash, replaced_at) FROM stdin;
\.


--
-- Data for Name: payout_attempt; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.payout_attempt (hash, chain, sender, nonce, kind, priority_fee, maximum_fee, raw, signed_height, sent_height, answer, signed_at, sent_at) FROM stdin;
\\x9c760c04786b043ce937687b988dca47947b1e4639dcccb1622a60976abcbf97	dev	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	0	payment	1000000000	1122735176	\\x02f8b2827a6980843b9aca008442eb9448830132df94f2e246bb76df876cef8b38ae84130f4f55de395b80b844a9059cbb0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed000000000000000000000000000000000000000000000000000000003b9aca00c080a048be20f81951252fb937d3a52161fe57be1d93819bbe13f73f8d2e1ba0e934b1a0100dbf41c5fd974d09a711a45f78da005e0ca95bbfde9db1e279e92e57b188e4	21	21	accepted	2026-12-01 00:19:59.380032+00	2026-12-01 00:19:59.383294+00
\.


--
-- Data for Name: payout_sender; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.payout_sender (chain, sender, first_nonce, halted, halted_at) FROM stdin;
dev	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	0	\N	\N
\.


--
-- Data for Name: payout_slot; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.payout_slot (chain, sender, nonce, purpose, withdrawal_id, destination, value, data, gas_limit, is_cancelled, hold, resolution, outcome, created_at, asked_kind, asked_priority_fee, asked_maximum_fee, doubted_priority_fee, doubted_maximum_fee, resolved_hash) FROM stdin;
dev	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	0	withdrawal	1	\\xf2e246bb76df876cef8b38ae84130f4f55de395b	0	\\xa9059cbb0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed000000000000000000000000000000000000000000000000000000003b9aca00	78559	f	\N	\N	paid	2026-12-01 00:19:59.373278+00	\N	\N	\N	\N	\N	\N
\.


--
-- Data for Name: projection; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.projection (singleton, journal_seq, event_index, ledger_seq) FROM stdin;
t	34	0	19
\.


--
-- Data for Name: sent_transaction; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.sent_transaction (chain, sender, nonce, hash, is_success, has_paid, gas_cost, block_height, block_hash, value, recipient) FROM stdin;
dev	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	0	\\x9c760c04786b043ce937687b988dca47947b1e4639dcccb1622a60976abcbf97	t	t	53646857032320	22	\\x89a37af3c1ed520ea6d47da696c9716e7ce0caa35d64ac0140f5e1127b2dec10	0	\\xf2e246bb76df876cef8b38ae84130f4f55de395b
\.


--
-- Data for Name: snapshot; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.snapshot (journal_seq, part, parts, name, hash, body) FROM stdin;
\.


--
-- Data for Name: top_up; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.top_up (id, chain, address, value, operator_id, requested_at, sender, nonce) FROM stdin;
\.


--
-- Data for Name: users; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.users (id, name, created_at) FROM stdin;
0	venue	2026-12-01 00:19:30.781664+00
1	operator	2026-12-01 00:19:30.781664+00
2	treasurer	2026-12-01 00:19:30.781664+00
3	anna	2026-12-01 00:19:46.989864+00
4	bea	2026-12-01 00:19:47.061659+00
\.


--
-- Data for Name: venue_opening; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.venue_opening (chain, asset, own, raw_amount, block_height) FROM stdin;
dev	ETH	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	0	-1
dev	USDC	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	0	-1
dev	BTC	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	0	-1
\.


--
-- Data for Name: venue_transfer; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.venue_transfer (chain, tx_hash, out_ref, asset, own, other, raw_amount, block_height, block_hash) FROM stdin;
dev	\\xf725dbc3ea28747fb20a97ce7c6eccf2f3f718c0f6e7fcacbb029a67df98a5bd	n	ETH	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	\\x7e5f4552091a69125d5dfcb7b8c2659029395bdf	2000000000000000000000	4	\\xd19e08e275ef3ec58493d38b9dbf68d69b4d054984b883ce18d9f91d9964eb54
dev	\\x9a50ec40cda851292293797ef9e3febcbdee3593d594562e1604b945aeb234c7	l0	USDC	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	\\x0000000000000000000000000000000000000000	5000000000000	4	\\xd19e08e275ef3ec58493d38b9dbf68d69b4d054984b883ce18d9f91d9964eb54
dev	\\x0c835a9ba2ef81d8f039ad440fbc6550a0c4a4680702f2009210b82531f21783	l0	BTC	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	\\x0000000000000000000000000000000000000000	10000000000	4	\\xd19e08e275ef3ec58493d38b9dbf68d69b4d054984b883ce18d9f91d9964eb54
dev	\\x9c760c04786b043ce937687b988dca47947b1e4639dcccb1622a60976abcbf97	l0	USDC	\\x012c80e44fdf8484bfc6828229f4e1eadae205f2	\\x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed	-1000000000	22	\\x89a37af3c1ed520ea6d47da696c9716e7ce0caa35d64ac0140f5e1127b2dec10
\.


--
-- Data for Name: withdrawal_approval; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.withdrawal_approval (withdrawal_id, operator_id, public_key, signature, approved_at) FROM stdin;
\.


--
-- Data for Name: withdrawal_log; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.withdrawal_log (id, withdrawal_id, status, tx_hash, block_height, reason, at, decided_by) FROM stdin;
1	1	approved	\N	\N		2026-12-01 00:19:59.072288+00	\N
2	1	started	\N	\N		2026-12-01 00:19:59.338709+00	0
3	1	slotted	\N	\N		2026-12-01 00:19:59.373278+00	0
4	1	signed	\\x9c760c04786b043ce937687b988dca47947b1e4639dcccb1622a60976abcbf97	\N		2026-12-01 00:19:59.380032+00	0
5	1	broadcast	\\x9c760c04786b043ce937687b988dca47947b1e4639dcccb1622a60976abcbf97	\N		2026-12-01 00:19:59.384867+00	0
6	1	mined	\\x9c760c04786b043ce937687b988dca47947b1e4639dcccb1622a60976abcbf97	22		2026-12-01 00:19:59.641994+00	0
7	1	confirmed	\\x9c760c04786b043ce937687b988dca47947b1e4639dcccb1622a60976abcbf97	22		2026-12-01 00:20:00.930304+00	0
\.


--
-- Data for Name: balance; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.balance (user_id, asset, total, free, locked, last_seq) FROM stdin;
3	ETH	1000000000000000000	1000000000000000000	0	7
4	USDC	2497500000	2497500000	0	11
4	BTC	200000000	199000000	1000000	14
4	ETH	19000000000000000000	16000000000000000000	3000000000000000000	15
0	USDC	6000000	6000000	0	19
3	USDC	96496500000	95535540000	960960000	18
\.


--
-- Data for Name: balance_log_1; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.balance_log_1 (seq, user_id, asset, delta, free_delta, locked_delta, free_after, locked_after, type, ref, created_at, updated_at) FROM stdin;
1	4	ETH	20000000000000000000	20000000000000000000	0	20000000000000000000	0	DEPOSIT	dev:deposit:1	2026-12-01 00:19:48.258722+00	2026-12-01 00:19:48.258722+00
2	3	USDC	100000000000	100000000000	0	100000000000	0	DEPOSIT	dev:deposit:2	2026-12-01 00:19:48.258722+00	2026-12-01 00:19:48.258722+00
3	4	BTC	200000000	200000000	0	200000000	0	DEPOSIT	dev:deposit:3	2026-12-01 00:19:48.774098+00	2026-12-01 00:19:48.774098+00
4	3	USDC	0	-2502500000	2502500000	97497500000	2502500000	LOCK	2692257839002252483	2026-12-01 00:19:49.158371+00	2026-12-01 00:19:49.158371+00
5	4	ETH	0	-1000000000000000000	1000000000000000000	19000000000000000000	1000000000000000000	LOCK	2933573730902982377	2026-12-01 00:19:49.203515+00	2026-12-01 00:19:49.203515+00
6	3	USDC	-2500000000	0	-2500000000	97497500000	2500000	TRADE	ETH-USDC:1	2026-12-01 00:19:50.000084+00	2026-12-01 00:19:50.000084+00
7	3	ETH	1000000000000000000	1000000000000000000	0	1000000000000000000	0	TRADE	ETH-USDC:1	2026-12-01 00:19:50.000084+00	2026-12-01 00:19:50.000084+00
8	4	ETH	-1000000000000000000	0	-1000000000000000000	19000000000000000000	0	TRADE	ETH-USDC:1	2026-12-01 00:19:50.000084+00	2026-12-01 00:19:50.000084+00
9	4	USDC	2500000000	2500000000	0	2500000000	0	TRADE	ETH-USDC:1	2026-12-01 00:19:50.000084+00	2026-12-01 00:19:50.000084+00
10	3	USDC	-2500000	0	-2500000	97497500000	0	FEE	2692257839002252483	2026-12-01 00:19:50.000084+00	2026-12-01 00:19:50.000084+00
11	4	USDC	-2500000	-2500000	0	2497500000	0	FEE	2933573730902982377	2026-12-01 00:19:50.000084+00	2026-12-01 00:19:50.000084+00
12	0	USDC	5000000	5000000	0	5000000	0	FEE	ETH-USDC:auction:10	2026-12-01 00:19:50.000084+00	2026-12-01 00:19:50.000084+00
13	3	USDC	0	-960960000	960960000	96536540000	960960000	LOCK	3012205141432895400	2026-12-01 00:19:52.257275+00	2026-12-01 00:19:52.257275+00
14	4	BTC	0	-1000000	1000000	199000000	1000000	LOCK	4383523473472878411	2026-12-01 00:19:52.288566+00	2026-12-01 00:19:52.288566+00
15	4	ETH	0	-3000000000000000000	3000000000000000000	16000000000000000000	3000000000000000000	LOCK	1759387909821145491	2026-12-01 00:19:52.357776+00	2026-12-01 00:19:52.357776+00
16	3	USDC	0	-1001000000	1001000000	95535540000	1961960000	LOCK	dev:withdrawal:1	2026-12-01 00:19:59.071668+00	2026-12-01 00:19:59.071668+00
17	3	USDC	-1000000000	0	-1000000000	95535540000	961960000	WITHDRAWAL	dev:withdrawal:1	2026-12-01 00:20:00.929191+00	2026-12-01 00:20:00.929191+00
18	3	USDC	-1000000	0	-1000000	95535540000	960960000	FEE	dev:withdrawal:1	2026-12-01 00:20:00.929191+00	2026-12-01 00:20:00.929191+00
19	0	USDC	1000000	1000000	0	6000000	0	FEE	dev:withdrawal:1	2026-12-01 00:20:00.929191+00	2026-12-01 00:20:00.929191+00
\.


--
-- Data for Name: deposits; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.deposits (chain, tx_hash, out_ref, user_id, asset, address, block_height, block_hash, raw_amount, credited, dust, status, credit_no, created_at, updated_at, id, sender, contract, amount, scale, reason, credited_seq, clawback_no, clawback_seq, resolution, resolved_by, resolution_reason) FROM stdin;
dev	\\xf308653096899979554241b3a0d665d12ef02f3c3072a1065d2bed39eba96b78	n	4	ETH	\\x75e9855687a5d52af8f5888c7f8ad1fb65c02d20	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	20000000000000000000	20000000000000000000	0	final	1	2026-12-01 00:19:47.486967+00	2026-12-01 00:19:48.767274+00	1	\\x7e5f4552091a69125d5dfcb7b8c2659029395bdf	\N	20000000000000000000	1		1	\N	\N	\N	\N	\N
dev	\\xe5223b7a8ba26235bdcb24a5ad337f7e445e7abcb43ffec30d37137c4343b5aa	l0	3	USDC	\\x2f84fcb1bc00681eee602f063f9003bd3f99ebcb	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	100000000000	100000000000	0	final	2	2026-12-01 00:19:47.486967+00	2026-12-01 00:19:48.767274+00	2	\\x0000000000000000000000000000000000000000	\\xf2e246bb76df876cef8b38ae84130f4f55de395b	100000000000	1		2	\N	\N	\N	\N	\N
dev	\\x94c43a716d6508c4355bb52a5fb5f2ee3de3960a5e5c04bc0dac3d8a4a8ee11a	l0	4	BTC	\\x75e9855687a5d52af8f5888c7f8ad1fb65c02d20	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	200000000	200000000	0	final	3	2026-12-01 00:19:47.486967+00	2026-12-01 00:19:49.030193+00	3	\\x0000000000000000000000000000000000000000	\\x2946259e0334f33a064106302415ad3391bed384	200000000	1		3	\N	\N	\N	\N	\N
\.


--
-- Data for Name: scanned_blocks; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.scanned_blocks (chain, height, hash, parent_hash, scanned_at) FROM stdin;
dev	0	\\x6dc95e55daac59b7d65ea9530d906d8c24b88be12a49a1fa57db64635f1eb086	\\x0000000000000000000000000000000000000000000000000000000000000000	2026-12-01 00:19:30.855484+00
dev	1	\\xcc29dd18107fb1adf6aa7da724e91be22697c86337c5aadd9a22479c76382135	\\x6dc95e55daac59b7d65ea9530d906d8c24b88be12a49a1fa57db64635f1eb086	2026-12-01 00:19:30.855484+00
dev	2	\\xcccda709388887e3c8a1e1c453c9e36914f6b7e1f41d8a891734d78a30161bfc	\\xcc29dd18107fb1adf6aa7da724e91be22697c86337c5aadd9a22479c76382135	2026-12-01 00:19:30.855484+00
dev	3	\\xe598aa43ca7ed053f1b713e5e93c35b354c016a01ce975714f727c77b42067d7	\\xcccda709388887e3c8a1e1c453c9e36914f6b7e1f41d8a891734d78a30161bfc	2026-12-01 00:19:30.855484+00
dev	4	\\xd19e08e275ef3ec58493d38b9dbf68d69b4d054984b883ce18d9f91d9964eb54	\\xe598aa43ca7ed053f1b713e5e93c35b354c016a01ce975714f727c77b42067d7	2026-12-01 00:19:31.114851+00
dev	5	\\x69e263a6b5cd126df204fc6c0cf038f1513ea3c6100681593daa198d121898f9	\\xd19e08e275ef3ec58493d38b9dbf68d69b4d054984b883ce18d9f91d9964eb54	2026-12-01 00:19:31.369751+00
dev	6	\\xfec210b7262d1bcec7463df1c9ebe17aa87165b73d98b946a332e6c1f8ca7608	\\x69e263a6b5cd126df204fc6c0cf038f1513ea3c6100681593daa198d121898f9	2026-12-01 00:19:31.623393+00
dev	7	\\x6949ccef18fcff85edaee56ecc76f83c482bc8432bf281877e501ad3ea144ab4	\\xfec210b7262d1bcec7463df1c9ebe17aa87165b73d98b946a332e6c1f8ca7608	2026-12-01 00:19:31.876418+00
dev	8	\\xb7f4ca3c522be06e3b0c37b10856b285e38ff39ee35fa92cfd3ee2b3b4cacf20	\\x6949ccef18fcff85edaee56ecc76f83c482bc8432bf281877e501ad3ea144ab4	2026-12-01 00:19:32.384027+00
dev	9	\\xa05f20fa1cf647596176d0fb2141093184b5b47dcd3e8325dc52c69599522f8c	\\xb7f4ca3c522be06e3b0c37b10856b285e38ff39ee35fa92cfd3ee2b3b4cacf20	2026-12-01 00:19:32.637976+00
dev	10	\\x903a337e1167a95a198393d39e7c83101aeffb7ed845e1d0bb709e8cff26fac7	\\xa05f20fa1cf647596176d0fb2141093184b5b47dcd3e8325dc52c69599522f8c	2026-12-01 00:19:32.894664+00
dev	11	\\x33fb1822185930e173f035cf0486b58b3521fd2cbee67b4931c2f3a24c604965	\\x903a337e1167a95a198393d39e7c83101aeffb7ed845e1d0bb709e8cff26fac7	2026-12-01 00:19:33.14945+00
dev	12	\\x95ee5d9fb5f5f4af62e6a9d80ec4700bd20115a8f3d589328a0acc4a0101e170	\\x33fb1822185930e173f035cf0486b58b3521fd2cbee67b4931c2f3a24c604965	2026-12-01 00:19:33.40325+00
dev	13	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	\\x95ee5d9fb5f5f4af62e6a9d80ec4700bd20115a8f3d589328a0acc4a0101e170	2026-12-01 00:19:47.486967+00
dev	14	\\x3b18ceb01fabe75135a59d153bb73f9a804028d30aa0174ec27a02748b3e8430	\\x4b347edfcb25467744bb7e7165c6568c408e57d67c61ad2675365a75d0899e47	2026-12-01 00:19:47.997936+00
dev	15	\\x77e85030a5b46cc17c85127e837d9edcbf27a003cf15256663af5225c6787966	\\x3b18ceb01fabe75135a59d153bb73f9a804028d30aa0174ec27a02748b3e8430	2026-12-01 00:19:48.253264+00
dev	16	\\xaf1fdfe3c7ef4e3c045082609623c04107d827e3a2673e4e061e052a0b40828d	\\x77e85030a5b46cc17c85127e837d9edcbf27a003cf15256663af5225c6787966	2026-12-01 00:19:48.511803+00
dev	17	\\x987b03be7fd07546c72228f22a00de0aef295098981f39892e2316c7ce0681af	\\xaf1fdfe3c7ef4e3c045082609623c04107d827e3a2673e4e061e052a0b40828d	2026-12-01 00:19:48.767274+00
dev	18	\\xc36be7f1002dfadce0e06c3b32361d55c0661de01f21eed4625777e690984ab2	\\x987b03be7fd07546c72228f22a00de0aef295098981f39892e2316c7ce0681af	2026-12-01 00:19:49.030193+00
dev	19	\\xa85e4a05cb6ea79ff4a2eeecf114a4b0c2f4a5e835acba546d0c7672e1cd8220	\\xc36be7f1002dfadce0e06c3b32361d55c0661de01f21eed4625777e690984ab2	2026-12-01 00:19:49.539422+00
dev	20	\\x6d27d5b0e8640e80cb479b8bad0820183dacb6f4f7e6fe02be24c4fe4496370f	\\xa85e4a05cb6ea79ff4a2eeecf114a4b0c2f4a5e835acba546d0c7672e1cd8220	2026-12-01 00:19:49.802967+00
dev	21	\\x1909e0909f6a05f609ada28c3848d671f2327b574b399f8dc14682284934948b	\\x6d27d5b0e8640e80cb479b8bad0820183dacb6f4f7e6fe02be24c4fe4496370f	2026-12-01 00:19:50.056831+00
dev	22	\\x89a37af3c1ed520ea6d47da696c9716e7ce0caa35d64ac0140f5e1127b2dec10	\\x1909e0909f6a05f609ada28c3848d671f2327b574b399f8dc14682284934948b	2026-12-01 00:19:59.548776+00
dev	23	\\x40e68633ad8092ac978d8a893a4eb962ceee65b0daec11aa0e7f831c810ae915	\\x89a37af3c1ed520ea6d47da696c9716e7ce0caa35d64ac0140f5e1127b2dec10	2026-12-01 00:20:00.056418+00
dev	24	\\x5fdbc8321454cb2f837a45cf8757d6c58b9d55812a111ddcd87629d632048121	\\x40e68633ad8092ac978d8a893a4eb962ceee65b0daec11aa0e7f831c810ae915	2026-12-01 00:20:00.311363+00
dev	25	\\x0701a85915539a37fa76370c3abb5f5912d7c40e921a10e1b4bbfdb6ad206597	\\x5fdbc8321454cb2f837a45cf8757d6c58b9d55812a111ddcd87629d632048121	2026-12-01 00:20:00.565919+00
dev	26	\\x27186addb67b055044a3a57b0a9a12f646ba2abc4bbee199e3bd7d5fca1d84ae	\\x0701a85915539a37fa76370c3abb5f5912d7c40e921a10e1b4bbfdb6ad206597	2026-12-01 00:20:00.82105+00
dev	27	\\xe6a61a9b8b58ce5dd06d702a27828f0890a069a240092d56fcaf230919e87838	\\x27186addb67b055044a3a57b0a9a12f646ba2abc4bbee199e3bd7d5fca1d84ae	2026-12-01 00:20:01.076873+00
dev	28	\\x3046933dc6e70c79b52487357cde52ae192c16b9cb49ab3abdfe918870e81c57	\\xe6a61a9b8b58ce5dd06d702a27828f0890a069a240092d56fcaf230919e87838	2026-12-01 00:20:01.585396+00
dev	29	\\x18f8558a46b2595cafccb9dd10cfc45bcc31235ea3faef75cd591f4395572e63	\\x3046933dc6e70c79b52487357cde52ae192c16b9cb49ab3abdfe918870e81c57	2026-12-01 00:20:01.839408+00
dev	30	\\x8dd51700e91ae4ee61c5935bdfe0732b12c6e97f723a16b23bf260bd70b502f1	\\x18f8558a46b2595cafccb9dd10cfc45bcc31235ea3faef75cd591f4395572e63	2026-12-01 00:20:02.093445+00
\.


--
-- Data for Name: withdrawals; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.withdrawals (id, user_id, asset, amount, fee, address, chain, tx_hash, created_at, updated_at, client_id, approvals_needed, decision, reason, payment, block_height, decided_by) FROM stdin;
1	3	USDC	1000000000	1000000	\\x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed	dev	\\x9c760c04786b043ce937687b988dca47947b1e4639dcccb1622a60976abcbf97	2026-12-01 00:19:59.071668+00	2026-12-01 00:20:00.929191+00	g4	0	confirmed		mined	22	0
\.


--
-- Name: custody_decision_id_seq; Type: SEQUENCE SET; Schema: core; Owner: uncross_owner
--

SELECT pg_catalog.setval('core.custody_decision_id_seq', 1, false);


--
-- Name: custody_proposal_id_seq; Type: SEQUENCE SET; Schema: core; Owner: uncross_owner
--

SELECT pg_catalog.setval('core.custody_proposal_id_seq', 1, false);


--
-- Name: deposit_log_id_seq; Type: SEQUENCE SET; Schema: core; Owner: uncross_owner
--

SELECT pg_catalog.setval('core.deposit_log_id_seq', 15, true);


--
-- Name: top_up_id_seq; Type: SEQUENCE SET; Schema: core; Owner: uncross_owner
--

SELECT pg_catalog.setval('core.top_up_id_seq', 1, false);


--
-- Name: withdrawal_log_id_seq; Type: SEQUENCE SET; Schema: core; Owner: uncross_owner
--

SELECT pg_catalog.setval('core.withdrawal_log_id_seq', 7, true);


--
-- Name: deposits_id_seq; Type: SEQUENCE SET; Schema: public; Owner: uncross_owner
--

SELECT pg_catalog.setval('public.deposits_id_seq', 3, true);


--
-- Name: chain chain_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.chain
    ADD CONSTRAINT chain_pkey PRIMARY KEY (chain);


--
-- Name: changed_deposit changed_deposit_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.changed_deposit
    ADD CONSTRAINT changed_deposit_pkey PRIMARY KEY (chain, tx_hash, out_ref);


--
-- Name: custody_decision custody_decision_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.custody_decision
    ADD CONSTRAINT custody_decision_pkey PRIMARY KEY (id);


--
-- Name: custody_proposal custody_proposal_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.custody_proposal
    ADD CONSTRAINT custody_proposal_pkey PRIMARY KEY (id);


--
-- Name: deposit_address deposit_address_chain_xpub_user_id_key; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.deposit_address
    ADD CONSTRAINT deposit_address_chain_xpub_user_id_key UNIQUE (chain, xpub, user_id);


--
-- Name: deposit_address deposit_address_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.deposit_address
    ADD CONSTRAINT deposit_address_pkey PRIMARY KEY (chain, address);


--
-- Name: deposit_log deposit_log_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.deposit_log
    ADD CONSTRAINT deposit_log_pkey PRIMARY KEY (id);


--
-- Name: journal journal_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (seq);


--
-- Name: leader leader_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.leader
    ADD CONSTRAINT leader_pkey PRIMARY KEY (singleton);


--
-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (version);


--
-- Name: operator_log operator_log_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.operator_log
    ADD CONSTRAINT operator_log_pkey PRIMARY KEY (journal_seq, "position");


--
-- Name: orphan_block orphan_block_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.orphan_block
    ADD CONSTRAINT orphan_block_pkey PRIMARY KEY (chain, hash, replaced_at);


--
-- Name: payout_attempt payout_attempt_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.payout_attempt
    ADD CONSTRAINT payout_attempt_pkey PRIMARY KEY (hash);


--
-- Name: payout_sender payout_sender_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.payout_sender
    ADD CONSTRAINT payout_sender_pkey PRIMARY KEY (chain, sender);


--
-- Name: payout_slot payout_slot_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.payout_slot
    ADD CONSTRAINT payout_slot_pkey PRIMARY KEY (chain, sender, nonce);


--
-- Name: payout_slot payout_slot_withdrawal_id_key; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.payout_slot
    ADD CONSTRAINT payout_slot_withdrawal_id_key UNIQUE (withdrawal_id);


--
-- Name: projection projection_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.projection
    ADD CONSTRAINT projection_pkey PRIMARY KEY (singleton);


--
-- Name: sent_transaction sent_transaction_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.sent_transaction
    ADD CONSTRAINT sent_transaction_pkey PRIMARY KEY (chain, sender, nonce);


--
-- Name: snapshot snapshot_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.snapshot
    ADD CONSTRAINT snapshot_pkey PRIMARY KEY (journal_seq, part);


--
-- Name: top_up top_up_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.top_up
    ADD CONSTRAINT top_up_pkey PRIMARY KEY (id);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: venue_opening venue_opening_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.venue_opening
    ADD CONSTRAINT venue_opening_pkey PRIMARY KEY (chain, asset, own);


--
-- Name: venue_transfer venue_transfer_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.venue_transfer
    ADD CONSTRAINT venue_transfer_pkey PRIMARY KEY (chain, tx_hash, out_ref);


--
-- Name: withdrawal_approval withdrawal_approval_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.withdrawal_approval
    ADD CONSTRAINT withdrawal_approval_pkey PRIMARY KEY (withdrawal_id, public_key);


--
-- Name: withdrawal_log withdrawal_log_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.withdrawal_log
    ADD CONSTRAINT withdrawal_log_pkey PRIMARY KEY (id);


--
-- Name: balance_log balance_log_pkey; Type: CONSTRAINT; Schema: public; Owner: uncross_owner
--

ALTER TABLE ONLY public.balance_log
    ADD CONSTRAINT balance_log_pkey PRIMARY KEY (seq);


--
-- Name: balance_log_1 balance_log_1_pkey; Type: CONSTRAINT; Schema: public; Owner: uncross_owner
--

ALTER TABLE ONLY public.balance_log_1
    ADD CONSTRAINT balance_log_1_pkey PRIMARY KEY (seq);


--
-- Name: balance balance_pkey; Type: CONSTRAINT; Schema: public; Owner: uncross_owner
--

ALTER TABLE ONLY public.balance
    ADD CONSTRAINT balance_pkey PRIMARY KEY (user_id, asset);


--
-- Name: deposits deposits_id_key; Type: CONSTRAINT; Schema: public; Owner: uncross_owner
--

ALTER TABLE ONLY public.deposits
    ADD CONSTRAINT deposits_id_key UNIQUE (id);


--
-- Name: deposits deposits_pkey; Type: CONSTRAINT; Schema: public; Owner: uncross_owner
--

ALTER TABLE ONLY public.deposits
    ADD CONSTRAINT deposits_pkey PRIMARY KEY (chain, tx_hash, out_ref);


--
-- Name: scanned_blocks scanned_blocks_pkey; Type: CONSTRAINT; Schema: public; Owner: uncross_owner
--

ALTER TABLE ONLY public.scanned_blocks
    ADD CONSTRAINT scanned_blocks_pkey PRIMARY KEY (chain, height);


--
-- Name: withdrawals withdrawals_pkey; Type: CONSTRAINT; Schema: public; Owner: uncross_owner
--

ALTER TABLE ONLY public.withdrawals
    ADD CONSTRAINT withdrawals_pkey PRIMARY KEY (id);


--
-- Name: changed_deposit_block; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX changed_deposit_block ON core.changed_deposit USING btree (chain, block_height);


--
-- Name: custody_decision_action; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX custody_decision_action ON core.custody_decision USING btree (action, journal_seq, "position");


--
-- Name: custody_decision_operator; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX custody_decision_operator ON core.custody_decision USING btree (operator_id, journal_seq, "position");


--
-- Name: custody_decision_place; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX custody_decision_place ON core.custody_decision USING btree (journal_seq, "position");


--
-- Name: custody_decision_subject; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX custody_decision_subject ON core.custody_decision USING btree (subject, journal_seq, "position");


--
-- Name: custody_proposal_deposit; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE UNIQUE INDEX custody_proposal_deposit ON core.custody_proposal USING btree (chain, deposit_id) WHERE (outcome IS NULL);


--
-- Name: custody_proposal_payout; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE UNIQUE INDEX custody_proposal_payout ON core.custody_proposal USING btree (chain, sender, nonce) WHERE (outcome IS NULL);


--
-- Name: operator_log_action; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX operator_log_action ON core.operator_log USING btree (action, journal_seq, "position");


--
-- Name: operator_log_operator; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX operator_log_operator ON core.operator_log USING btree (operator_id, journal_seq, "position");


--
-- Name: operator_log_subject; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX operator_log_subject ON core.operator_log USING btree (subject, journal_seq, "position");


--
-- Name: payout_attempt_slot; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX payout_attempt_slot ON core.payout_attempt USING btree (chain, sender, nonce);


--
-- Name: payout_slot_open; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX payout_slot_open ON core.payout_slot USING btree (chain, sender, nonce) WHERE (outcome IS NULL);


--
-- Name: payout_slot_sweep; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX payout_slot_sweep ON core.payout_slot USING btree (chain, created_at) WHERE ((purpose = 'sweep'::text) AND (outcome IS NULL));


--
-- Name: sent_transaction_block; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX sent_transaction_block ON core.sent_transaction USING btree (chain, block_height);


--
-- Name: top_up_address; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX top_up_address ON core.top_up USING btree (chain, address);


--
-- Name: top_up_waiting; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX top_up_waiting ON core.top_up USING btree (chain, id) WHERE (nonce IS NULL);


--
-- Name: venue_transfer_block; Type: INDEX; Schema: core; Owner: uncross_owner
--

CREATE INDEX venue_transfer_block ON core.venue_transfer USING btree (chain, block_height);


--
-- Name: deposits_block; Type: INDEX; Schema: public; Owner: uncross_owner
--

CREATE INDEX deposits_block ON public.deposits USING btree (chain, block_height);


--
-- Name: deposits_clawback; Type: INDEX; Schema: public; Owner: uncross_owner
--

CREATE UNIQUE INDEX deposits_clawback ON public.deposits USING btree (chain, clawback_no);


--
-- Name: deposits_credit; Type: INDEX; Schema: public; Owner: uncross_owner
--

CREATE UNIQUE INDEX deposits_credit ON public.deposits USING btree (chain, credit_no);


--
-- Name: deposits_status; Type: INDEX; Schema: public; Owner: uncross_owner
--

CREATE INDEX deposits_status ON public.deposits USING btree (chain, status, block_height);


--
-- Name: deposits_user; Type: INDEX; Schema: public; Owner: uncross_owner
--

CREATE INDEX deposits_user ON public.deposits USING btree (user_id, id);


--
-- Name: withdrawals_client; Type: INDEX; Schema: public; Owner: uncross_owner
--

CREATE INDEX withdrawals_client ON public.withdrawals USING btree (user_id, client_id);


--
-- Name: withdrawals_open; Type: INDEX; Schema: public; Owner: uncross_owner
--

CREATE INDEX withdrawals_open ON public.withdrawals USING btree (chain, id) WHERE (decision = ANY (ARRAY['requested'::text, 'approved'::text, 'started'::text]));


--
-- Name: withdrawals_user; Type: INDEX; Schema: public; Owner: uncross_owner
--

CREATE INDEX withdrawals_user ON public.withdrawals USING btree (user_id, id);


--
-- Name: balance_log_1_pkey; Type: INDEX ATTACH; Schema: public; Owner: uncross_owner
--

ALTER INDEX public.balance_log_pkey ATTACH PARTITION public.balance_log_1_pkey;


--
-- Name: custody_decision append_only; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON core.custody_decision FOR EACH ROW EXECUTE FUNCTION core.append_only();


--
-- Name: deposit_log append_only; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON core.deposit_log FOR EACH ROW EXECUTE FUNCTION core.append_only();


--
-- Name: journal append_only; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON core.journal FOR EACH ROW EXECUTE FUNCTION core.append_only();


--
-- Name: operator_log append_only; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON core.operator_log FOR EACH ROW EXECUTE FUNCTION core.append_only();


--
-- Name: withdrawal_log append_only; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON core.withdrawal_log FOR EACH ROW EXECUTE FUNCTION core.append_only();


--
-- Name: custody_decision append_only_truncate; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON core.custody_decision FOR EACH STATEMENT EXECUTE FUNCTION core.append_only();


--
-- Name: deposit_log append_only_truncate; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON core.deposit_log FOR EACH STATEMENT EXECUTE FUNCTION core.append_only();


--
-- Name: journal append_only_truncate; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON core.journal FOR EACH STATEMENT EXECUTE FUNCTION core.append_only();


--
-- Name: operator_log append_only_truncate; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON core.operator_log FOR EACH STATEMENT EXECUTE FUNCTION core.append_only();


--
-- Name: withdrawal_log append_only_truncate; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON core.withdrawal_log FOR EACH STATEMENT EXECUTE FUNCTION core.append_only();


--
-- Name: balance_log append_only; Type: TRIGGER; Schema: public; Owner: uncross_owner
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.balance_log FOR EACH ROW EXECUTE FUNCTION core.append_only();


--
-- Name: balance_log append_only_truncate; Type: TRIGGER; Schema: public; Owner: uncross_owner
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.balance_log FOR EACH STATEMENT EXECUTE FUNCTION core.append_only();


--
-- Name: balance_log_1 append_only_truncate; Type: TRIGGER; Schema: public; Owner: uncross_owner
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.balance_log_1 FOR EACH STATEMENT EXECUTE FUNCTION core.append_only();


--
-- Name: deposits log_deposit; Type: TRIGGER; Schema: public; Owner: uncross_owner
--

CREATE TRIGGER log_deposit AFTER INSERT OR UPDATE ON public.deposits FOR EACH ROW EXECUTE FUNCTION core.log_deposit();


--
-- Name: withdrawals log_withdrawal; Type: TRIGGER; Schema: public; Owner: uncross_owner
--

CREATE TRIGGER log_withdrawal AFTER INSERT OR UPDATE ON public.withdrawals FOR EACH ROW EXECUTE FUNCTION core.log_withdrawal();


--
-- Name: changed_deposit changed_deposit_chain_tx_hash_out_ref_fkey; Type: FK CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.changed_deposit
    ADD CONSTRAINT changed_deposit_chain_tx_hash_out_ref_fkey FOREIGN KEY (chain, tx_hash, out_ref) REFERENCES public.deposits(chain, tx_hash, out_ref);


--
-- Name: payout_attempt payout_attempt_chain_sender_nonce_fkey; Type: FK CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.payout_attempt
    ADD CONSTRAINT payout_attempt_chain_sender_nonce_fkey FOREIGN KEY (chain, sender, nonce) REFERENCES core.payout_slot(chain, sender, nonce);


--
-- Name: SCHEMA core; Type: ACL; Schema: -; Owner: uncross_owner
--

GRANT USAGE ON SCHEMA core TO uncross_app;
GRANT USAGE ON SCHEMA core TO uncross_audit;


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: uncross_owner
--

GRANT USAGE ON SCHEMA public TO uncross_app;
GRANT USAGE ON SCHEMA public TO uncross_audit;


--
-- Name: FUNCTION append_group(group_seq bigint, group_term bigint, group_first bigint, group_commands integer, group_at timestamp with time zone, group_prev bytea, group_hash bytea, group_body bytea); Type: ACL; Schema: core; Owner: uncross_owner
--

REVOKE ALL ON FUNCTION core.append_group(group_seq bigint, group_term bigint, group_first bigint, group_commands integer, group_at timestamp with time zone, group_prev bytea, group_hash bytea, group_body bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION core.append_group(group_seq bigint, group_term bigint, group_first bigint, group_commands integer, group_at timestamp with time zone, group_prev bytea, group_hash bytea, group_body bytea) TO uncross_app;


--
-- Name: FUNCTION append_only(); Type: ACL; Schema: core; Owner: uncross_owner
--

REVOKE ALL ON FUNCTION core.append_only() FROM PUBLIC;


--
-- Name: FUNCTION close_partition(first bigint); Type: ACL; Schema: core; Owner: uncross_owner
--

REVOKE ALL ON FUNCTION core.close_partition(first bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION core.close_partition(first bigint) TO uncross_app;


--
-- Name: FUNCTION ensure_partition(first bigint, rows bigint); Type: ACL; Schema: core; Owner: uncross_owner
--

REVOKE ALL ON FUNCTION core.ensure_partition(first bigint, rows bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION core.ensure_partition(first bigint, rows bigint) TO uncross_app;


--
-- Name: FUNCTION lock_deposits(); Type: ACL; Schema: core; Owner: uncross_owner
--

REVOKE ALL ON FUNCTION core.lock_deposits() FROM PUBLIC;
GRANT ALL ON FUNCTION core.lock_deposits() TO uncross_app;


--
-- Name: FUNCTION log_deposit(); Type: ACL; Schema: core; Owner: uncross_owner
--

REVOKE ALL ON FUNCTION core.log_deposit() FROM PUBLIC;


--
-- Name: FUNCTION log_withdrawal(); Type: ACL; Schema: core; Owner: uncross_owner
--

REVOKE ALL ON FUNCTION core.log_withdrawal() FROM PUBLIC;


--
-- Name: FUNCTION raise_term(); Type: ACL; Schema: core; Owner: uncross_owner
--

REVOKE ALL ON FUNCTION core.raise_term() FROM PUBLIC;
GRANT ALL ON FUNCTION core.raise_term() TO uncross_app;


--
-- Name: FUNCTION require_term(mine bigint); Type: ACL; Schema: core; Owner: uncross_owner
--

REVOKE ALL ON FUNCTION core.require_term(mine bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION core.require_term(mine bigint) TO uncross_app;


--
-- Name: TABLE balance_log; Type: ACL; Schema: public; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE public.balance_log TO uncross_app;
GRANT SELECT ON TABLE public.balance_log TO uncross_audit;


--
-- Name: TABLE balance_movement; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT ON TABLE core.balance_movement TO uncross_app;
GRANT SELECT ON TABLE core.balance_movement TO uncross_audit;


--
-- Name: TABLE chain; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE core.chain TO uncross_app;
GRANT SELECT ON TABLE core.chain TO uncross_audit;


--
-- Name: TABLE changed_deposit; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE core.changed_deposit TO uncross_app;
GRANT SELECT ON TABLE core.changed_deposit TO uncross_audit;


--
-- Name: TABLE custody_decision; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.custody_decision TO uncross_app;
GRANT SELECT ON TABLE core.custody_decision TO uncross_audit;


--
-- Name: TABLE custody_proposal; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.custody_proposal TO uncross_app;
GRANT SELECT ON TABLE core.custody_proposal TO uncross_audit;


--
-- Name: COLUMN custody_proposal.outcome; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT UPDATE(outcome) ON TABLE core.custody_proposal TO uncross_app;


--
-- Name: COLUMN custody_proposal.decided_by; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT UPDATE(decided_by) ON TABLE core.custody_proposal TO uncross_app;


--
-- Name: TABLE deposit_address; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.deposit_address TO uncross_app;
GRANT SELECT ON TABLE core.deposit_address TO uncross_audit;


--
-- Name: TABLE deposit_log; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.deposit_log TO uncross_app;
GRANT SELECT ON TABLE core.deposit_log TO uncross_audit;


--
-- Name: TABLE journal; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.journal TO uncross_app;
GRANT SELECT ON TABLE core.journal TO uncross_audit;


--
-- Name: TABLE leader; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT ON TABLE core.leader TO uncross_app;
GRANT SELECT ON TABLE core.leader TO uncross_audit;


--
-- Name: TABLE migration; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT ON TABLE core.migration TO uncross_app;
GRANT SELECT ON TABLE core.migration TO uncross_audit;


--
-- Name: TABLE operator_log; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.operator_log TO uncross_app;
GRANT SELECT ON TABLE core.operator_log TO uncross_audit;


--
-- Name: TABLE orphan_block; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.orphan_block TO uncross_app;
GRANT SELECT ON TABLE core.orphan_block TO uncross_audit;


--
-- Name: TABLE payout_attempt; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE core.payout_attempt TO uncross_app;
GRANT SELECT ON TABLE core.payout_attempt TO uncross_audit;


--
-- Name: TABLE payout_sender; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE core.payout_sender TO uncross_app;
GRANT SELECT ON TABLE core.payout_sender TO uncross_audit;


--
-- Name: TABLE payout_slot; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE core.payout_slot TO uncross_app;
GRANT SELECT ON TABLE core.payout_slot TO uncross_audit;


--
-- Name: TABLE projection; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,UPDATE ON TABLE core.projection TO uncross_app;
GRANT SELECT ON TABLE core.projection TO uncross_audit;


--
-- Name: TABLE sent_transaction; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT,DELETE ON TABLE core.sent_transaction TO uncross_app;
GRANT SELECT ON TABLE core.sent_transaction TO uncross_audit;


--
-- Name: TABLE snapshot; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT,DELETE ON TABLE core.snapshot TO uncross_app;
GRANT SELECT ON TABLE core.snapshot TO uncross_audit;


--
-- Name: TABLE top_up; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.top_up TO uncross_app;
GRANT SELECT ON TABLE core.top_up TO uncross_audit;


--
-- Name: COLUMN top_up.sender; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT UPDATE(sender) ON TABLE core.top_up TO uncross_app;


--
-- Name: COLUMN top_up.nonce; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT UPDATE(nonce) ON TABLE core.top_up TO uncross_app;


--
-- Name: TABLE users; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.users TO uncross_app;
GRANT SELECT ON TABLE core.users TO uncross_audit;


--
-- Name: TABLE venue_opening; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.venue_opening TO uncross_app;
GRANT SELECT ON TABLE core.venue_opening TO uncross_audit;


--
-- Name: TABLE venue_transfer; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT,DELETE ON TABLE core.venue_transfer TO uncross_app;
GRANT SELECT ON TABLE core.venue_transfer TO uncross_audit;


--
-- Name: TABLE withdrawal_approval; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.withdrawal_approval TO uncross_app;
GRANT SELECT ON TABLE core.withdrawal_approval TO uncross_audit;


--
-- Name: TABLE withdrawal_log; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.withdrawal_log TO uncross_app;
GRANT SELECT ON TABLE core.withdrawal_log TO uncross_audit;


--
-- Name: TABLE balance; Type: ACL; Schema: public; Owner: uncross_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.balance TO uncross_app;
GRANT SELECT ON TABLE public.balance TO uncross_audit;


--
-- Name: TABLE balance_log_1; Type: ACL; Schema: public; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE public.balance_log_1 TO uncross_app;
GRANT SELECT ON TABLE public.balance_log_1 TO uncross_audit;


--
-- Name: TABLE deposits; Type: ACL; Schema: public; Owner: uncross_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.deposits TO uncross_app;
GRANT SELECT ON TABLE public.deposits TO uncross_audit;


--
-- Name: SEQUENCE deposits_id_seq; Type: ACL; Schema: public; Owner: uncross_owner
--

GRANT USAGE ON SEQUENCE public.deposits_id_seq TO uncross_app;


--
-- Name: TABLE scanned_blocks; Type: ACL; Schema: public; Owner: uncross_owner
--

GRANT SELECT,INSERT,DELETE ON TABLE public.scanned_blocks TO uncross_app;
GRANT SELECT ON TABLE public.scanned_blocks TO uncross_audit;


--
-- Name: TABLE withdrawals; Type: ACL; Schema: public; Owner: uncross_owner
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.withdrawals TO uncross_app;
GRANT SELECT ON TABLE public.withdrawals TO uncross_audit;


--
-- PostgreSQL database dump complete
--


