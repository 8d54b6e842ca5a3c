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
1	1	1	13	2026-11-30 09:48:03.771389+00	\\x0000000000000000000000000000000000000000000000000000000000000000	\\x58670bb4a63c4c78ed53acac411c5893cbb4a6e69904264601fce6d464eb47e4	\\x0201faffdde5e9deb00610e135f0225a06a25208ac62cc8d3ebea380808008808080011e021104555344430680c0a8ca9a3a110345544812808080f5ddb8ebe4b56c11034254430880d0acf30e12084554482d555344430100a09c018080d287e2bc2da01fe807030a0a80897ac801a0c21e12084254432d555344430200a09c01a09c01a01fe807030a0a80897ac80180b6dc0517086f70657261746f721801dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11031709747265617375726572180245cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf032d0000004300
2	1	14	3	2026-11-30 09:48:04.00481+00	\\x58670bb4a63c4c78ed53acac411c5893cbb4a6e69904264601fce6d464eb47e4	\\xd732d5f0803e88750e999d18721a02ff0c126091ede58d3851bd8d1bdf7d5bf7	\\x020194bffae5e9deb0060600d48cb5d8060601d48cb5d806
3	1	17	2	2026-11-30 09:48:05.547281+00	\\xd732d5f0803e88750e999d18721a02ff0c126091ede58d3851bd8d1bdf7d5bf7	\\xd279c7e7f8bdce6fc16d4465831c51e41868b38a2c85b72a5803ec029540db01	\\x0201a2e4b6e7e9deb0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11001704616e6e61
4	1	19	2	2026-11-30 09:48:05.548457+00	\\xd279c7e7f8bdce6fc16d4465831c51e41868b38a2c85b72a5803ec029540db01	\\x28133b0ede11eda18f5e4fb64e32493d46f21a2f17ab79d92821b31a9b5838d2	\\x0201d2f6b6e7e9deb0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e111b746865206669727374206b6579206f662061206e6577207573657240037338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d0100
5	1	21	2	2026-11-30 09:48:05.71901+00	\\x28133b0ede11eda18f5e4fb64e32493d46f21a2f17ab79d92821b31a9b5838d2	\\x5fd3675577962643a11015bf59a08324c58ea48da17bdce46239e00368486797	\\x0201c4dfcbe7e9deb0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11001703626561
6	1	23	2	2026-11-30 09:48:05.723606+00	\\x5fd3675577962643a11015bf59a08324c58ea48da17bdce46239e00368486797	\\x305b34be9ddde0e43c30e4fb35e60a21834b64d53f7daf0f77b5d3f62fa8cbff	\\x0201aca7cce7e9deb0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e111b746865206669727374206b6579206f662061206e657720757365724004a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c70100
7	1	25	2	2026-11-30 09:48:05.885202+00	\\x305b34be9ddde0e43c30e4fb35e60a21834b64d53f7daf0f77b5d3f62fa8cbff	\\x79b089206b1caabe6f4aacd11593b49d5485e5b0b0f02071bc84fc4779e0ad2e	\\x0201a484e0e7e9deb0062d020145cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf0c6f70656e696e6720676966741b030080a0b787e90524636c692d383630372d383537642d343861612d386239612d333564643230633164643466
8	1	27	2	2026-11-30 09:48:05.986409+00	\\x79b089206b1caabe6f4aacd11593b49d5485e5b0b0f02071bc84fc4779e0ad2e	\\xf37501e52455f2d78891fd3f3aa669ed8db19f414d462dc5fdcf5c23510f7399	\\x0201d2b1ece7e9deb0062d020145cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf0c6f70656e696e6720676966741b03028084af5f24636c692d346335632d653139332d343762382d623864302d333637363864643363343662
9	1	29	3	2026-11-30 09:48:06.000084+00	\\xf37501e52455f2d78891fd3f3aa669ed8db19f414d462dc5fdcf5c23510f7399	\\x7a1aec5ba9890c07a2ba15c18b93be0cd312bae9adf87ed832925384828b4cce	\\x0201a887eee7e9deb0060600d68cb5d8060601d68cb5d806
10	1	32	2	2026-11-30 09:48:06.138035+00	\\x7a1aec5ba9890c07a2ba15c18b93be0cd312bae9adf87ed832925384828b4cce	\\x2bdb33fee7e5dff484839c05d1ac92d45c7dc61cc4640c2fb6402a5919574986	\\x0201e6f2fee7e9deb0062d020145cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf0c6f70656e696e6720676966741b0401808080bda282a38eab0424636c692d373539362d636261372d346635622d623761392d666634323932656535643634
11	1	34	2	2026-11-30 09:48:06.275123+00	\\x2bdb33fee7e5dff484839c05d1ac92d45c7dc61cc4640c2fb6402a5919574986	\\x69f7ecf12789b2f3f4741e59115ac26f3c0f4c1b12451d69e8826ec0c87184e6	\\x0201e6d08fe8e9deb0062d020145cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf0c6f70656e696e6720676966741b04028084af5f24636c692d616132362d616232382d346638372d383537612d383066383832386537306633
12	1	36	2	2026-11-30 09:48:06.390754+00	\\x69f7ecf12789b2f3f4741e59115ac26f3c0f4c1b12451d69e8826ec0c87184e6	\\xff6413303e6042d4c5b48d32f66f9cf76e37bb052552daaf869936ea99926a27	\\x0201c4df9de8e9deb0062d020145cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf0c6f70656e696e6720676966741b040080a8d6b90724636c692d313835342d336163342d343064662d383030312d393837616135316330386536
13	1	38	2	2026-11-30 09:48:06.52573+00	\\xff6413303e6042d4c5b48d32f66f9cf76e37bb052552daaf869936ea99926a27	\\x188a2e5762257bdab8cc02378348c7612d832564cea41803c8227131fc80472e	\\x0201c49caee8e9deb00602030000c0de1fa09c0100026131
14	1	40	2	2026-11-30 09:48:06.667826+00	\\x188a2e5762257bdab8cc02378348c7612d832564cea41803c8227131fc80472e	\\x63c060beebb93963ad9e7c006a30bae2236895f25e819f8147e05459aeecae23	\\x0201e4c8bfe8e9deb00602040001c0de1f904e00026231
15	1	42	2	2026-11-30 09:48:06.856771+00	\\x63c060beebb93963ad9e7c006a30bae2236895f25e819f8147e05459aeecae23	\\xd251a88f03be20fab2fdb32bd67277cbcc67b78f5f3e32ecc7fd542222b94ef7	\\x020186d1d6e8e9deb00602040001e0fa20e0d40300026232
16	1	44	2	2026-11-30 09:48:07.010436+00	\\xd251a88f03be20fab2fdb32bd67277cbcc67b78f5f3e32ecc7fd542222b94ef7	\\x22e85ad17b461e84f7c2213f99c474ccd4c702564b06717eb55de0c9fcbd6f39	\\x020188b2e9e8e9deb006020301008084af5f0200026132
17	1	46	2	2026-11-30 09:48:07.171818+00	\\x22e85ad17b461e84f7c2213f99c474ccd4c702564b06717eb55de0c9fcbd6f39	\\xcd4ba6d2a02607b18f7aacfc852050e5b5670f450a2f3f1c87d96db4fe11defa	\\x0201d48bfde8e9deb006020401018084af5f0200026233
18	1	48	2	2026-11-30 09:48:07.49109+00	\\xcd4ba6d2a02607b18f7aacfc852050e5b5670f450a2f3f1c87d96db4fe11defa	\\x0dcc7349f4ee40a60ef177942d5ace657e22d48e211b960364443268086d468f	\\x0201a488a4e9e9deb0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e110f61207365636f6e642064657669636540033ce438734bb2c61234ae6437ed29d560b279eff91b245861b80c8cba11d204d40100
19	1	50	2	2026-11-30 09:48:07.678242+00	\\x0dcc7349f4ee40a60ef177942d5ace657e22d48e211b960364443268086d468f	\\xa23807ba4aedda34833633268280fcdeb60ed6d647ffd082c876eafadb839b97	\\x0201c4f4bae9e9deb0062d020145cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf106265796f6e6420746865206c696d69741b04008080d194b57424636c692d313331392d333235322d346334322d393334642d303563366565396166326235
20	1	52	3	2026-11-30 09:48:08.000109+00	\\xa23807ba4aedda34833633268280fcdeb60ed6d647ffd082c876eafadb839b97	\\x3d4edcaef137f1dba3816e3be27be5f65dd09826c8d3efbea0ab48ac000266e2	\\x0201da99e2e9e9deb0060600d88cb5d8060601d88cb5d806
21	1	55	3	2026-11-30 09:48:10.001374+00	\\x3d4edcaef137f1dba3816e3be27be5f65dd09826c8d3efbea0ab48ac000266e2	\\x5e2b97cdcc8f111c5efa9181fbdc147c8e09baf4d358cef0c20f88a0b3dbf136	\\x0201bcbfd6ebe9deb0060600da8cb5d8060601da8cb5d806
22	1	58	3	2026-11-30 09:48:12.000844+00	\\x5e2b97cdcc8f111c5efa9181fbdc147c8e09baf4d358cef0c20f88a0b3dbf136	\\x9cea0578468e0a4e181b27b2461b4d786142be289d632b2490dcba1aa3b0db1d	\\x020198c9caede9deb0060600dc8cb5d8060601dc8cb5d806
23	1	61	3	2026-11-30 09:48:14.000625+00	\\x9cea0578468e0a4e181b27b2461b4d786142be289d632b2490dcba1aa3b0db1d	\\x832bc0f66fe10931559ac71e115925c313b47e6244fb18ba0b5825215de1b5d7	\\x0201e2d7beefe9deb0060600de8cb5d8060601de8cb5d806
24	1	64	2	2026-11-30 09:48:14.184679+00	\\x832bc0f66fe10931559ac71e115925c313b47e6244fb18ba0b5825215de1b5d7	\\x0d961727393519c6acc19fb7bd9ac8f621a83c557b53223448aab38f3ccbef54	\\x0201ce93d5efe9deb0062d0101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e110a6f6464207072696365731401
25	1	66	2	2026-11-30 09:48:16.000369+00	\\x0d961727393519c6acc19fb7bd9ac8f621a83c557b53223448aab38f3ccbef54	\\x9ce46a978a6315c3a87bab5bcf59fee4af8377fe6e7d43ee1f9c347450094766	\\x0201e2e5b2f1e9deb0060600e08cb5d806
26	1	68	2	2026-11-30 09:48:18.000052+00	\\x9ce46a978a6315c3a87bab5bcf59fee4af8377fe6e7d43ee1f9c347450094766	\\x2f0d50cab2e3e7e67b5135dc6294a60fd5b636c36c9e73d6d717fbb1196da18c	\\x0201e8f2a6f3e9deb0060600e28cb5d806
27	1	70	2	2026-11-30 09:48:20.000108+00	\\x2f0d50cab2e3e7e67b5135dc6294a60fd5b636c36c9e73d6d717fbb1196da18c	\\xc954e9bd32614db46ef536762fc6d138c364d07e161cfdcd4867391926f4b954	\\x0201d8859bf5e9deb0060600e48cb5d806
\.


