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
-- Name: payout_decision; Type: TABLE; Schema: core; Owner: uncross_owner
--

CREATE TABLE core.payout_decision (
    id bigint NOT NULL,
    chain text NOT NULL,
    sender bytea NOT NULL,
    nonce bigint,
    operator_id bigint NOT NULL,
    decision text NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT payout_decision_is_known CHECK ((decision = ANY (ARRAY['resume'::text, 'cancel'::text, 'paid'::text, 'reverted'::text, 'cancelled'::text, 'sweep'::text])))
);


ALTER TABLE core.payout_decision OWNER TO uncross_owner;

--
-- Name: payout_decision_id_seq; Type: SEQUENCE; Schema: core; Owner: uncross_owner
--

ALTER TABLE core.payout_decision ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME core.payout_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


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
dev	31337	\\x6dc95e55daac59b7d65ea9530d906d8c24b88be12a49a1fa57db64635f1eb086	0	10	0	0
\.


--
-- Data for Name: changed_deposit; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.changed_deposit (chain, tx_hash, out_ref, user_id, asset, address, sender, contract, block_height, block_hash, raw_amount, amount, dust, scale) FROM stdin;
\.


--
-- Data for Name: deposit_address; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.deposit_address (chain, address, user_id, xpub, created_at) FROM stdin;
\.


--
-- Data for Name: deposit_log; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.deposit_log (id, chain, tx_hash, out_ref, status, block_height, block_hash, credit_no, clawback_no, at, resolved_by, resolution_reason) FROM stdin;
\.


