"""The methods of JSON-RPC: those of a node, and those with which a test moves the chain."""

from typing import Any, Callable

from eth_utils.exceptions import ValidationError

from devchain.chain import Chain, data, number, quantity, unhex
from devchain.errors import RPCError
from devchain.faucet import Faucet
from devchain.faults import Faults
from devchain.traces import traces

# How providers refuse a range that is too long: code and words differ, so a client must go by
# neither.
RANGE_ERRORS = {
    "geth": (-32602, "query exceeds max block range {limit}"),
    "infura": (-32005, "query returned more than {limit} results"),
    "alchemy": (
        -32602,
        "Log response size exceeded."
        " You can make eth_getLogs requests with up to a {limit} block range",
    ),
    "generic": (-32000, "block range is too wide"),
}
# How they refuse a batch that is too long: each of its requests, the whole, or before it is read.
BATCH_ERRORS = ("each", "one", "status_413", "status_429")


class Methods:
    def __init__(self, chain: Chain, faucet: Faucet, faults: Faults, traces: bool) -> None:
        self.chain = chain
        self.faucet = faucet
        self.faults = faults
        # What a test makes the node claim to be.
        self.claimed_chain_id: int | None = None
        self.claimed_genesis: str | None = None
        self.table: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: "uncross-devchain/py-evm",
            "net_version": lambda: str(self.chain_id),
            "eth_chainId": lambda: number(self.chain_id),
            "eth_syncing": lambda: False,
            "eth_blockNumber": lambda: number(chain.shown_height()),
            "eth_getBlockByNumber": self.block_by_number,
            "eth_getBlockByHash": self.block_by_hash,
            "eth_getBlockReceipts": self.block_receipts,
            "eth_getTransactionByHash": self.transaction,
            "eth_getRawTransactionByHash": self.raw_transaction,
            "eth_getTransactionReceipt": self.receipt,
            "eth_getLogs": self.get_logs,
            "eth_getBalance": lambda who, tag="latest": number(
                chain.vm(chain.need(tag)).state.get_balance(unhex(who))
            ),
            "eth_getCode": lambda who, tag="latest": data(
                chain.vm(chain.need(tag)).state.get_code(unhex(who))
            ),
            "eth_getTransactionCount": self.transaction_count,
            "eth_call": lambda call, tag="latest": chain.execute(call, tag, False),
            "eth_estimateGas": lambda call, tag="latest": chain.execute(call, tag, True),
            "eth_gasPrice": lambda: number(
                chain.following(chain.block("latest")).base_fee_per_gas + 10**9
            ),
            "eth_maxPriorityFeePerGas": lambda: number(10**9),
            "eth_feeHistory": self.fee_history,
            "eth_sendRawTransaction": lambda raw: data(chain.send(unhex(raw))),
            "evm_mine": lambda count=1: chain.mine(count),
            "dev_reorg": self.reorganise,
            "dev_evict": lambda text: chain.evict(unhex(text)),
            "dev_hold": self.hold,
            "dev_mempool": lambda: [data(x) for x in chain.pool.transactions],
            "dev_options": self.options,
            "dev_setBaseFee": self.set_base_fee,
            "dev_claim": self.claim,
            "dev_lie": self.lie,
            "dev_setFault": self.set_fault,
            "dev_faults": faults.remaining,
            "dev_clearFaults": self.clear_faults,
            "dev_fund": faucet.fund,
            "dev_mint": faucet.mint,
            "dev_pay": faucet.pay,
            "dev_send": faucet.send,
            "dev_sendTwice": faucet.send_twice,
        }
        if traces:
            self.table["debug_traceTransaction"] = self.trace_transaction
            self.table["debug_traceBlockByHash"] = self.trace_block

    @property
    def chain_id(self) -> int:
        return self.chain.chain_id if self.claimed_chain_id is None else self.claimed_chain_id

    def call(self, method: str, parameters: list[Any], omits_logs: bool) -> Any:
        handler = self.table.get(method)
        if handler is None:
            raise RPCError(f"the method {method} does not exist/is not available", -32601)
        try:
            with self.chain.lock:
                result = handler(*parameters)
        except (
            TypeError, ValueError, LookupError, AttributeError, OverflowError, ValidationError
        ) as error:
            raise RPCError(f"invalid argument: {error}", -32602) from error
        return without_logs(result) if omits_logs else result

    # A node's

    def block_by_number(self, tag: Any, full: bool = False) -> Any:
        block = self.chain.block(tag)
        if block is None:
            return None
        view = self.chain.block_view(block, full)
        if block.number == 0 and self.claimed_genesis is not None:
            view["hash"] = self.claimed_genesis
        return view

    def block_by_hash(self, text: str, full: bool = False) -> Any:
        block = self.chain.block_of(unhex(text))
        return block and self.chain.block_view(block, full)

    def block_receipts(self, tag: Any) -> Any:
        is_hash = isinstance(tag, str) and len(tag) == 66
        block = self.chain.block_of(unhex(tag)) if is_hash else self.chain.block(tag)
        if block is None:
            return None
        return [
            self.chain.receipt_view(block, index)
            for index, transaction in enumerate(block.transactions)
            if self.chain.is_told(transaction)
        ]

    def _place(self, text: str) -> tuple[Any, int] | None:
        place = self.chain.places.get(unhex(text))
        if place is None or place[0].number > self.chain.shown_height():
            return None
        return place if self.chain.is_told(place[0].transactions[place[1]]) else None

    def transaction(self, text: str) -> Any:
        place = self._place(text)
        if place:
            return self.chain.transaction_view(place[0].transactions[place[1]], *place)
        waiting = self.chain.pool.transactions.get(unhex(text))
        return waiting and self.chain.transaction_view(waiting)

    def raw_transaction(self, text: str) -> str | None:
        place = self._place(text)
        return data(place[0].transactions[place[1]].encode()) if place else None

    def receipt(self, text: str) -> Any:
        place = self._place(text)
        return place and self.chain.receipt_view(*place)

    def transaction_count(self, who: str, tag: Any = "latest") -> str:
        address = unhex(who)
        nonce = self.chain.vm(self.chain.need(tag)).state.get_nonce(address)
        return number(self.chain.pool.pending_nonce(address, nonce) if tag == "pending" else nonce)

    def get_logs(self, query: dict[str, Any]) -> list[Any]:
        if "blockHash" in query:
            block = self.chain.block_of(unhex(query["blockHash"]))
            if block is None:
                raise RPCError("unknown block")
            blocks = [block]
        else:
            check_range(query.get("fromBlock"), query.get("toBlock"))
            low = self.chain.block(query.get("fromBlock", "latest"))
            high = self.chain.block(query.get("toBlock", "latest")) or self.chain.block("latest")
            if low is None:
                # Geth's own trap: a range beyond the head is an empty success.
                return []
            limit = self.chain.options["logs_range"]
            if high.number - low.number + 1 > limit:
                code, words = RANGE_ERRORS[self.chain.options["range_error"]]
                raise RPCError(words.format(limit=limit), code)
            blocks = self.chain.blocks[low.number : high.number + 1]
        return [log for block in blocks for log in self.chain.logs(block) if matches(log, query)]

    def fee_history(self, count: Any, newest: Any, percentiles: list[float] | None = None) -> Any:
        wanted = quantity(count) if isinstance(count, str) else count
        high = self.chain.need(newest)
        blocks = self.chain.blocks[max(0, high.number - wanted + 1) : high.number + 1]
        following = self.chain.following(high)
        fees = [block.header.base_fee_per_gas for block in blocks] + [following.base_fee_per_gas]
        rewards = []
        for block in blocks:
            base = block.header.base_fee_per_gas
            tips = sorted(
                min(t.max_priority_fee_per_gas, t.max_fee_per_gas - base)
                for t in block.transactions
            ) or [0]
            rewards.append(
                [
                    number(tips[min(len(tips) - 1, int(len(tips) * q / 100))])
                    for q in percentiles or []
                ]
            )
        return {
            "oldestBlock": number(blocks[0].number),
            "baseFeePerGas": [number(fee) for fee in fees],
            "gasUsedRatio": [b.header.gas_used / b.header.gas_limit for b in blocks],
            "reward": rewards,
        }

    def trace_transaction(self, text: str, how: dict[str, Any] | None = None) -> dict[str, Any]:
        check_tracer(how)
        place = self._place(text)
        if place is None:
            raise RPCError("transaction not found")
        block, index = place
        return traces(self.chain, block, index + 1)[index]

    def trace_block(self, text: str, how: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        check_tracer(how)
        block = self.chain.block_of(unhex(text))
        if block is None:
            raise RPCError(f"block {text} not found")
        if block.number == 0:
            raise RPCError("genesis is not traceable")
        told = traces(self.chain, block, len(block.transactions))
        return [
            {"txHash": data(transaction.hash), "result": result}
            for transaction, result in zip(block.transactions, told)
        ]

    # A test's

    def reorganise(self, request: dict[str, Any]) -> list[str]:
        drop = [unhex(text) for text in request.get("drop", [])]
        return self.chain.reorganise(request["depth"], request.get("blocks"), drop)

    def hold(self, text: str, held: bool = True) -> bool:
        """Keeps a transaction from being mined."""
        (self.chain.pool.held.add if held else self.chain.pool.held.discard)(unhex(text))
        return held

    def options(self, changes: dict[str, Any] | None = None) -> dict[str, Any]:
        unknown = set(changes or {}) - set(self.chain.options)
        if unknown:
            raise ValueError(f"no such options: {sorted(unknown)}")
        changed = self.chain.options | (changes or {})
        for option, shapes in [("range_error", RANGE_ERRORS), ("batch_error", BATCH_ERRORS)]:
            if changed[option] not in shapes:
                raise ValueError(f"no such {option}: {changed[option]}")
        limit = changed["batch_limit"]
        if limit is not None and (type(limit) is not int or limit < 1):
            raise ValueError(f"batch_limit is a number from 1 on, or null, not {limit}")
        self.chain.options.update(changed)
        return self.chain.options

    def set_base_fee(self, wei: int | str | None) -> bool:
        self.chain.set_base_fee(None if wei is None else int(wei))
        return True

    def claim(self, claims: dict[str, Any]) -> bool:
        """Another chain id or genesis than the true ones; null takes a claim back."""
        self.claimed_chain_id = claims.get("chain_id")
        self.claimed_genesis = claims.get("genesis")
        return True

    def lie(self, lies: dict[str, Any]) -> bool:
        """What is not named is true again."""
        unknown = set(lies) - set(self.chain.lies)
        if unknown:
            raise ValueError(f"no such lies: {sorted(unknown)}")
        self.chain.lies = {"values": {}, "amounts": {}, "senders": {}, "omitted": []} | lies
        return True

    def set_fault(self, fault: dict[str, Any]) -> int:
        self.faults.add(fault)
        return len(self.faults.waiting)

    def clear_faults(self) -> bool:
        self.faults.clear()
        return True


def check_tracer(how: dict[str, Any] | None) -> None:
    if (how or {}).get("tracer") != "callTracer":
        raise RPCError("only the callTracer is here", -32602)


def check_range(low: Any, high: Any) -> None:
    """Geth compares two heights before it looks at its chain."""
    if all(isinstance(each, str) and each.startswith("0x") for each in (low, high)):
        if 0 < quantity(high) < quantity(low):
            raise RPCError("invalid block range params", -32602)


def matches(log: dict[str, Any], query: dict[str, Any]) -> bool:
    addresses = query.get("address")
    if addresses:
        wanted = [addresses] if isinstance(addresses, str) else addresses
        if log["address"] not in [address.lower() for address in wanted]:
            return False
    topics = query.get("topics") or []
    if len(topics) > len(log["topics"]):
        return False
    for topic, wanted in zip(log["topics"], topics):
        choices = [wanted] if isinstance(wanted, str) else wanted
        # None, an empty list, and a list with a None in it: any topic.
        if choices and None not in choices and topic not in [each.lower() for each in choices]:
            return False
    return True


def without_logs(result: Any) -> Any:
    """Receipts without their logs, and no logs at all; the block's bloom still has them."""
    if isinstance(result, dict) and "logs" in result:
        return result | {"logs": []}
    if isinstance(result, list):
        return [without_logs(each) for each in result if "logIndex" not in each]
    return result
