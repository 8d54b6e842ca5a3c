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

INSERT INTO core.chain VALUES ('dev', 31337, '\x6dc95e55daac59b7d65ea9530d906d8c24b88be12a49a1fa57db64635f1eb086', 0, 20, 0, 0);


--
-- Data for Name: changed_deposit; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--



--
-- Data for Name: deposit_address; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--



--
-- Data for Name: deposit_log; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--



--
-- Data for Name: journal; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.journal VALUES (1, 1, 1, 14, '2026-11-30 04:29:18.479091+00', '\x0000000000000000000000000000000000000000000000000000000000000000', '\xe51312ee704fd049644408d3c5af9a452a9ab544800e649a4cd5dc8e2669e4a1', '\x0101e6cbb7a6dbddb00610a6058f620183bad448cf3dac897f5f4480808008808080011104555344430680c0a8ca9a3a110345544812808080f5ddb8ebe4b56c11034254430880d0acf30e12084554482d555344430100a09c018080d287e2bc2da01fe807030a0a80897ac801a0c21e12084254432d555344430200a09c01a09c01a01fe807030a0a80897ac80180b6dc0517086f70657261746f721801dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e11031f03646576220000012300000180dac40980897a80c0a8ca9a3a8080d287e2bc2d80a0b787e905010123010001808088fccdbcc3238080b4ccd4dfc603808080f5ddb8ebe4b56c808080b4afa9f8e382da548080c098d6c5d7e3eb0a010123020001a09c01a01f80d0acf30e80c0ee8ed20b8088debe010101');
INSERT INTO core.journal VALUES (2, 1, 15, 3, '2026-11-30 04:29:20.000167+00', '\xe51312ee704fd049644408d3c5af9a452a9ab544800e649a4cd5dc8e2669e4a1', '\xcc16eea854e4db6b85dd0b741f378bb9db0c6e36026aa2d255b2d900f297e83a', '\x0101cea2f1a7dbddb0060600a0f7b3d8060601a0f7b3d806');
INSERT INTO core.journal VALUES (3, 1, 18, 2, '2026-11-30 04:29:20.296027+00', '\xcc16eea854e4db6b85dd0b741f378bb9db0c6e36026aa2d255b2d900f297e83a', '\x3a871c20c68f0ccf5032b26392ed4b51f14923498fef97e087927a0e98602be2', '\x0101b6b195a8dbddb0061704616e6e61');
INSERT INTO core.journal VALUES (4, 1, 20, 2, '2026-11-30 04:29:20.297837+00', '\x3a871c20c68f0ccf5032b26392ed4b51f14923498fef97e087927a0e98602be2', '\xe1fa44e97f3b70b2f1228d7cdd0111a27f98c5423ada3b86c4c94d0aa4e6f498', '\x0101dacd95a8dbddb00618027338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d01');
INSERT INTO core.journal VALUES (5, 1, 22, 2, '2026-11-30 04:29:20.455603+00', '\xe1fa44e97f3b70b2f1228d7cdd0111a27f98c5423ada3b86c4c94d0aa4e6f498', '\x1f28eaa54e64594fb3a516eb710bc810702f2f942a15521f12d584642b857a67', '\x0101e6eea8a8dbddb0061703626561');
INSERT INTO core.journal VALUES (6, 1, 24, 2, '2026-11-30 04:29:20.46531+00', '\x1f28eaa54e64594fb3a516eb710bc810702f2f942a15521f12d584642b857a67', '\x553f9db27c8a62b09f771fa707e8eeeb5f6c648a67397f133e9d9a938a73df22', '\x0101bc86aaa8dbddb0061803a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c701');
INSERT INTO core.journal VALUES (7, 1, 26, 2, '2026-11-30 04:29:20.694325+00', '\x553f9db27c8a62b09f771fa707e8eeeb5f6c648a67397f133e9d9a938a73df22', '\x9d584e401c1d1edc271f23ee026e91ae0006f7712b9bd6b3992655f29d5b6b0a', '\x0101ea80c6a8dbddb00617046361726c');
INSERT INTO core.journal VALUES (8, 1, 28, 2, '2026-11-30 04:29:20.697294+00', '\x9d584e401c1d1edc271f23ee026e91ae0006f7712b9bd6b3992655f29d5b6b0a', '\xb239a5e7fdb0ca3f75a7a439bb29240bdba45cd9575765ecbf2a5402216d0532', '\x01019cafc6a8dbddb006180406bbbb1e7418c8db910c8a7e3fc306788bd3b7939dd5c7699d286da5b65d38a203');
INSERT INTO core.journal VALUES (9, 1, 30, 2, '2026-11-30 04:29:20.828669+00', '\xb239a5e7fdb0ca3f75a7a439bb29240bdba45cd9575765ecbf2a5402216d0532', '\xfedb341caa12a99e2895834c04b55581773ec52006f4d00edb49c6a9e3f5c39f', '\x0101fab3d6a8dbddb0061b01020080a0b787e905076f70656e696e6724636c692d656661332d313036612d343934302d626363392d373165326532663833613733');
INSERT INTO core.journal VALUES (10, 1, 32, 2, '2026-11-30 04:29:20.975661+00', '\xfedb341caa12a99e2895834c04b55581773ec52006f4d00edb49c6a9e3f5c39f', '\x31b20c496980bdd666fc6eded16371964b067b4b60590d8e27629218602f1706', '\x0101daace8a8dbddb0061b010301808080bda282a38eab04076f70656e696e6724636c692d383431632d383036332d346261352d393635382d653832666264653831353139');
INSERT INTO core.journal VALUES (11, 1, 34, 2, '2026-11-30 04:29:21.132317+00', '\x31b20c496980bdd666fc6eded16371964b067b4b60590d8e27629218602f1706', '\x608d41d185e2b256e18c683534f743a7d4f66eef27124e217d3366b97b8235b8', '\x0101babcfba8dbddb0061b0103008080d194b574056c6172676524636c692d303661322d343731322d343530382d626364392d666134633437636333363334');
INSERT INTO core.journal VALUES (12, 1, 36, 2, '2026-11-30 04:29:21.279986+00', '\x608d41d185e2b256e18c683534f743a7d4f66eef27124e217d3366b97b8235b8', '\x69e6f9b8715a598706e3de276575558267b774cefaff4e1ac4137c92ab0df1d0', '\x0101e4bf8da9dbddb00602020000e8c31eb0ea010024636c692d316364312d373536382d343231372d386435352d303237373565336132303735');
INSERT INTO core.journal VALUES (13, 1, 38, 2, '2026-11-30 04:29:21.4683+00', '\x69e6f9b8715a598706e3de276575558267b774cefaff4e1ac4137c92ab0df1d0', '\x38499a2d9351f8c71389cea84a58f960e7934da67dcff1c2777f808de8461db7', '\x010198bea4a9dbddb00602030001a0c21ea09c010024636c692d323031392d323564642d343435322d383564332d623665353161306162366237');
INSERT INTO core.journal VALUES (14, 1, 40, 3, '2026-11-30 04:29:22.000115+00', '\x38499a2d9351f8c71389cea84a58f960e7934da67dcff1c2777f808de8461db7', '\xe1662f475a932819267237e8bc29cce8a0a219a92ee6d4070bebba1449a446a2', '\x0101e6b3e5a9dbddb0060600a2f7b3d8060601a2f7b3d806');
INSERT INTO core.journal VALUES (15, 1, 43, 3, '2026-11-30 04:29:24.000105+00', '\xe1662f475a932819267237e8bc29cce8a0a219a92ee6d4070bebba1449a446a2', '\x9d25eed851525d3f5dbfae4c77b27d32da7ebadc15f431ea3781a48ddfba3598', '\x0101d2c5d9abdbddb0060600a4f7b3d8060601a4f7b3d806');
INSERT INTO core.journal VALUES (16, 1, 46, 2, '2026-11-30 04:29:24.12649+00', '\x9d25eed851525d3f5dbfae4c77b27d32da7ebadc15f431ea3781a48ddfba3598', '\xe757785fa5c3e95a13f4b1692e8b3a5fea9d1cf7b942cf1fc4a82945f393d273', '\x0101b4fce8abdbddb00602030001c0de1fe0d4030024636c692d336239612d303037642d346333352d393463662d633330373538343263306332');
INSERT INTO core.journal VALUES (17, 1, 48, 2, '2026-11-30 04:29:24.262424+00', '\xe757785fa5c3e95a13f4b1692e8b3a5fea9d1cf7b942cf1fc4a82945f393d273', '\xd58ff61ad2e4daefabedae424a24d0e676fdfd0002ecb2c71adb0ef01478be4a', '\x0101b0c8f9abdbddb006240300145aaeb6053f3e94c9b9a09f33669435e7ef1beaed00');
INSERT INTO core.journal VALUES (18, 1, 50, 2, '2026-11-30 04:29:24.425845+00', '\xd58ff61ad2e4daefabedae424a24d0e676fdfd0002ecb2c71adb0ef01478be4a', '\x59d6149852ac056a080ce79cd2b2608c03efc1b48fbd596b3294c5d7f37ec706', '\x0101eac18dacdbddb006260301808090bbbad6adf00d145aaeb6053f3e94c9b9a09f33669435e7ef1beaed2433616463666637652d633262612d343063332d393436322d363765653639623338643436');
INSERT INTO core.journal VALUES (19, 1, 52, 2, '2026-11-30 04:29:24.589986+00', '\x59d6149852ac056a080ce79cd2b2608c03efc1b48fbd596b3294c5d7f37ec706', '\x36616bb52f051cfef3bacbe91c945ed649cceaacb13f21338d2e8e17b569e27b', '\x0101c4c6a1acdbddb0062a02');
INSERT INTO core.journal VALUES (20, 1, 54, 3, '2026-11-30 04:29:26.003602+00', '\x36616bb52f051cfef3bacbe91c945ed649cceaacb13f21338d2e8e17b569e27b', '\x823c0edf77ce9093df27142df9ec7c99901ce0ae26722fee115c569b8b6564de', '\x0101a48eceaddbddb0060600a6f7b3d8060601a6f7b3d806');
INSERT INTO core.journal VALUES (21, 1, 57, 3, '2026-11-30 04:29:28.00014+00', '\x823c0edf77ce9093df27142df9ec7c99901ce0ae26722fee115c569b8b6564de', '\xcc028d8e8e300700d8433dba9b09a003ac5ac2edf6bae8f24ba937ec38dd0ee2', '\x010198eac1afdbddb0060600a8f7b3d8060601a8f7b3d806');
INSERT INTO core.journal VALUES (22, 1, 60, 2, '2026-11-30 04:29:29.722167+00', '\xcc028d8e8e300700d8433dba9b09a003ac5ac2edf6bae8f24ba937ec38dd0ee2', '\xb8a286d918230f9106fbbae67c99c440aa25ece34a590ca2cb1f17abb1590833', '\x0101ee8494b1dbddb0062b02');
INSERT INTO core.journal VALUES (23, 1, 62, 3, '2026-11-30 04:29:30.000511+00', '\xb8a286d918230f9106fbbae67c99c440aa25ece34a590ca2cb1f17abb1590833', '\xe3d5e5cd22dc376531a1191e056c7fce8e55b71692e102b7f884b0f699bdf514', '\x0101fe81b6b1dbddb0060600aaf7b3d8060601aaf7b3d806');
INSERT INTO core.journal VALUES (24, 1, 65, 3, '2026-11-30 04:29:32.000086+00', '\xe3d5e5cd22dc376531a1191e056c7fce8e55b71692e102b7f884b0f699bdf514', '\xdacad40bfb855a4e9b7dfb7d73fdf41c579b5618ab91e7d2642752de2157a24c', '\x0101ac8daab3dbddb0060600acf7b3d8060601acf7b3d806');
INSERT INTO core.journal VALUES (25, 1, 68, 3, '2026-11-30 04:29:34.001028+00', '\xdacad40bfb855a4e9b7dfb7d73fdf41c579b5618ab91e7d2642752de2157a24c', '\xaadc09115790dfd4b9bb355e5a8b7954f81f11126b74a7a5e675536270a4c51c', '\x010188ae9eb5dbddb0060600aef7b3d8060601aef7b3d806');
INSERT INTO core.journal VALUES (26, 1, 71, 3, '2026-11-30 04:29:36.000123+00', '\xaadc09115790dfd4b9bb355e5a8b7954f81f11126b74a7a5e675536270a4c51c', '\xdbe1bb59331dad3e2c33fece16833e0fc1d3794f9d484b732e940a04237186d0', '\x0101f6b192b7dbddb0060600b0f7b3d8060601b0f7b3d806');