--
-- Data for Name: journal; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.journal (seq, term, first_command, commands, at, prev_hash, hash, body) FROM stdin;
1	1	1	19	2026-11-30 19:30:02.372765+00	\\x0000000000000000000000000000000000000000000000000000000000000000	\\xd8804fe27e7f270e12aa71a7bead0da8aea55d06d2c772d9ba370f3dc3ad9d8b	\\x0301bacadafaede0b006108602eead22ee1c051e4a801564799a9680808008808080011e021e031104555344430680c0a8ca9a3a110345544812808080f5ddb8ebe4b56c11034254430880d0acf30e12084554482d555344430100a09c018080d287e2bc2da01fe807030a0a80897ac801a0c21e12084254432d555344430200a09c01a09c01a01fe807030a0a80897ac80180b6dc0517086f70657261746f721801dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11031709747265617375726572180278d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0032d00000043001f03646576220000002300000180dac40980897a80c0a8ca9a3a8080d287e2bc2d80a0b787e905010023010001808088fccdbcc3238080b4ccd4dfc603808080f5ddb8ebe4b56c808080b4afa9f8e382da548080c098d6c5d7e3eb0a010023020001a09c01a01f80d0acf30e80c0ee8ed20b8088debe010100
2	1	20	3	2026-11-30 19:30:04.000093+00	\\xd8804fe27e7f270e12aa71a7bead0da8aea55d06d2c772d9ba370f3dc3ad9d8b	\\x73c2fb7e35325d325e04d755c65b415d2ea87223498c867975adb2648d0d16e9	\\x0301ba9da1fcede0b0060600bc9db7d8060601bc9db7d806
3	1	23	2	2026-11-30 19:30:04.259093+00	\\x73c2fb7e35325d325e04d755c65b415d2ea87223498c867975adb2648d0d16e9	\\xfac03ae186b252ad7d132e93308da88a9f7553a90d23210171457d567a185ea0	\\x0301aaecc0fcede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11001704616e6e61
4	1	25	1	2026-11-30 19:30:04.259093+00	\\xfac03ae186b252ad7d132e93308da88a9f7553a90d23210171457d567a185ea0	\\xf7924e42ca1daaee9b7301c69d5e60d19834e00817299abd2d7c1715f56023b7	\\x032d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e111b746865206669727374206b6579206f662061206e6577207573657240037338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d0100
5	1	26	2	2026-11-30 19:30:04.370934+00	\\xf7924e42ca1daaee9b7301c69d5e60d19834e00817299abd2d7c1715f56023b7	\\x9eee975fef52cc941c9c954261e2d633cf25ff5eea4bbc377c6a9928028864fc	\\x0301ecbfcefcede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11001703626561
6	1	28	2	2026-11-30 19:30:04.376693+00	\\x9eee975fef52cc941c9c954261e2d633cf25ff5eea4bbc377c6a9928028864fc	\\xcb52d786c1bef8e28e996b7450e53d1908890e58c1a1ffdee661aa96428c1fd2	\\x0301ea99cffcede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e111b746865206669727374206b6579206f662061206e657720757365724004a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c70100
7	1	30	2	2026-11-30 19:30:04.444405+00	\\xcb52d786c1bef8e28e996b7450e53d1908890e58c1a1ffdee661aa96428c1fd2	\\xd33713b40e949a0703e0b60e15f84b57ed3f6451f53c8896b1a570e4c072c7f9	\\x0301eabbd7fcede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd00c6f70656e696e6720676966741b030080a0b787e90524636c692d393934322d626439622d346633612d626666302d623062396530353261663334
8	1	32	2	2026-11-30 19:30:04.501426+00	\\xd33713b40e949a0703e0b60e15f84b57ed3f6451f53c8896b1a570e4c072c7f9	\\x1356c46d3b654c213708780232dfc6ad5247eb9e8ff089e98fc9368cb2461aad	\\x0301e4b6defcede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd00c6f70656e696e6720676966741b03028084af5f24636c692d323339322d663135612d343163652d383939342d646565303037386661323565
9	1	34	2	2026-11-30 19:30:04.563239+00	\\x1356c46d3b654c213708780232dfc6ad5247eb9e8ff089e98fc9368cb2461aad	\\x19bb317cf429b39f7247b40cec6a6cc0a96acabb03efb6d4564d6a488aaec682	\\x0301cefce5fcede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd00c6f70656e696e6720676966741b0401808080bda282a38eab0424636c692d303563362d613935352d346531322d623230612d623466306431666431333162
10	1	36	2	2026-11-30 19:30:04.632802+00	\\x19bb317cf429b39f7247b40cec6a6cc0a96acabb03efb6d4564d6a488aaec682	\\x7ec7b858b97535a2624e92caa465883f326915f95281461ef360f547c486dcdc	\\x0301c4bbeefcede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd00c6f70656e696e6720676966741b04028084af5f24636c692d376137362d363337362d343432352d383339382d386334326462353931363162
11	1	38	2	2026-11-30 19:30:04.699578+00	\\x7ec7b858b97535a2624e92caa465883f326915f95281461ef360f547c486dcdc	\\xc716a48ed1b603dce5b8317df446790715957481d9a410d69344e020f9f5239b	\\x0301f4cef6fcede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd00c6f70656e696e6720676966741b040080a8d6b90724636c692d373738342d336664362d343137362d623936382d616632646163363863613261
12	1	40	2	2026-11-30 19:30:04.756458+00	\\xc716a48ed1b603dce5b8317df446790715957481d9a410d69344e020f9f5239b	\\xe7eed47f0a8fd0ca93214ef3534f8cfe56b2132ae71587a78200b25709022669	\\x0301d4c7fdfcede0b00602030000c0de1fa09c01000a616e6e612d7472616465
13	1	42	2	2026-11-30 19:30:04.812148+00	\\xe7eed47f0a8fd0ca93214ef3534f8cfe56b2132ae71587a78200b25709022669	\\x742c0097b7fb9128c40ae8d2858598efc43fbd05938a513dd82ddcdf73e395ec	\\x0301e8ad84fdede0b00602040001c0de1fb0ea0100096265612d7472616465
14	1	44	2	2026-11-30 19:30:04.869825+00	\\x742c0097b7fb9128c40ae8d2858598efc43fbd05938a513dd82ddcdf73e395ec	\\x206a88b811420f49e92a3330f9c6f916ef9b21cd43d3e6bccee87974964a2cd3	\\x030182b38bfdede0b0060203000080a61da01f000e616e6e612d63616e63656c6c6564
15	1	46	2	2026-11-30 19:30:04.919908+00	\\x206a88b811420f49e92a3330f9c6f916ef9b21cd43d3e6bccee87974964a2cd3	\\x3d98daa2ad9cb72ae0fa10feac07ba92286073f3a6bced6ee8072549b852e036	\\x0301c8c191fdede0b0060403d4c7a0bdd8eff2970e
16	1	48	2	2026-11-30 19:30:04.980539+00	\\x3d98daa2ad9cb72ae0fa10feac07ba92286073f3a6bced6ee8072549b852e036	\\xa4530cb0d6fcd7c21d929e66e9088850c8cfe174908285682c26af2e130a34ab	\\x0301f6f498fdede0b00602030008e0891cd00f0009616e6e612d6f6e6365
17	1	50	2	2026-11-30 19:30:05.085601+00	\\xa4530cb0d6fcd7c21d929e66e9088850c8cfe174908285682c26af2e130a34ab	\\x7e8ee2331844ebf0a19510824556cadce959444bdf686b8cfb61695dc1d84425	\\x0301c2dea5fdede0b00602030000e0891c80d1ca08000d616e6e612d746f6f2d6d756368
18	1	52	2	2026-11-30 19:30:05.152193+00	\\x7e8ee2331844ebf0a19510824556cadce959444bdf686b8cfb61695dc1d84425	\\xceec3b1cb83afb03bfc5f60fa2976a93731f744556f508b5e5491240a52a9515	\\x030182efadfdede0b00602030000a0c21e904e0009616e6e612d72657374
19	1	54	2	2026-11-30 19:30:05.208598+00	\\xceec3b1cb83afb03bfc5f60fa2976a93731f744556f508b5e5491240a52a9515	\\x6f904f8f5d76374036bc4ec2df31d21bd1cc315ea6c8a4993a45d931966b25c9	\\x0301ace0b4fdede0b0060303829b93ccf6ba91ab2400c03e
20	1	56	2	2026-11-30 19:30:05.294877+00	\\x6f904f8f5d76374036bc4ec2df31d21bd1cc315ea6c8a4993a45d931966b25c9	\\x54f9065c5ec282d48e709f9174ce73a22ea662c0177b0c1e8382dbebf83026bd	\\x0301baa4bffdede0b00602040105a0c3e205c8018080ff8e8a9ebb0e096265612d6461746564
21	1	58	2	2026-11-30 19:30:05.350689+00	\\x54f9065c5ec282d48e709f9174ce73a22ea662c0177b0c1e8382dbebf83026bd	\\x7b34b2cc9337be8e2640ff938fe7d9b6a1b728dbfeca50b3e16c8ba9e1515314	\\x0301c28cc6fdede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e110a666577206f7264657273470401e8070a
22	1	60	2	2026-11-30 19:30:05.411616+00	\\x7b34b2cc9337be8e2640ff938fe7d9b6a1b728dbfeca50b3e16c8ba9e1515314	\\x56c28ead5c340db0431cbf313167cbf3495cd8d644becc18d49d2d264182e897	\\x0301c0c4cdfdede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11001103534f4c098080b4ccd4dfc603
23	1	62	2	2026-11-30 19:30:05.499074+00	\\x56c28ead5c340db0431cbf313167cbf3495cd8d644becc18d49d2d264182e897	\\xbdf77950a5a7dcae8e43d60b0bed527b2c3706cb277a376cc1e7561f78bac587	\\x0301849bd8fdede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11001208534f4c2d555344430300a09c0180897aa01fe807030a0a80897ac801b0ea01
24	1	64	2	2026-11-30 19:30:05.559394+00	\\xbdf77950a5a7dcae8e43d60b0bed527b2c3706cb277a376cc1e7561f78bac587	\\x11a88614914216358ed82d76cf846c913ab938ae93b031c7eac73b66ddc86a41	\\x0301c4c9dffdede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd017616e206f70657261746f722773206f776e2061737365741b04038090dfc04a24636c692d616664642d613564342d343533382d386234662d313564313137386538366665
25	1	66	2	2026-11-30 19:30:05.640578+00	\\x11a88614914216358ed82d76cf846c913ab938ae93b031c7eac73b66ddc86a41	\\x17659ffc3a6da67adf45e08f9f7469885ae75f74b28c94a2fac38da6505c8935	\\x030184bee9fdede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd00b61206e6577206173736574230300018084af5f80dac40980d0dbc3f40280c0caf384a30280c8afa02501
26	1	68	2	2026-11-30 19:30:05.710419+00	\\x17659ffc3a6da67adf45e08f9f7469885ae75f74b28c94a2fac38da6505c8935	\\x09584de6020076c014beeb94ce43e19ca86fcd24974b2643d1565af3285d50ce	\\x0301a681f2fdede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e110f61207365636f6e642064657669636540033ce438734bb2c61234ae6437ed29d560b279eff91b245861b80c8cba11d204d40100
27	1	70	2	2026-11-30 19:30:05.775595+00	\\x09584de6020076c014beeb94ce43e19ca86fcd24974b2643d1565af3285d50ce	\\x696138b1299e976d258beb868d45ec2f83500d9f1631af7c29adcee8d502220b	\\x0301d6fbf9fdede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0106265796f6e6420746865206c696d69741b04008080d194b57424636c692d343439382d313933632d346464372d383066312d316463343135623166373138
28	1	72	2	2026-11-30 19:30:05.841666+00	\\x696138b1299e976d258beb868d45ec2f83500d9f1631af7c29adcee8d502220b	\\xaff74294656da14d92a52f84f86c4ad0f43f5a9e8605391688a4879800ffc0bb	\\x0301848482feede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd00c61207265616c20636861696e2200f001
29	1	74	2	2026-11-30 19:30:05.915338+00	\\xaff74294656da14d92a52f84f86c4ad0f43f5a9e8605391688a4879800ffc0bb	\\xb32643b5d348f90b9506abd27e82f9efd04df7a331f6ffc03ab0d4198955e00b	\\x030194838bfeede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e1108746f6f206c6f6e67220078
30	1	76	2	2026-11-30 19:30:05.981698+00	\\xb32643b5d348f90b9506abd27e82f9efd04df7a331f6ffc03ab0d4198955e00b	\\xde5994334b2b6c5b3775ca0a0077f9250aa28c2939d8163f453f55ecff6ec0c9	\\x0301849093feede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e110a6d6f726520612064617923010001808088fccdbcc3238080b4ccd4dfc603808080a68ac49aac8d8201808080d88598ddc4b6d2658080c098d6c5d7e3eb0a01
31	1	78	4	2026-11-30 19:30:06.000114+00	\\xde5994334b2b6c5b3775ca0a0077f9250aa28c2939d8163f453f55ecff6ec0c9	\\xec7b9441e3a89f014f25d4500d9c4d7f3cb9ab272d784e07ca6f97afcb8815c4	\\x0301e4af95feede0b0060600be9db7d8060601be9db7d8060602be9db7d806
32	1	82	2	2026-11-30 19:30:06.132615+00	\\xec7b9441e3a89f014f25d4500d9c4d7f3cb9ab272d784e07ca6f97afcb8815c4	\\x7f130bb1dbc0a5048283a857f5fab2713001c49343d7600331fc6e6eb4316f65	\\x03018ec6a5feede0b006240300145aaeb6053f3e94c9b9a09f33669435e7ef1beaed04686f6d65
33	1	84	2	2026-11-30 19:30:06.217252+00	\\x7f130bb1dbc0a5048283a857f5fab2713001c49343d7600331fc6e6eb4316f65	\\x5a05c4fe5ac60edf6e476af73807e255b993c0b70a8386dc25bac11617c7ff5d	\\x0301c8f0affeede0b0062d020178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd00c612073746f6c656e206b657943f001
34	1	86	2	2026-11-30 19:30:06.271338+00	\\x5a05c4fe5ac60edf6e476af73807e255b993c0b70a8386dc25bac11617c7ff5d	\\x92d8669f5c99481c671bf2bbf46a217665b0dba1d8e25142748e4d0fefa462d0	\\x0301d4bdb6feede0b0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11046261636b4300
35	1	88	2	2026-11-30 19:30:06.327827+00	\\x92d8669f5c99481c671bf2bbf46a217665b0dba1d8e25142748e4d0fefa462d0	\\xabc785a5f5cb9284b2cde80b4c1561bd4fe0d2d4417d11a22807b0362f3d6856	\\x0301a6b0bdfeede0b0060203000890fa1bc801000b616e6e612d72696e672d31
36	1	90	2	2026-11-30 19:30:06.405263+00	\\xabc785a5f5cb9284b2cde80b4c1561bd4fe0d2d4417d11a22807b0362f3d6856	\\x6d578bf1fd6f4816114d305e5f2a363085a49ddc33ca4ef8e096d88ab8ddfa67	\\x03019eeac6feede0b0060203000890fa1bc801000b616e6e612d72696e672d32
37	1	92	2	2026-11-30 19:30:06.487133+00	\\x6d578bf1fd6f4816114d305e5f2a363085a49ddc33ca4ef8e096d88ab8ddfa67	\\x35deb654c269deacfb2503584f8cb2270178da91b11e928b5039d0b82c28d79c	\\x0301bae9d0feede0b0060203000890fa1bc801000b616e6e612d72696e672d33
38	1	94	2	2026-11-30 19:30:06.547208+00	\\x35deb654c269deacfb2503584f8cb2270178da91b11e928b5039d0b82c28d79c	\\xaa30b35f24cbef53325410f04a90acff23ab57b67c1e7b84a3a75a270de87e30	\\x03019094d8feede0b0060203000890fa1bc801000b616e6e612d72696e672d34
39	1	96	2	2026-11-30 19:30:06.627919+00	\\xaa30b35f24cbef53325410f04a90acff23ab57b67c1e7b84a3a75a270de87e30	\\x6b1ab0b83ada830babf910390c6ba8cfa81bfd73a5bd4b15a71958847b581f25	\\x03019e81e2feede0b0060203000890fa1bc801000b616e6e612d72696e672d35
40	1	98	2	2026-11-30 19:30:06.675977+00	\\x6b1ab0b83ada830babf910390c6ba8cfa81bfd73a5bd4b15a71958847b581f25	\\x1e72483bed1ac4efa7189dced2f169dce4221419dd9e396423496e1fc1dc830b	\\x030192f0e7feede0b0060203000890fa1bc801000b616e6e612d72696e672d36
41	1	100	4	2026-11-30 19:30:08.000157+00	\\x1e72483bed1ac4efa7189dced2f169dce4221419dd9e396423496e1fc1dc830b	\\xafdbbffec647bf3bc52f346dc5643c5c2d3cead75eb1defaaaf881b16d6a63cf	\\x0301bac28980eee0b0060600c09db7d8060601c09db7d8060602c09db7d806
42	1	104	4	2026-11-30 19:30:10.00014+00	\\xafdbbffec647bf3bc52f346dc5643c5c2d3cead75eb1defaaaf881b16d6a63cf	\\xb23da0783973408309c4172732bdba5c96f0c4cd249df650a7ed869ebcdc2626	\\x030198d4fd81eee0b0060600c29db7d8060601c29db7d8060602c29db7d806
43	1	108	4	2026-11-30 19:30:12.000114+00	\\xb23da0783973408309c4172732bdba5c96f0c4cd249df650a7ed869ebcdc2626	\\x2de415f31f197e41b485e0f7f297c1311f08ebe4001e4e2f66b7e5049b4330b8	\\x0301e4e5f183eee0b0060600c49db7d8060601c49db7d8060602c49db7d806
44	1	112	4	2026-11-30 19:30:14.00014+00	\\x2de415f31f197e41b485e0f7f297c1311f08ebe4001e4e2f66b7e5049b4330b8	\\xf84982d4b53080d8da6b3b21eda64ac1762a4ab6c61b5c74658e60fbc93cd6a8	\\x030198f8e585eee0b0060600c69db7d8060601c69db7d8060602c69db7d806
45	1	116	4	2026-11-30 19:30:16.00014+00	\\xf84982d4b53080d8da6b3b21eda64ac1762a4ab6c61b5c74658e60fbc93cd6a8	\\x0443a5a66c2bf31430b471500b883a9bb8e4963b1c34c03f42becfc69278e886	\\x0301988ada87eee0b0060600c89db7d8060601c89db7d8060602c89db7d806
46	1	120	4	2026-11-30 19:30:18.000096+00	\\x0443a5a66c2bf31430b471500b883a9bb8e4963b1c34c03f42becfc69278e886	\\x2c581294157c1adc23407d0876ce71baeccedaa4f57190aceb85e92e2f73c497	\\x0301c09bce89eee0b0060600ca9db7d8060601ca9db7d8060602ca9db7d806
47	1	124	4	2026-11-30 19:30:20.000098+00	\\x2c581294157c1adc23407d0876ce71baeccedaa4f57190aceb85e92e2f73c497	\\xf60940b86706f3f07bd43d0b3fcf719d497bf9606b45950fcc08e15d5e769c90	\\x0301c4adc28beee0b0060600cc9db7d8060601cc9db7d8060602cc9db7d806
\.