--
-- Data for Name: leader; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.leader (singleton, term, at) FROM stdin;
t	1	2026-11-30 09:48:03.758269+00
\.


--
-- Data for Name: migration; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.migration (version, applied_at) FROM stdin;
1	2026-11-30 09:48:03.500415+00
2	2026-11-30 09:48:03.535361+00
3	2026-11-30 09:48:03.551594+00
4	2026-11-30 09:48:03.555334+00
5	2026-11-30 09:48:03.62408+00
6	2026-11-30 09:48:03.723125+00
7	2026-11-30 09:48:03.724558+00
8	2026-11-30 09:48:03.729467+00
9	2026-11-30 09:48:03.730504+00
10	2026-11-30 09:48:03.734305+00
11	2026-11-30 09:48:03.744585+00
12	2026-11-30 09:48:03.747927+00
13	2026-11-30 09:48:03.748365+00
\.


--
-- Data for Name: operator_log; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.operator_log (journal_seq, "position", at, operator_id, public_key, action, subject, detail, reason) FROM stdin;
1	0	2026-11-30 09:48:03.771389+00	0	\N	create_asset	USDC	decimals=6 adjustment_limit_atoms=1000000000000	
1	1	2026-11-30 09:48:03.771389+00	0	\N	create_asset	ETH	decimals=18 adjustment_limit_atoms=500000000000000000000	
1	2	2026-11-30 09:48:03.771389+00	0	\N	create_asset	BTC	decimals=8 adjustment_limit_atoms=2000000000	
1	3	2026-11-30 09:48:03.771389+00	0	\N	create_market	ETH-USDC	tick_atoms=10000 lot_atoms=100000000000000 listing_price_ticks=250000 interval_milliseconds=2000 band_basis_points=1000 runs_before_widening=3 buy_fee_basis_points=10 sell_fee_basis_points=10 minimum_notional_atoms=1000000 maximum_open_orders=200	
1	4	2026-11-30 09:48:03.771389+00	0	\N	create_market	BTC-USDC	tick_atoms=10000 lot_atoms=10000 listing_price_ticks=6000000 interval_milliseconds=2000 band_basis_points=1000 runs_before_widening=3 buy_fee_basis_points=10 sell_fee_basis_points=10 minimum_notional_atoms=1000000 maximum_open_orders=200	
1	5	2026-11-30 09:48:03.771389+00	0	\N	register_user	1	name=operator	
1	6	2026-11-30 09:48:03.771389+00	0	\N	register_key	1	public_key=dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11 role=operator	
1	7	2026-11-30 09:48:03.771389+00	0	\N	register_user	2	name=treasurer	
1	8	2026-11-30 09:48:03.771389+00	0	\N	register_key	2	public_key=45cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf role=operator	
1	9	2026-11-30 09:48:03.771389+00	0	\N	set_operator_delay	venue	seconds=0	
3	0	2026-11-30 09:48:05.547281+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_user	3	name=anna	
4	0	2026-11-30 09:48:05.548457+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_key	3	public_key=7338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d role=trader	the first key of a new user
5	0	2026-11-30 09:48:05.71901+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_user	4	name=bea	
6	0	2026-11-30 09:48:05.723606+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	register_key	4	public_key=a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c7 role=trader	the first key of a new user
7	0	2026-11-30 09:48:05.885202+00	2	\\x45cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf	adjust	3	adjustment=1 amount=100000 USDC	opening gift
8	0	2026-11-30 09:48:05.986409+00	2	\\x45cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf	adjust	3	adjustment=2 amount=1 BTC	opening gift
10	0	2026-11-30 09:48:06.138035+00	2	\\x45cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf	adjust	4	adjustment=3 amount=20 ETH	opening gift
11	0	2026-11-30 09:48:06.275123+00	2	\\x45cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf	adjust	4	adjustment=4 amount=1 BTC	opening gift
12	0	2026-11-30 09:48:06.390754+00	2	\\x45cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf	adjust	4	adjustment=5 amount=1000 USDC	opening gift
18	0	2026-11-30 09:48:07.49109+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	request_key	3	grant=1 public_key=3ce438734bb2c61234ae6437ed29d560b279eff91b245861b80c8cba11d204d4 role=trader	a second device
19	0	2026-11-30 09:48:07.678242+00	2	\\x45cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf	adjust	4	adjustment=6 amount=2000000 USDC waits=true	beyond the limit
24	0	2026-11-30 09:48:14.184679+00	1	\\xdd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11	suspend_market	BTC-USDC		odd prices
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
t	27	0	17
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
22	0	2	engine	\\xcb1997c47b60eac3b31979753281101f63cc3e501922e93281581422d05be73e	\\x756e63726f73732d73746174650202cca4e5f6b4af98033c01e135f0225a06a25208ac62cc8d3ebea380808008808080010304555344430680a094a58d1d03455448128080c0faaedcb5f29a36034254430880a8d6b907050576656e756500fdffeef2b4af980300000000086f70657261746f7200fdffeef2b4af980301dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e1103fdffeef2b4af9803000100000974726561737572657200fdffeef2b4af98030145cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf03fdffeef2b4af98030001000004616e6e610091b2dbf3b4af9803017338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d01a9bbdbf3b4af980300010101010362656100e2efe5f3b4af980301a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c701d693e6f3b4af98030001010101060106a2baddf4b4af98030204008080d194b574106265796f6e6420746865206c696d697424636c692d313331392d333235322d346334322d393334642d3035633665653961663262350145cb9b956432597418844dc54d84c11a43468afc675d3305dffc2f52e6d2b4bf1180c88dc1f005808080bda282a38eab048088debe01070000c0d89e0100110300a0f4fbbaea02c0d59e9c050f03018080c89d9deb96f806000c030280c2d72f00020400e0c18dc808001004018080c8cfc4d2f1fde4018080b0b1af8389d1290d0402f0f3d62f904e0a02084554482d555344430100904e8080e983b1de16d00fe807030a0ac0843dc80190a10f0101a0ef0faec69aac03000501084254432d555344430200904e904ed00fe807030a0ac0843dc801809bee020101809bee02aec69aac030305000b0224636c692d383630372d383537642d343861612d386239612d3335646432306331646434660100000000d2ae89f780b0c2bf69c7a1f995b8d3a4de30009282f0f3b4af980301000100000000000224636c692d346335632d653139332d343762382d623864302d33363736386464336334366201020000008a87aca8a2e9c7e14db8c1facabb81d8900300e998f6f3b4af980302000100000000000224636c692d373539362d636261372d346635622d623761392d6666343239326565356436340101000000b58bbecfc7f48b849f01989283dab0e6e1debf0100b3b9fff3b4af980303000100000000000224636c692d616132362d616232382d346638372d383537612d383066383832386537306633010200000094f8faa9dfc7ade1d701cfbafe8c89aba6831300b3e887f4b4af980304000100000000000224636c692d313835342d336163342d343064662d383030312d39383761613531633038653601000000009caf8bebc5c9a3ec4b88f6ac82bafdf9ccde0100e2ef8ef4b4af98030500010000000000030261310000000000c0de1fa09c0100a28e97f4b4af9803aff0afead4d9b9eb3b00000000000000040262310000010000c0de1f904e00b2e49ff4b4af9803badca4e6bd82affb320001a0ef0f8827882780daf1eb04a0ac4f040262320000010000e0fa20e0d40300c3a8abf4b4af9803c5b7efbdf3c3fcb808000000000000000302613200010000008084af5f020084d9b4f4b4af9803f1a495fda9adaa9b2b000000000000000402623300010100008084af5f0200eac5bef4b4af9803f9f68ce6b79be1e031000000000000000224636c692d313331392d333235322d346334322d393334642d3035633665653961663262350100000000fde6edb499e4f7f802aa899ac1f6b5eaeaf10100a2baddf4b4af98030600000000000000050504aff0afead4d9b9eb3b010300000000a0ef0f8827882780daf1eb04a0ac4f0a00a28e97f4b4af9803026131c5b7efbdf3c3fcb808030400010000b0bd10b0ea010000000a00c3a8abf4b4af9803026232f1a495fda9adaa9b2b04030100000080c2d72f010000000a0084d9b4f4b4af9803026132f9f68ce6b79be1e03105040101000080c2d72f010000000a00eac5bef4b4af9803026233010000020102010101033ce438734bb2c61234ae6437ed29d560b279eff91b245861b80c8cba11d204d401000101dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e110f61207365636f6e64206465766963659284d2f4b4af98039284d2f4b4af98030003020001d1b91e80e4c6a0f802020101d1b91e8080c09e91c191c79502020201d1b91e8084af5f
22	1	2	tape	\\x97687834558784b4ec066a2ad46593122d005dbd836bce530a3bdaf6f9d5fc35	\\x0102084554482d55534443083408ac85a0b3f8acdb0fbf81324d1ef4c4bad06bf3544403ef9c620e62fe77d9084254432d5553444306453c2a22ba9f8394b80011c26d7f24f83878693e78d29bf3917026d6c22795d5
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
0	venue	2026-11-30 09:48:03.771389+00
1	operator	2026-11-30 09:48:03.771389+00
2	treasurer	2026-11-30 09:48:03.771389+00
3	anna	2026-11-30 09:48:05.547281+00
4	bea	2026-11-30 09:48:05.71901+00
\.