--
-- Data for Name: leader; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.leader VALUES (true, 1, '2026-11-30 04:29:18.457007+00');


--
-- Data for Name: migration; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.migration VALUES (1, '2026-11-30 04:29:18.161719+00');
INSERT INTO core.migration VALUES (2, '2026-11-30 04:29:18.211407+00');
INSERT INTO core.migration VALUES (3, '2026-11-30 04:29:18.231406+00');
INSERT INTO core.migration VALUES (4, '2026-11-30 04:29:18.235327+00');
INSERT INTO core.migration VALUES (5, '2026-11-30 04:29:18.279495+00');
INSERT INTO core.migration VALUES (6, '2026-11-30 04:29:18.398516+00');
INSERT INTO core.migration VALUES (7, '2026-11-30 04:29:18.403326+00');
INSERT INTO core.migration VALUES (8, '2026-11-30 04:29:18.41662+00');
INSERT INTO core.migration VALUES (9, '2026-11-30 04:29:18.418912+00');
INSERT INTO core.migration VALUES (10, '2026-11-30 04:29:18.435426+00');
INSERT INTO core.migration VALUES (11, '2026-11-30 04:29:18.439293+00');


--
-- Data for Name: orphan_block; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--



--
-- Data for Name: payout_attempt; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.payout_attempt VALUES ('\x9c2e7034b2c915c2bad9eed7418601061d5a1049e212fbe526ce6d1ae5d88856', 'dev', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', 0, 'payment', 1000000000, 1273101226, '\x02f874827a6980843b9aca00844be1fbaa825208945aaeb6053f3e94c9b9a09f33669435e7ef1beaed8806f05b59d3b2000080c001a002da484b901c1184feffb26d8dbf3d4e38edcd546c99b806e2c3148ad3ebeaf2a057b840ee3823a16acf767cc56147673eb837b0544885cd0b9cca5cb66976cd89', 15, 15, 'accepted', '2026-11-30 04:29:24.658635+00', '2026-11-30 04:29:24.671816+00');


--
-- Data for Name: payout_decision; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--



--
-- Data for Name: payout_sender; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.payout_sender VALUES ('dev', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', 0, NULL, NULL);


--
-- Data for Name: payout_slot; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.payout_slot VALUES ('dev', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', 0, 'withdrawal', 1, '\x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed', 500000000000000000, '\x', 21000, false, NULL, NULL, 'paid', '2026-11-30 04:29:24.631169+00', NULL, NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: projection; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.projection VALUES (true, 26, 0, 16);


--
-- Data for Name: sent_transaction; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.sent_transaction VALUES ('dev', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', 0, '\x9c2e7034b2c915c2bad9eed7418601061d5a1049e212fbe526ce6d1ae5d88856', true, true, 23509117527000, 16, '\xe57018c770fccfca411bdff8e087d5107abae4b08cadff16cdd39406ea64b64c', 500000000000000000, '\x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed');


--
-- Data for Name: snapshot; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.snapshot VALUES (21, 0, 2, 'engine', '\x39b57458af3771847f91bbb0bb58392c532f8043efec08715a34d025607902d4', '\x756e63726f73732d737461746501018cf5e0d7edae98033b01a6058f620183bad448cf3dac897f5f4480808008808080010304555344430680a094a58d1d03455448128080c0faaedcb5f29a36034254430880a8d6b907050576656e756500f3e59bd3edae980300086f70657261746f7200f3e59bd3edae980301dd42e4df73e223367d0391ea78af64e9a8539c9ffb6dbd40f8441721f6298e1103f3e59bd3edae980304616e6e6100dbd88ad4edae9803017338b5746ff699ce369417c7793a5c66c91ca04c6d881d55056fe0768475655d01ede68ad4edae98030362656100b3b794d4edae980301a5584ecb5aebcb8f9dd48f02aacc3e849ee4f4ab06c5236014575f18f92105c7019e8395d4edae9803046361726c00b580a3d4edae98030106bbbb1e7418c8db910c8a7e3fc306788bd3b7939dd5c7699d286da5b65d38a203ce97a3d4edae98030301039ddebdd4edae98030103008080d194b574056c6172676524636c692d303661322d343731322d343530382d626364392d6661346334376363333633340d80a0b787e905808080bda282a38eab040005000090a6b102000b0200d4a189c5e602e4e4f0d404090201808090bbbad6adf00d00060300b8a3b0a709000a030180809eee9fcce08bd701808092f5b69e83cb300d02084554482d555344430100904e8080e983b1de16d00fe807030a0ac0843dc80190a10f0101f4a10fd4fb99ac03000501084254432d555344430200904e904ed00fe807030a0ac0843dc801809bee020101809bee02d4fb99ac03000500060124636c692d656661332d313036612d343934302d626363392d3731653265326638336137330100000000abd5c9cec3d6d2f412e1d1c0fccec485d9960100fd99abd4edae980301000000000000000124636c692d383431632d383036332d346261352d393635382d653832666264653831353139010100000088c8dca2849f838a15f6e08286b3b7f0e57f00ad96b4d4edae980302000000000000000124636c692d303661322d343731322d343530382d626364392d6661346334376363333633340100000000e0dad2ef83b6bcca9e01a2d9acf89fa5ccf2d601009ddebdd4edae980303000000000000000224636c692d316364312d373536382d343231372d386435352d3032373735653361323037350000000000e8c31eb0ea0100f2dfc6d4edae9803eedbe5938cff91e02b000000000000000324636c692d323031392d323564642d343435322d383564332d6236653531613061623662370000010000a0c21ea09c01008c9fd2d4edae9803c9b5ac8b84a3d69802000190a10f904e904ec0f6c8a80988d398010324636c692d336239612d303037642d346333352d393463662d6333303735383432633063320000010000c0de1fe0d403009abef4d5edae9803bcb794bcb3f0cfb51800000000000000030302eedbe5938cff91e02b010200000000f4a10f8827904ec0f6c8a80988d398010a00f2dfc6d4edae980324636c692d316364312d373536382d343231372d386435352d303237373565336132303735bcb794bcb3f0cfb518030300010000a0ef0fb0ea010000000a009abef4d5edae980324636c692d336239612d303037642d346333352d393463662d63333037353834326330633201036465760000010000000300000180dac40980897a80c0a8ca9a3a8080d287e2bc2d80a0b787e90501010001808088fccdbcc3238080b4ccd4dfc603808080f5ddb8ebe4b56c808080b4afa9f8e382da548080c098d6c5d7e3eb0a01020001a09c01a01f80d0acf30e80c0ee8ed20b8088debe01010001030100145aaeb6053f3e94c9b9a09f33669435e7ef1beaed0098e4fcd5edae980398e4fcd5edae980301010101030100145aaeb6053f3e94c9b9a09f33669435e7ef1beaed8080c89d9deb96f80680809aa6eaafe3012433616463666637652d633262612d343063332d393436322d3637656536396233386434360002f5e086d6edae980300');
INSERT INTO core.snapshot VALUES (21, 1, 2, 'tape', '\x1dbe1faf9c0c913ef124549f0ae3232c15da4d22279377890f2794cca2f83b7f', '\x0102084554482d5553444308a0c69cdd959c7faba4b6fa1c4a8db5cb6209bfc1eaff8b069d0072bffaef0422084254432d55534443061106e92fabbdfe9bcd5c4dbc57cb198effbd94d35030bf0ca5371ee1442a2b76');


--
-- Data for Name: top_up; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--



--
-- Data for Name: users; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.users VALUES (0, 'venue', '2026-11-30 04:29:18.479091+00');
INSERT INTO core.users VALUES (1, 'operator', '2026-11-30 04:29:18.479091+00');
INSERT INTO core.users VALUES (2, 'anna', '2026-11-30 04:29:20.296027+00');
INSERT INTO core.users VALUES (3, 'bea', '2026-11-30 04:29:20.455603+00');
INSERT INTO core.users VALUES (4, 'carl', '2026-11-30 04:29:20.694325+00');


--
-- Data for Name: venue_opening; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.venue_opening VALUES ('dev', 'ETH', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', 0, -1);
INSERT INTO core.venue_opening VALUES ('dev', 'USDC', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', 0, -1);
INSERT INTO core.venue_opening VALUES ('dev', 'BTC', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', 0, -1);


--
-- Data for Name: venue_transfer; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.venue_transfer VALUES ('dev', '\x7a4f9468dd9b707e77f5dcc897dc2727baff394440abfe8ced93d41a0eaa27cb', 'n', 'ETH', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', '\x7e5f4552091a69125d5dfcb7b8c2659029395bdf', 2000000000000000000000, 10, '\x559b6d7f299257896aa86a1dc037fb98a0b3e416b3bc6fb4fe7befdc46fd961f');
INSERT INTO core.venue_transfer VALUES ('dev', '\x43653bda45e4597f223a5fc5fa0236e62636dc0be63457b3be50d52c3867e995', 'l0', 'USDC', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', '\x0000000000000000000000000000000000000000', 5000000000000, 10, '\x559b6d7f299257896aa86a1dc037fb98a0b3e416b3bc6fb4fe7befdc46fd961f');
INSERT INTO core.venue_transfer VALUES ('dev', '\x2fb7bbfcc126add43f37c03358363c15efa4c0916d2c019036a47652ff4c2732', 'l0', 'BTC', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', '\x0000000000000000000000000000000000000000', 10000000000, 10, '\x559b6d7f299257896aa86a1dc037fb98a0b3e416b3bc6fb4fe7befdc46fd961f');
INSERT INTO core.venue_transfer VALUES ('dev', '\x9c2e7034b2c915c2bad9eed7418601061d5a1049e212fbe526ce6d1ae5d88856', 'n', 'ETH', '\xaecf7c519deccf6cc9adc6a84da36cdb2658a8f3', '\x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed', -500000000000000000, 16, '\xe57018c770fccfca411bdff8e087d5107abae4b08cadff16cdd39406ea64b64c');


--
-- Data for Name: withdrawal_approval; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--



--
-- Data for Name: withdrawal_log; Type: TABLE DATA; Schema: core; Owner: uncross_owner
--

INSERT INTO core.withdrawal_log OVERRIDING SYSTEM VALUE VALUES (1, 1, 'approved', NULL, NULL, '', '2026-11-30 04:29:24.431235+00', NULL);
INSERT INTO core.withdrawal_log OVERRIDING SYSTEM VALUE VALUES (2, 1, 'started', NULL, NULL, '', '2026-11-30 04:29:24.595476+00', 0);
INSERT INTO core.withdrawal_log OVERRIDING SYSTEM VALUE VALUES (3, 1, 'slotted', NULL, NULL, '', '2026-11-30 04:29:24.631169+00', 0);
INSERT INTO core.withdrawal_log OVERRIDING SYSTEM VALUE VALUES (4, 1, 'signed', '\x9c2e7034b2c915c2bad9eed7418601061d5a1049e212fbe526ce6d1ae5d88856', NULL, '', '2026-11-30 04:29:24.658635+00', 0);
INSERT INTO core.withdrawal_log OVERRIDING SYSTEM VALUE VALUES (5, 1, 'broadcast', '\x9c2e7034b2c915c2bad9eed7418601061d5a1049e212fbe526ce6d1ae5d88856', NULL, '', '2026-11-30 04:29:24.67885+00', 0);
INSERT INTO core.withdrawal_log OVERRIDING SYSTEM VALUE VALUES (6, 1, 'mined', '\x9c2e7034b2c915c2bad9eed7418601061d5a1049e212fbe526ce6d1ae5d88856', 16, '', '2026-11-30 04:29:25.474125+00', 0);
INSERT INTO core.withdrawal_log OVERRIDING SYSTEM VALUE VALUES (7, 1, 'confirmed', '\x9c2e7034b2c915c2bad9eed7418601061d5a1049e212fbe526ce6d1ae5d88856', 16, '', '2026-11-30 04:29:29.723596+00', 0);


--
-- Data for Name: balance; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

INSERT INTO public.balance VALUES (0, 'USDC', 5002000, 5002000, 0, 11);
INSERT INTO public.balance VALUES (2, 'ETH', 1000000000000000000, 1000000000000000000, 0, 6);
INSERT INTO public.balance VALUES (3, 'USDC', 2498499000, 2498499000, 0, 10);
INSERT INTO public.balance VALUES (2, 'USDC', 97496499000, 96244748500, 1251750500, 9);
INSERT INTO public.balance VALUES (0, 'ETH', 1000000000000000, 1000000000000000, 0, 16);
INSERT INTO public.balance VALUES (3, 'ETH', 18499000000000000000, 15499000000000000000, 3000000000000000000, 15);


--
-- Data for Name: balance_log_1; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

INSERT INTO public.balance_log_1 VALUES (1, 2, 'USDC', 100000000000, 100000000000, 0, 100000000000, 0, 'ADJUSTMENT', 'adjustment:1', '2026-11-30 04:29:20.828669+00', '2026-11-30 04:29:20.828669+00');
INSERT INTO public.balance_log_1 VALUES (2, 3, 'ETH', 20000000000000000000, 20000000000000000000, 0, 20000000000000000000, 0, 'ADJUSTMENT', 'adjustment:2', '2026-11-30 04:29:20.975661+00', '2026-11-30 04:29:20.975661+00');
INSERT INTO public.balance_log_1 VALUES (3, 2, 'USDC', 0, -3755251500, 3755251500, 96244748500, 3755251500, 'LOCK', '3152598872899546606', '2026-11-30 04:29:21.279986+00', '2026-11-30 04:29:21.279986+00');
INSERT INTO public.balance_log_1 VALUES (4, 3, 'ETH', 0, -1000000000000000000, 1000000000000000000, 19000000000000000000, 1000000000000000000, 'LOCK', '158005422646303433', '2026-11-30 04:29:21.4683+00', '2026-11-30 04:29:21.4683+00');
INSERT INTO public.balance_log_1 VALUES (5, 2, 'USDC', -2501000000, 0, -2501000000, 96244748500, 1254251500, 'TRADE', 'ETH-USDC:1', '2026-11-30 04:29:22.000115+00', '2026-11-30 04:29:22.000115+00');
INSERT INTO public.balance_log_1 VALUES (6, 2, 'ETH', 1000000000000000000, 1000000000000000000, 0, 1000000000000000000, 0, 'TRADE', 'ETH-USDC:1', '2026-11-30 04:29:22.000115+00', '2026-11-30 04:29:22.000115+00');
INSERT INTO public.balance_log_1 VALUES (7, 3, 'ETH', -1000000000000000000, 0, -1000000000000000000, 19000000000000000000, 0, 'TRADE', 'ETH-USDC:1', '2026-11-30 04:29:22.000115+00', '2026-11-30 04:29:22.000115+00');
INSERT INTO public.balance_log_1 VALUES (8, 3, 'USDC', 2501000000, 2501000000, 0, 2501000000, 0, 'TRADE', 'ETH-USDC:1', '2026-11-30 04:29:22.000115+00', '2026-11-30 04:29:22.000115+00');
INSERT INTO public.balance_log_1 VALUES (9, 2, 'USDC', -2501000, 0, -2501000, 96244748500, 1251750500, 'FEE', '3152598872899546606', '2026-11-30 04:29:22.000115+00', '2026-11-30 04:29:22.000115+00');
INSERT INTO public.balance_log_1 VALUES (10, 3, 'USDC', -2501000, -2501000, 0, 2498499000, 0, 'FEE', '158005422646303433', '2026-11-30 04:29:22.000115+00', '2026-11-30 04:29:22.000115+00');
INSERT INTO public.balance_log_1 VALUES (11, 0, 'USDC', 5002000, 5002000, 0, 5002000, 0, 'FEE', 'ETH-USDC:auction:2', '2026-11-30 04:29:22.000115+00', '2026-11-30 04:29:22.000115+00');
INSERT INTO public.balance_log_1 VALUES (12, 3, 'ETH', 0, -3000000000000000000, 3000000000000000000, 16000000000000000000, 3000000000000000000, 'LOCK', '1759569912223046588', '2026-11-30 04:29:24.12649+00', '2026-11-30 04:29:24.12649+00');
INSERT INTO public.balance_log_1 VALUES (13, 3, 'ETH', 0, -501000000000000000, 501000000000000000, 15499000000000000000, 3501000000000000000, 'LOCK', 'dev:withdrawal:1', '2026-11-30 04:29:24.425845+00', '2026-11-30 04:29:24.425845+00');
INSERT INTO public.balance_log_1 VALUES (14, 3, 'ETH', -500000000000000000, 0, -500000000000000000, 15499000000000000000, 3001000000000000000, 'WITHDRAWAL', 'dev:withdrawal:1', '2026-11-30 04:29:29.722167+00', '2026-11-30 04:29:29.722167+00');
INSERT INTO public.balance_log_1 VALUES (15, 3, 'ETH', -1000000000000000, 0, -1000000000000000, 15499000000000000000, 3000000000000000000, 'FEE', 'dev:withdrawal:1', '2026-11-30 04:29:29.722167+00', '2026-11-30 04:29:29.722167+00');
INSERT INTO public.balance_log_1 VALUES (16, 0, 'ETH', 1000000000000000, 1000000000000000, 0, 1000000000000000, 0, 'FEE', 'dev:withdrawal:1', '2026-11-30 04:29:29.722167+00', '2026-11-30 04:29:29.722167+00');


--
-- Data for Name: deposits; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--



--
-- Data for Name: scanned_blocks; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

INSERT INTO public.scanned_blocks VALUES ('dev', 0, '\x6dc95e55daac59b7d65ea9530d906d8c24b88be12a49a1fa57db64635f1eb086', '\x0000000000000000000000000000000000000000000000000000000000000000', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 1, '\xbdb3e3eb7bd696858c8b762606ded2cda98f3947cf78037af303aad972fd4602', '\x6dc95e55daac59b7d65ea9530d906d8c24b88be12a49a1fa57db64635f1eb086', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 2, '\x9c1ede3507a84f522e7086c22c141fa3426370aa3932ca1f18010a599f181f1d', '\xbdb3e3eb7bd696858c8b762606ded2cda98f3947cf78037af303aad972fd4602', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 3, '\x7c2168b1c9a56c2f2b7bff9c5a39f89b75de12335d035ff562b9a51baacba48d', '\x9c1ede3507a84f522e7086c22c141fa3426370aa3932ca1f18010a599f181f1d', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 4, '\x1c6f34f20f9f933c7eeb8b5b1e4cf694f82c957a034787c6265e3bec5b84fde7', '\x7c2168b1c9a56c2f2b7bff9c5a39f89b75de12335d035ff562b9a51baacba48d', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 5, '\xbc42942348de3a4e80bdd18270f81e688f49b21f442a10b57eae426b49941161', '\x1c6f34f20f9f933c7eeb8b5b1e4cf694f82c957a034787c6265e3bec5b84fde7', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 6, '\x4e61afb5613573684ee10a9d1e40efa64bef9b2eccb66fb3fe5e54971cd51aef', '\xbc42942348de3a4e80bdd18270f81e688f49b21f442a10b57eae426b49941161', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 7, '\xb89f0576587652f0b1394faf349337a848b71f20b4f28c69715790f70329624b', '\x4e61afb5613573684ee10a9d1e40efa64bef9b2eccb66fb3fe5e54971cd51aef', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 8, '\x40d9bae35cb5631a1bb367e0678d481c785e8879265a01c54c3098ca1b4b2a83', '\xb89f0576587652f0b1394faf349337a848b71f20b4f28c69715790f70329624b', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 9, '\x46e998dc188c12b00b0d104d9a9a77a0fa06a6d3a6052abd4d329c9d422713c7', '\x40d9bae35cb5631a1bb367e0678d481c785e8879265a01c54c3098ca1b4b2a83', '2026-11-30 04:29:18.723704+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 10, '\x559b6d7f299257896aa86a1dc037fb98a0b3e416b3bc6fb4fe7befdc46fd961f', '\x46e998dc188c12b00b0d104d9a9a77a0fa06a6d3a6052abd4d329c9d422713c7', '2026-11-30 04:29:19.267374+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 11, '\xcd159fbdf2b874ed9fa21ab83056eb19dfd542b7a3db66e55cc2060cb9623535', '\x559b6d7f299257896aa86a1dc037fb98a0b3e416b3bc6fb4fe7befdc46fd961f', '2026-11-30 04:29:20.322377+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 12, '\xb6410cf95943d0fea5e4cbe4eb5f5773d1f8fd1fbb956614e38c18031f54b373', '\xcd159fbdf2b874ed9fa21ab83056eb19dfd542b7a3db66e55cc2060cb9623535', '2026-11-30 04:29:21.392485+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 13, '\xc2836685efae396c0f7dd5ce5fa2a63a6e3d472b33275d5f2d2751008ff66e3a', '\xb6410cf95943d0fea5e4cbe4eb5f5773d1f8fd1fbb956614e38c18031f54b373', '2026-11-30 04:29:22.43549+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 14, '\x91f01f109914606be3baa98076d16f296350925bcb72a4be3e3cdbbcd6c02694', '\xc2836685efae396c0f7dd5ce5fa2a63a6e3d472b33275d5f2d2751008ff66e3a', '2026-11-30 04:29:23.481027+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 15, '\x950da5e5bd9782f62ade987d5d4cb0743d867d07ff77c115665c83a7f96d3682', '\x91f01f109914606be3baa98076d16f296350925bcb72a4be3e3cdbbcd6c02694', '2026-11-30 04:29:24.280063+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 16, '\xe57018c770fccfca411bdff8e087d5107abae4b08cadff16cdd39406ea64b64c', '\x950da5e5bd9782f62ade987d5d4cb0743d867d07ff77c115665c83a7f96d3682', '2026-11-30 04:29:25.376708+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 17, '\xe823fabce16a9d61a6ee75545e52a67acad9a2b4bead2303601bbd4f83fa1686', '\xe57018c770fccfca411bdff8e087d5107abae4b08cadff16cdd39406ea64b64c', '2026-11-30 04:29:26.42327+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 18, '\x37dc594997407444cec4e84b6d3f03ac2319b1755a82beeccd99ddf500f218bd', '\xe823fabce16a9d61a6ee75545e52a67acad9a2b4bead2303601bbd4f83fa1686', '2026-11-30 04:29:27.468187+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 19, '\xbcab5567381b47ff93be98687fab35b8abb5c53d519ca8d8be5145dcd65b1c1f', '\x37dc594997407444cec4e84b6d3f03ac2319b1755a82beeccd99ddf500f218bd', '2026-11-30 04:29:28.510361+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 20, '\xc47d0947d66f2bc2b4036ae1bf2d5f552d694c515c8abdedb7b01814f8c43dd8', '\xbcab5567381b47ff93be98687fab35b8abb5c53d519ca8d8be5145dcd65b1c1f', '2026-11-30 04:29:29.560322+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 21, '\xbba998cdb0fdd9316d0b35dc5c3d4fc148a872cbe1d35083d3dd6db9cf54e79d', '\xc47d0947d66f2bc2b4036ae1bf2d5f552d694c515c8abdedb7b01814f8c43dd8', '2026-11-30 04:29:30.344029+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 22, '\x570c72cf3f01b6819382f4d98152cfd7e5f8633f59320f86babb7012715ebaaa', '\xbba998cdb0fdd9316d0b35dc5c3d4fc148a872cbe1d35083d3dd6db9cf54e79d', '2026-11-30 04:29:31.384429+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 23, '\x811a221e53f97f52653c80b4f98d1081f68f9b8175e46aef0716aaf8abd3e650', '\x570c72cf3f01b6819382f4d98152cfd7e5f8633f59320f86babb7012715ebaaa', '2026-11-30 04:29:32.426229+00');
INSERT INTO public.scanned_blocks VALUES ('dev', 24, '\x30063ccaaafd0e110b97431296624294553e9b3977299dc7b3a0fdd2c50452b4', '\x811a221e53f97f52653c80b4f98d1081f68f9b8175e46aef0716aaf8abd3e650', '2026-11-30 04:29:33.472759+00');


--
-- Data for Name: withdrawals; Type: TABLE DATA; Schema: public; Owner: uncross_owner
--

INSERT INTO public.withdrawals VALUES (1, 3, 'ETH', 500000000000000000, 1000000000000000, '\x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed', 'dev', '\x9c2e7034b2c915c2bad9eed7418601061d5a1049e212fbe526ce6d1ae5d88856', '2026-11-30 04:29:24.425845+00', '2026-11-30 04:29:29.722167+00', '3adcff7e-c2ba-40c3-9462-67ee69b38d46', 0, 'confirmed', '', 'mined', DEFAULT, 16, 0);


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

SELECT pg_catalog.setval('core.withdrawal_log_id_seq', 7, true);


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