--
-- Data for Name: leader; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.leader (singleton, term, at) FROM stdin;
t	1	2026-11-30 19:30:02.360471+00
\.


--
-- Data for Name: migration; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.migration (version, applied_at) FROM stdin;
1	2026-11-30 19:30:01.985334+00
2	2026-11-30 19:30:02.040607+00
3	2026-11-30 19:30:02.067343+00
4	2026-11-30 19:30:02.072538+00
5	2026-11-30 19:30:02.147753+00
6	2026-11-30 19:30:02.264663+00
7	2026-11-30 19:30:02.268495+00
8	2026-11-30 19:30:02.296606+00
9	2026-11-30 19:30:02.300565+00
10	2026-11-30 19:30:02.316571+00
11	2026-11-30 19:30:02.319536+00
12	2026-11-30 19:30:02.3335+00
13	2026-11-30 19:30:02.336525+00
\.


--
-- Data for Name: operator_log; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.operator_log (journal_seq, "position", at, operator_id, public_key, action, subject, detail, reason) FROM stdin;
1	0	2026-11-30 19:30:02.372765+00	0	\N	create_asset	USDC	decimals=6 adjustment_limit_atoms=1000000000000	
1	1	2026-11-30 19:30:02.372765+00	0	\N	create_asset	ETH	decimals=18 adjustment_limit_atoms=500000000000000000000	
1	2	2026-11-30 19:30:02.372765+00	0	\N	create_asset	BTC	decimals=8 adjustment_limit_atoms=2000000000	
1	3	2026-11-30 19:30:02.372765+00	0	\N	create_market	ETH-USDC	tick_atoms=10000 lot_atoms=100000000000000 listing_price_ticks=250000 interval_milliseconds=2000 band_basis_points=1000 runs_before_widening=3 buy_fee_basis_points=10 sell_fee_basis_points=10 minimum_notional_atoms=1000000 maximum_open_orders=200	
1	4	2026-11-30 19:30:02.372765+00	0	\N	create_market	BTC-USDC	tick_atoms=10000 lot_atoms=10000 listing_price_ticks=6000000 interval_milliseconds=2000 band_basis_points=1000 runs_before_widening=3 buy_fee_basis_points=10 sell_fee_basis_points=10 minimum_notional_atoms=1000000 maximum_open_orders=200	
1	5	2026-11-30 19:30:02.372765+00	0	\N	register_user	1	name=operator	
1	6	2026-11-30 19:30:02.372765+00	0	\N	register_key	1	public_key=dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11 role=operator	
1	7	2026-11-30 19:30:02.372765+00	0	\N	register_user	2	name=treasurer	
1	8	2026-11-30 19:30:02.372765+00	0	\N	register_key	2	public_key=78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0 role=operator	
1	9	2026-11-30 19:30:02.372765+00	0	\N	set_operator_delay	venue	seconds=0	
1	10	2026-11-30 19:30:02.372765+00	0	\N	register_chain	dev		
1	11	2026-11-30 19:30:02.372765+00	0	\N	set_address_delay	dev	seconds=0	
1	12	2026-11-30 19:30:02.372765+00	0	\N	set_withdrawal_terms	USDC	chain=dev open=true minimum=10 USDC fee=1 USDC user_day_limit=1000000 USDC venue_day_limit=100000000 USDC approval_above=100000 USDC approvals=1	
1	13	2026-11-30 19:30:02.372765+00	0	\N	set_withdrawal_terms	ETH	chain=dev open=true minimum=0.01 ETH fee=0.001 ETH user_day_limit=500 ETH venue_day_limit=50000 ETH approval_above=50 ETH approvals=1	
1	14	2026-11-30 19:30:02.372765+00	0	\N	set_withdrawal_terms	BTC	chain=dev open=true minimum=0.0001 BTC fee=0.00002 BTC user_day_limit=20 BTC venue_day_limit=2000 BTC approval_above=2 BTC approvals=1	
3	0	2026-11-30 19:30:04.259093+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_user	3	name=anna	
4	0	2026-11-30 19:30:04.259093+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_key	3	public_key=7338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d role=trader	the first key of a new user
5	0	2026-11-30 19:30:04.370934+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_user	4	name=bea	
6	0	2026-11-30 19:30:04.376693+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_key	4	public_key=a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c7 role=trader	the first key of a new user
7	0	2026-11-30 19:30:04.444405+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	adjust	3	adjustment=1 amount=100000 USDC	opening gift
8	0	2026-11-30 19:30:04.501426+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	adjust	3	adjustment=2 amount=1 BTC	opening gift
9	0	2026-11-30 19:30:04.563239+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	adjust	4	adjustment=3 amount=20 ETH	opening gift
10	0	2026-11-30 19:30:04.632802+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	adjust	4	adjustment=4 amount=1 BTC	opening gift
11	0	2026-11-30 19:30:04.699578+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	adjust	4	adjustment=5 amount=1000 USDC	opening gift
21	0	2026-11-30 19:30:05.350689+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	set_order_terms	venue	remembered_orders=4 free_orders_per_day=1000 orders_per_trade=10	few orders
22	0	2026-11-30 19:30:05.411616+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	create_asset	SOL	decimals=9 adjustment_limit_atoms=1000000000000000	
23	0	2026-11-30 19:30:05.499074+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	create_market	SOL-USDC	tick_atoms=10000 lot_atoms=1000000 listing_price_ticks=15000 interval_milliseconds=2000 band_basis_points=1000 runs_before_widening=3 buy_fee_basis_points=10 sell_fee_basis_points=10 minimum_notional_atoms=1000000 maximum_open_orders=200	
24	0	2026-11-30 19:30:05.559394+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	adjust	4	adjustment=6 amount=10 SOL	an operator's own asset
25	0	2026-11-30 19:30:05.640578+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	set_withdrawal_terms	SOL	chain=dev open=true minimum=0.1 SOL fee=0.01 SOL user_day_limit=50 SOL venue_day_limit=5000 SOL approval_above=5 SOL approvals=1	a new asset
26	0	2026-11-30 19:30:05.710419+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	request_key	3	grant=1 public_key=3ce438734bb2c61234ae6437ed29d560b279eff91b245861b80c8cba11d204d4 role=trader	a second device
27	0	2026-11-30 19:30:05.775595+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	adjust	4	adjustment=7 amount=2000000 USDC waits=true	beyond the limit
28	0	2026-11-30 19:30:05.841666+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	set_address_delay	dev	seconds=120	a real chain
29	0	2026-11-30 19:30:05.915338+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	set_address_delay	dev	seconds=60	too long
30	0	2026-11-30 19:30:05.981698+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	set_withdrawal_terms	ETH	chain=dev open=true minimum=0.01 ETH fee=0.001 ETH user_day_limit=600 ETH venue_day_limit=60000 ETH approval_above=50 ETH approvals=1	more a day
33	0	2026-11-30 19:30:06.217252+00	2	\\x78d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0	set_operator_delay	venue	seconds=120	a stolen key
34	0	2026-11-30 19:30:06.271338+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	set_operator_delay	venue	seconds=0	back
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
\.