--
-- Data for Name: venue_opening; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.venue_opening (chain, asset, own, raw_amount, block_height) FROM stdin;
\.


--
-- Data for Name: venue_transfer; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

COPY core.venue_transfer (chain, tx_hash, out_ref, asset, own, other, raw_amount, block_height, block_hash) FROM stdin;
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
4	BTC	100000000	99990000	10000	10
0	USDC	2600000	2600000	0	17
3	ETH	500000000000000000	500000000000000000	0	12
4	USDC	2298700000	2298700000	0	16
4	ETH	19500000000000000000	16500000000000000000	3000000000000000000	13
3	USDC	98698700000	97297300000	1401400000	15
\.


--
-- Data for Name: balance_log_1; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

COPY public.balance_log_1 (seq, user_id, asset, delta, free_delta, locked_delta, free_after, locked_after, type, ref, created_at, updated_at) FROM stdin;
1	3	USDC	100000000000	100000000000	0	100000000000	0	ADJUSTMENT	adjustment:1	2026-11-30 09:48:05.885202+00	2026-11-30 09:48:05.885202+00
2	3	BTC	100000000	100000000	0	100000000	0	ADJUSTMENT	adjustment:2	2026-11-30 09:48:05.986409+00	2026-11-30 09:48:05.986409+00
3	4	ETH	20000000000000000000	20000000000000000000	0	20000000000000000000	0	ADJUSTMENT	adjustment:3	2026-11-30 09:48:06.138035+00	2026-11-30 09:48:06.138035+00
4	4	BTC	100000000	100000000	0	100000000	0	ADJUSTMENT	adjustment:4	2026-11-30 09:48:06.275123+00	2026-11-30 09:48:06.275123+00
5	4	USDC	1000000000	1000000000	0	1000000000	0	ADJUSTMENT	adjustment:5	2026-11-30 09:48:06.390754+00	2026-11-30 09:48:06.390754+00
6	3	USDC	0	-2602600000	2602600000	97397400000	2602600000	LOCK	4311887462693337135	2026-11-30 09:48:06.52573+00	2026-11-30 09:48:06.52573+00
7	4	ETH	0	-500000000000000000	500000000000000000	19500000000000000000	500000000000000000	LOCK	3672329339661790778	2026-11-30 09:48:06.667826+00	2026-11-30 09:48:06.667826+00
8	4	ETH	0	-3000000000000000000	3000000000000000000	16500000000000000000	3500000000000000000	LOCK	608533640564693957	2026-11-30 09:48:06.856771+00	2026-11-30 09:48:06.856771+00
9	3	USDC	0	-100100000	100100000	97297300000	2702700000	LOCK	3113862467783316081	2026-11-30 09:48:07.010436+00	2026-11-30 09:48:07.010436+00
10	4	BTC	0	-10000	10000	99990000	10000	LOCK	3585292856589499257	2026-11-30 09:48:07.171818+00	2026-11-30 09:48:07.171818+00
11	3	USDC	-1300000000	0	-1300000000	97297300000	1402700000	TRADE	ETH-USDC:1	2026-11-30 09:48:08.000109+00	2026-11-30 09:48:08.000109+00
12	3	ETH	500000000000000000	500000000000000000	0	500000000000000000	0	TRADE	ETH-USDC:1	2026-11-30 09:48:08.000109+00	2026-11-30 09:48:08.000109+00
13	4	ETH	-500000000000000000	0	-500000000000000000	16500000000000000000	3000000000000000000	TRADE	ETH-USDC:1	2026-11-30 09:48:08.000109+00	2026-11-30 09:48:08.000109+00
14	4	USDC	1300000000	1300000000	0	2300000000	0	TRADE	ETH-USDC:1	2026-11-30 09:48:08.000109+00	2026-11-30 09:48:08.000109+00
15	3	USDC	-1300000	0	-1300000	97297300000	1401400000	FEE	4311887462693337135	2026-11-30 09:48:08.000109+00	2026-11-30 09:48:08.000109+00
16	4	USDC	-1300000	-1300000	0	2298700000	0	FEE	3672329339661790778	2026-11-30 09:48:08.000109+00	2026-11-30 09:48:08.000109+00
17	0	USDC	2600000	2600000	0	2600000	0	FEE	ETH-USDC:auction:3	2026-11-30 09:48:08.000109+00	2026-11-30 09:48:08.000109+00
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