--
-- Data for Name: payout_decision; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.payout_decision (id, chain, sender, nonce, operator_id, decision, reason, at) FROM stdin;
\.


--
-- Data for Name: payout_sender; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.payout_sender (chain, sender, first_nonce, halted, halted_at) FROM stdin;
dev	\\xe2e7b8e8a878e2ebc424d73eece632dfe3a19c22	0	\N	\N
\.


--
-- Data for Name: payout_slot; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.payout_slot (chain, sender, nonce, purpose, withdrawal_id, destination, value, data, gas_limit, is_cancelled, hold, resolution, outcome, created_at, asked_kind, asked_priority_fee, asked_maximum_fee, doubted_priority_fee, doubted_maximum_fee, resolved_hash) FROM stdin;
\.


--
-- Data for Name: projection; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.projection (singleton, journal_seq, event_index, ledger_seq) FROM stdin;
t	47	0	34
\.


--
-- Data for Name: sent_transaction; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.sent_transaction (chain, sender, nonce, hash, is_success, has_paid, gas_cost, block_height, block_hash, value, recipient) FROM stdin;
\.


--
-- Data for Name: snapshot; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.snapshot (journal_seq, part, parts, name, hash, body) FROM stdin;
43	0	2	engine	\\x772048bfcdb6fa96f8d1a273f738c117dc3962662ffe015017c3d291616c5ff2	\\x756e63726f73732d73746174650303f2f2f881b7b098036f018602eead22ee1c051e4a801564799a9680808008808080010404555344430680a094a58d1d03455448128080c0faaedcb5f29a36034254430880a8d6b90703534f4c0980809aa6eaafe301050576656e7565009da5adfdb6b0980300000000086f70657261746f72009da5adfdb6b0980301dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11039da5adfdb6b098030001000009747265617375726572009da5adfdb6b098030178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd0039da5adfdb6b098030001000004616e6e610095b6a0feb6b09803017338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d0195b6a0feb6b0980300010101010362656100f69fa7feb6b0980301a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c701f5cca7feb6b098030001010101070107ebfdfcfeb6b098030204008080d194b574106265796f6e6420746865206c696d697424636c692d343439382d313933632d346464372d383066312d3164633431356231663731380178d2a465c8c401900dee492656d68235b8cf0996822dd5bbb24ff8bab81dffd02280c88dc1f005808080bda282a38eab048088debe018090dfc04a08000080b1bd020015030080abb18de702c098a8dd03220301808090bbbad6adf00d0010030280c2d72f00020400c0efafb30d001404018080e8c5b9ffccde80028080c89d9deb96f806110402c0bd9a2fc0843d0d040380c8afa025000e03084554482d555344430100904e8080e983b1de16d00fe807030a0ac0843dc80190a10f0101a0ef0fe2ce9bac03000501084254432d555344430200904e904ed00fe807030a0ac0843dc801809bee020101809bee02e2ce9bac0300050008534f4c2d555344430300904ec0843dd00fe807030a0ac0843dc80198750a019875e2ce9bac03000400070224636c692d393934322d626439622d346633612d626666302d6230623965303532616633340100000000d2ae89f780b0c2bf69c7a1f995b8d3a4de3000f5ddabfeb6b0980301000100000000000224636c692d323339322d663135612d343163652d383939342d64656530303738666132356501020000008a87aca8a2e9c7e14db8c1facabb81d8900300b29baffeb6b0980302000100000000000224636c692d303563362d613935352d346531322d623230612d6234663064316664313331620101000000b58bbecfc7f48b849f01989283dab0e6e1debf0100a7feb2feb6b0980303000100000000000224636c692d376137362d363337362d343432352d383339382d386334326462353931363162010200000094f8faa9dfc7ade1d701cfbafe8c89aba6831300e29db7feb6b0980304000100000000000224636c692d373738342d336664362d343137362d623936382d61663264616336386361326101000000009caf8bebc5c9a3ec4b88f6ac82bafdf9ccde0100baa7bbfeb6b0980305000100000000000224636c692d616664642d613564342d343533382d386234662d3135643131373865383666650103000000a9c7d88792efdbdece01eab48eafd3d8f7e5fc0100e2e4effeb6b0980306000100000000000224636c692d343439382d313933632d346464372d383066312d3164633431356231663731380100000000fde6edb499e4f7f802aa899ac1f6b5eaeaf10100ebfdfcfeb6b0980307000000000000000c0c0387eca8e3b4dffda62a020400010000a0ef0f8827904e80b4e3d709c0d89e010a00f496c2feb6b09803096265612d7472616465c1cd89a6bbddc8951205030000000090a10fa01f0000000a00c1f7d6feb6b0980309616e6e612d72657374fda4e6c5a4d2858923060401010001d0a1f102640000000a80c0bf8785cf9d079dd2dffeb6b09803096265612d64617465640401e8070a03000000000000000000090e616e6e612d63616e63656c6c6564eaa3d09eecb7f98b07c1d9c5feb6b0980301000000000280d30ed00f000a616e6e612d7472616465b9d488f9f8fbdbbe3feae3befeb6b09803020000000001a0ef0f904e0100a0ef0f904e904e80b4e3d709c0d89e0109616e6e612d6f6e6365c195fef892c7ed9129bbbaccfeb6b09803020000000203f0840ee807000b616e6e612d72696e672d31adbeaeb698d19ea40e93d89effb6b0980302000000020388fd0d64000b616e6e612d72696e672d32e9ab99ecbec6e6c71d8fb5a3ffb6b0980302000000020388fd0d64000b616e6e612d72696e672d33f0e7dbfaf1aecd8710ddb4a8ffb6b0980302000000020388fd0d64000b616e6e612d72696e672d34f787c9d7adc2a0cd33888aacffb6b0980302000000020388fd0d64000b616e6e612d72696e672d35f29ae0c69fdfcfab05cf80b1ffb6b0980302000000020388fd0d64000b616e6e612d72696e672d36c491eea4bcd5f0d93189f8b3ffb6b0980302000000020388fd0d6400018070d378057a3fb0f4ccc64f2826f525a1efd2feb6b098031e018a4e92f0e7feede0b006000001904ee4af95feede0b00601a0ef0f98750190a10f882701d0a1f1026401780100eabab7b8b7b09803020102010101033ce438734bb2c61234ae6437ed29d560b279eff91b245861b80c8cba11d204d401000101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e110f61207365636f6e6420646576696365d380f9feb6b09803d380f9feb6b098030004020001dbb91e80e4c6a0f802020101dbb91e8080c09e91c191c79502020201dbb91e8084af5f020301dbb91e80c8afa0250000000103646576000001007801003ccadda1b8b7b098030400000180dac40980897a80c0a8ca9a3a8080d287e2bc2d80a0b787e90501010001808088fccdbcc3238080b4ccd4dfc603808080f5ddb8ebe4b56c808080b4afa9f8e382da548080c098d6c5d7e3eb0a01020001a09c01a01f80d0acf30e80c0ee8ed20b8088debe01010300018084af5f80dac40980d0dbc3f40280c0caf384a30280c8afa0250101010001808088fccdbcc3238080b4ccd4dfc603808080a68ac49aac8d8201808080d88598ddc4b6d2658080c098d6c5d7e3eb0a0182e4a5b8b7b0980301030100145aaeb6053f3e94c9b9a09f33669435e7ef1beaed04686f6d6587e392ffb6b0980387ffaeb8b7b09803000100
43	1	2	tape	\\x42d0a78b1b9bb6b70bd1fabe8458d127575e471d1bc56079478a81af8340c9c3	\\x0103084554482d5553444308477aaf77734e8d8449648a7ccc1a341bfec6812d3227ccce8f4bb79e12a5f959084254432d5553444306f3ad84ce5234ebed8fa49234b19bf9a3936f2a3e95128479b7ba3683b6f29ed008534f4c2d5553444305890e65b2f497399e5df2ce5cb103e63863175870f5ee90df7b6fafda4bf9908a
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
0	venue	2026-11-30 19:30:02.372765+00
1	operator	2026-11-30 19:30:02.372765+00
2	treasurer	2026-11-30 19:30:02.372765+00
3	anna	2026-11-30 19:30:04.259093+00
4	bea	2026-11-30 19:30:04.370934+00
\.


--
-- Data for Name: venue_opening; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.venue_opening (chain, asset, own, raw_amount, block_height) FROM stdin;
dev	ETH	\\xe2e7b8e8a878e2ebc424d73eece632dfe3a19c22	0	-1
dev	USDC	\\xe2e7b8e8a878e2ebc424d73eece632dfe3a19c22	0	-1
dev	BTC	\\xe2e7b8e8a878e2ebc424d73eece632dfe3a19c22	0	-1
\.


--
-- Data for Name: venue_transfer; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.venue_transfer (chain, tx_hash, out_ref, asset, own, other, raw_amount, block_height, block_hash) FROM stdin;
dev	\\x40ba273ec7ce8f7054cd155928717ad79fb50a57471be576e17085131d92a451	n	ETH	\\xe2e7b8e8a878e2ebc424d73eece632dfe3a19c22	\\x7e5f4552091a69125d5dfcb7b8c2659029395bdf	2000000000000000000000	6	\\xe95c13edd0df86a356b7404be1a8520ab5d7b7947d0cb0b1a99795800461c352
dev	\\xf037dacd6c112cad75b7b3673fd33f003b34f166f2ffd57e85d3ca97a6956856	l0	USDC	\\xe2e7b8e8a878e2ebc424d73eece632dfe3a19c22	\\x0000000000000000000000000000000000000000	5000000000000	6	\\xe95c13edd0df86a356b7404be1a8520ab5d7b7947d0cb0b1a99795800461c352
dev	\\xccc597bea0836e984d196a97290c5bf24f53ea7d457a17c52972ad060c81ff6b	l0	BTC	\\xe2e7b8e8a878e2ebc424d73eece632dfe3a19c22	\\x0000000000000000000000000000000000000000	10000000000	6	\\xe95c13edd0df86a356b7404be1a8520ab5d7b7947d0cb0b1a99795800461c352
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
\.


--
-- Data for Name: balance; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.balance (user_id, asset, total, free, locked, last_seq) FROM stdin;
3	BTC	100000000	100000000	0	2
4	BTC	100000000	99000000	1000000	13
4	SOL	10000000000	10000000000	0	14
0	USDC	5200000	5200000	0	21
3	ETH	1000000000000000000	1000000000000000000	0	16
4	USDC	3597400000	3597400000	0	20
4	ETH	19000000000000000000	18500000000000000000	500000000000000000	17
3	USDC	97397400000	96396400000	1001000000	34
\.


--
-- Data for Name: balance_log_1; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.balance_log_1 (seq, user_id, asset, delta, free_delta, locked_delta, free_after, locked_after, type, ref, created_at, updated_at) FROM stdin;
1	3	USDC	100000000000	100000000000	0	100000000000	0	ADJUSTMENT	adjustment:1	2026-11-30 19:30:04.444405+00	2026-11-30 19:30:04.444405+00
2	3	BTC	100000000	100000000	0	100000000	0	ADJUSTMENT	adjustment:2	2026-11-30 19:30:04.501426+00	2026-11-30 19:30:04.501426+00
3	4	ETH	20000000000000000000	20000000000000000000	0	20000000000000000000	0	ADJUSTMENT	adjustment:3	2026-11-30 19:30:04.563239+00	2026-11-30 19:30:04.563239+00
4	4	BTC	100000000	100000000	0	100000000	0	ADJUSTMENT	adjustment:4	2026-11-30 19:30:04.632802+00	2026-11-30 19:30:04.632802+00
5	4	USDC	1000000000	1000000000	0	1000000000	0	ADJUSTMENT	adjustment:5	2026-11-30 19:30:04.699578+00	2026-11-30 19:30:04.699578+00
6	3	USDC	0	-2602600000	2602600000	97397400000	2602600000	LOCK	4574935802448063033	2026-11-30 19:30:04.756458+00	2026-11-30 19:30:04.756458+00
7	4	ETH	0	-1500000000000000000	1500000000000000000	18500000000000000000	1500000000000000000	LOCK	3048364081978947079	2026-11-30 19:30:04.812148+00	2026-11-30 19:30:04.812148+00
8	3	USDC	0	-480480000	480480000	96916920000	3083080000	LOCK	511129690221842922	2026-11-30 19:30:04.869825+00	2026-11-30 19:30:04.869825+00
9	3	USDC	0	480480000	-480480000	97397400000	2602600000	UNLOCK	511129690221842922	2026-11-30 19:30:04.919908+00	2026-11-30 19:30:04.919908+00
10	3	USDC	0	-230230000	230230000	97167170000	2832830000	LOCK	2964413336459905729	2026-11-30 19:30:04.980539+00	2026-11-30 19:30:04.980539+00
11	3	USDC	0	-1251250000	1251250000	95915920000	4084080000	LOCK	1309178512426559169	2026-11-30 19:30:05.152193+00	2026-11-30 19:30:05.152193+00
12	3	USDC	0	250250000	-250250000	96166170000	3833830000	UNLOCK	1309178512426559169	2026-11-30 19:30:05.208598+00	2026-11-30 19:30:05.208598+00
13	4	BTC	0	-1000000	1000000	99000000	1000000	LOCK	2527107158449427069	2026-11-30 19:30:05.294877+00	2026-11-30 19:30:05.294877+00
14	4	SOL	10000000000	10000000000	0	10000000000	0	ADJUSTMENT	adjustment:6	2026-11-30 19:30:05.559394+00	2026-11-30 19:30:05.559394+00
15	3	USDC	-2600000000	0	-2600000000	96166170000	1233830000	TRADE	ETH-USDC:1	2026-11-30 19:30:06.000114+00	2026-11-30 19:30:06.000114+00
16	3	ETH	1000000000000000000	1000000000000000000	0	1000000000000000000	0	TRADE	ETH-USDC:1	2026-11-30 19:30:06.000114+00	2026-11-30 19:30:06.000114+00
17	4	ETH	-1000000000000000000	0	-1000000000000000000	18500000000000000000	500000000000000000	TRADE	ETH-USDC:1	2026-11-30 19:30:06.000114+00	2026-11-30 19:30:06.000114+00
18	4	USDC	2600000000	2600000000	0	3600000000	0	TRADE	ETH-USDC:1	2026-11-30 19:30:06.000114+00	2026-11-30 19:30:06.000114+00
19	3	USDC	-2600000	0	-2600000	96166170000	1231230000	FEE	4574935802448063033	2026-11-30 19:30:06.000114+00	2026-11-30 19:30:06.000114+00
20	4	USDC	-2600000	-2600000	0	3597400000	0	FEE	3048364081978947079	2026-11-30 19:30:06.000114+00	2026-11-30 19:30:06.000114+00
21	0	USDC	5200000	5200000	0	5200000	0	FEE	ETH-USDC:auction:2	2026-11-30 19:30:06.000114+00	2026-11-30 19:30:06.000114+00
22	3	USDC	0	230230000	-230230000	96396400000	1001000000	UNLOCK	2964413336459905729	2026-11-30 19:30:06.000114+00	2026-11-30 19:30:06.000114+00
23	3	USDC	0	-22922900	22922900	96373477100	1023922900	LOCK	1029207245944758061	2026-11-30 19:30:06.327827+00	2026-11-30 19:30:06.327827+00
24	3	USDC	0	-22922900	22922900	96350554200	1046845800	LOCK	2130090696588547561	2026-11-30 19:30:06.405263+00	2026-11-30 19:30:06.405263+00
25	3	USDC	0	-22922900	22922900	96327631300	1069768700	LOCK	1157202415000679408	2026-11-30 19:30:06.487133+00	2026-11-30 19:30:06.487133+00
26	3	USDC	0	-22922900	22922900	96304708400	1092691600	LOCK	3718427459842098167	2026-11-30 19:30:06.547208+00	2026-11-30 19:30:06.547208+00
27	3	USDC	0	-22922900	22922900	96281785500	1115614500	LOCK	384845536506154354	2026-11-30 19:30:06.627919+00	2026-11-30 19:30:06.627919+00
28	3	USDC	0	-22922900	22922900	96258862600	1138537400	LOCK	3581420171683399876	2026-11-30 19:30:06.675977+00	2026-11-30 19:30:06.675977+00
29	3	USDC	0	22922900	-22922900	96281785500	1115614500	UNLOCK	1029207245944758061	2026-11-30 19:30:08.000157+00	2026-11-30 19:30:08.000157+00
30	3	USDC	0	22922900	-22922900	96304708400	1092691600	UNLOCK	2130090696588547561	2026-11-30 19:30:08.000157+00	2026-11-30 19:30:08.000157+00
31	3	USDC	0	22922900	-22922900	96327631300	1069768700	UNLOCK	1157202415000679408	2026-11-30 19:30:08.000157+00	2026-11-30 19:30:08.000157+00
32	3	USDC	0	22922900	-22922900	96350554200	1046845800	UNLOCK	3718427459842098167	2026-11-30 19:30:08.000157+00	2026-11-30 19:30:08.000157+00
33	3	USDC	0	22922900	-22922900	96373477100	1023922900	UNLOCK	384845536506154354	2026-11-30 19:30:08.000157+00	2026-11-30 19:30:08.000157+00
34	3	USDC	0	22922900	-22922900	96396400000	1001000000	UNLOCK	3581420171683399876	2026-11-30 19:30:08.000157+00	2026-11-30 19:30:08.000157+00
\.


--
-- Data for Name: deposits; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.deposits (chain, tx_hash, out_ref, user_id, asset, address, block_height, block_hash, raw_amount, credited, dust, status, credit_no, created_at, updated_at, id, sender, contract, amount, scale, reason, credited_seq, clawback_no, clawback_seq, resolution, resolved_by, resolution_reason) FROM stdin;
\.


--
-- Data for Name: scanned_blocks; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.scanned_blocks (chain, height, hash, parent_hash, scanned_at) FROM stdin;
dev	0	\\x6dc95e55daac59b7d65ea9530d906d8c24b88be12a49a1fa57db64635f1eb086	\\x0000000000000000000000000000000000000000000000000000000000000000	2026-11-30 19:30:02.474396+00
dev	1	\\xbdb3e3eb7bd696858c8b762606ded2cda98f3947cf78037af303aad972fd4602	\\x6dc95e55daac59b7d65ea9530d906d8c24b88be12a49a1fa57db64635f1eb086	2026-11-30 19:30:02.474396+00
dev	2	\\x9c1ede3507a84f522e7086c22c141fa3426370aa3932ca1f18010a599f181f1d	\\xbdb3e3eb7bd696858c8b762606ded2cda98f3947cf78037af303aad972fd4602	2026-11-30 19:30:02.474396+00
dev	3	\\x7c2168b1c9a56c2f2b7bff9c5a39f89b75de12335d035ff562b9a51baacba48d	\\x9c1ede3507a84f522e7086c22c141fa3426370aa3932ca1f18010a599f181f1d	2026-11-30 19:30:02.474396+00
dev	4	\\x1c6f34f20f9f933c7eeb8b5b1e4cf694f82c957a034787c6265e3bec5b84fde7	\\x7c2168b1c9a56c2f2b7bff9c5a39f89b75de12335d035ff562b9a51baacba48d	2026-11-30 19:30:02.474396+00
dev	5	\\xbc42942348de3a4e80bdd18270f81e688f49b21f442a10b57eae426b49941161	\\x1c6f34f20f9f933c7eeb8b5b1e4cf694f82c957a034787c6265e3bec5b84fde7	2026-11-30 19:30:02.474396+00
dev	6	\\xe95c13edd0df86a356b7404be1a8520ab5d7b7947d0cb0b1a99795800461c352	\\xbc42942348de3a4e80bdd18270f81e688f49b21f442a10b57eae426b49941161	2026-11-30 19:30:03.503772+00
dev	7	\\x093406280f081ef54fdfd1aadf2a98ca1aa4fe910297f5d0e22405be24efd7f1	\\xe95c13edd0df86a356b7404be1a8520ab5d7b7947d0cb0b1a99795800461c352	2026-11-30 19:30:04.547636+00
dev	8	\\xc454b743d206bdca34212ca5124ce85363d14db307e5d022ded8422a2ed4c10b	\\x093406280f081ef54fdfd1aadf2a98ca1aa4fe910297f5d0e22405be24efd7f1	2026-11-30 19:30:05.352744+00
dev	9	\\x3b752be6c90a2504c0cc3140b1125612c64cc019b0665f698b243a0c22d57c39	\\xc454b743d206bdca34212ca5124ce85363d14db307e5d022ded8422a2ed4c10b	2026-11-30 19:30:06.424951+00
dev	10	\\x73a043b4efc51816b073048cdf9e1227d7815a462f6b9af8588616075acd3f2c	\\x3b752be6c90a2504c0cc3140b1125612c64cc019b0665f698b243a0c22d57c39	2026-11-30 19:30:07.460234+00
dev	11	\\x79b21197ea867ff20e36f75b28b6beffa0102bafafad3c8188403d459615a1ab	\\x73a043b4efc51816b073048cdf9e1227d7815a462f6b9af8588616075acd3f2c	2026-11-30 19:30:08.495699+00
dev	12	\\xf2ee6d190bda4439a17802d71f5020c09d522e4179162a9015f36b2043a007ea	\\x79b21197ea867ff20e36f75b28b6beffa0102bafafad3c8188403d459615a1ab	2026-11-30 19:30:09.524706+00
dev	13	\\xe5a39d81ff2a9628e029398d3b677280a0e3c32f10b23daeb4a39177d23c1087	\\xf2ee6d190bda4439a17802d71f5020c09d522e4179162a9015f36b2043a007ea	2026-11-30 19:30:10.559871+00
dev	14	\\xbcf0775db67f4904a5721eb78eb20777ba1a1c32418d3d79c9dd0f14ac0fa43f	\\xe5a39d81ff2a9628e029398d3b677280a0e3c32f10b23daeb4a39177d23c1087	2026-11-30 19:30:11.334654+00
\.


--
-- Data for Name: withdrawals; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.withdrawals (id, user_id, asset, amount, fee, address, chain, tx_hash, created_at, updated_at, client_id, approvals_needed, decision, reason, payment, block_height, decided_by) FROM stdin;
\.


--
-- Name: deposit_log_id_seq; Type: SEQUENCE SET; Schema: core; Owner: uncross_owner
--

SELECT pg_catalog.setval('core.deposit_log_id_seq', 1, false);


--
-- Name: payout_decision_id_seq; Type: SEQUENCE SET; Schema: core; Owner: uncross_owner
--

SELECT pg_catalog.setval('core.payout_decision_id_seq', 1, false);


--
-- Name: top_up_id_seq; Type: SEQUENCE SET; Schema: core; Owner: uncross_owner
--

SELECT pg_catalog.setval('core.top_up_id_seq', 1, false);


--
-- Name: withdrawal_log_id_seq; Type: SEQUENCE SET; Schema: core; Owner: uncross_owner
--

SELECT pg_catalog.setval('core.withdrawal_log_id_seq', 1, false);


--
-- Name: deposits_id_seq; Type: SEQUENCE SET; Schema: public; Owner: uncross_owner
--

SELECT pg_catalog.setval('public.deposits_id_seq', 1, false);


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
-- Name: payout_decision payout_decision_pkey; Type: CONSTRAINT; Schema: core; Owner: uncross_owner
--

ALTER TABLE ONLY core.payout_decision
    ADD CONSTRAINT payout_decision_pkey PRIMARY KEY (id);


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
-- Name: payout_decision append_only; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON core.payout_decision FOR EACH ROW EXECUTE FUNCTION core.append_only();


--
-- Name: withdrawal_log append_only; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON core.withdrawal_log FOR EACH ROW EXECUTE FUNCTION core.append_only();


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
-- Name: payout_decision append_only_truncate; Type: TRIGGER; Schema: core; Owner: uncross_owner
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON core.payout_decision FOR EACH STATEMENT EXECUTE FUNCTION core.append_only();


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
-- Name: TABLE payout_decision; Type: ACL; Schema: core; Owner: uncross_owner
--

GRANT SELECT,INSERT ON TABLE core.payout_decision TO uncross_app;
GRANT SELECT ON TABLE core.payout_decision TO uncross_audit;


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


