"""The chain: blocks over py-evm, reorganisations, and the view of them that a node gives."""

import re
import threading
from typing import Any, Iterator

import rlp
from eth.chains.base import MiningChain
from eth.constants import (
    BLANK_ROOT_HASH,
    POST_MERGE_DIFFICULTY,
    POST_MERGE_MIX_HASH,
    POST_MERGE_NONCE,
)
from eth.db import get_db_backend
from eth.exceptions import Revert, VMError
from eth.vm.forks import CancunVM
from eth.vm.forks.cancun.constants import BLOB_TX_TYPE
from eth.vm.spoof import SpoofTransaction
from eth_keys import keys
from eth_utils import keccak
from eth_utils.exceptions import ValidationError

from devchain.errors import RPCError
from devchain.journal import Journal
from devchain.mempool import Mempool

NOBODY = b"\0" * 20
GAS_LIMIT = 30_000_000
# The same genesis at every start: the chain's hashes are those of its state file.
GENESIS_TIME = 1_700_000_000
# Owns all coins at the beginning. Everybody knows this key: the chain is worth nothing.
FAUCET = keys.PrivateKey(b"\0" * 31 + b"\1")


def number(value: int) -> str:
    return hex(value)


def data(value: bytes) -> str:
    return "0x" + bytes(value).hex()


def unhex(text: str) -> bytes:
    if not isinstance(text, str) or not text.startswith("0x"):
        raise RPCError("hex string without 0x prefix", -32602)
    return bytes.fromhex(text[2:])


def quantity(text: str) -> int:
    if not isinstance(text, str) or not re.fullmatch("0x[0-9a-fA-F]+", text):
        raise RPCError(f"invalid argument: not a hex quantity: {text!r}", -32602)
    return int(text, 16)


def access_list(transaction: Any) -> list[dict[str, Any]]:
    return [
        {
            "address": data(address),
            "storageKeys": [data(slot.to_bytes(32, "big")) for slot in slots],
        }
        for address, slots in transaction.access_list
    ]


class VM(CancunVM):
    @classmethod
    def validate_gas(cls, header: Any, parent: Any) -> None:
        """Nothing: a base fee on request is not the one that the parent's gas gives."""


def paid_price(transaction: Any, block: Any) -> int:
    tipped = block.header.base_fee_per_gas + transaction.max_priority_fee_per_gas
    return min(transaction.max_fee_per_gas, tipped)


class Chain:
    """One canonical list of blocks; blocks that left stay readable by their hash."""

    def __init__(self, chain_id: int, journal: Journal) -> None:
        class Configured(MiningChain):
            vm_configuration = ((0, VM),)

            def create_header_from_parent(self, parent: Any, **fields: Any) -> Any:
                fields["gas_limit"] = parent.gas_limit
                return super().create_header_from_parent(parent, **fields)

        Configured.chain_id = chain_id
        self.evm = Configured
        self.chain_id = chain_id
        self.journal = journal
        self.lock = threading.RLock()
        self.pool = Mempool()
        # What tests change: how far behind the head safe and final blocks are, how stale the node
        # is, and how much it takes at once.
        self.options: dict[str, Any] = {
            "safe_lag": 4,
            "finalized_lag": 8,
            "finalized_stalled": None,
            # Some chains know no final block.
            "finality": True,
            "head_lag": 0,
            "logs_range": 10_000,
            "range_error": "geth",
            "batch_limit": None,
            "batch_error": "each",
            "zero_bloom": False,
        }
        # What the node says of single transactions instead of the truth, in true blocks: by hash
        # another value, another first log's amount, another sender, or nothing at all.
        self.lies: dict[str, Any] = {"values": {}, "amounts": {}, "senders": {}, "omitted": []}
        self.salt = 0
        # The next block's, on request; None where it follows from the parent's gas.
        self.next_base_fee: int | None = None
        self.db = get_db_backend()
        faucet = dict(balance=10**30, storage={}, code=b"", nonce=0)
        genesis = Configured.from_genesis(
            self.db,
            dict(
                coinbase=NOBODY,
                difficulty=POST_MERGE_DIFFICULTY,
                extra_data=b"",
                gas_limit=GAS_LIMIT,
                mix_hash=POST_MERGE_MIX_HASH,
                nonce=POST_MERGE_NONCE,
                receipt_root=BLANK_ROOT_HASH,
                timestamp=GENESIS_TIME,
                transaction_root=BLANK_ROOT_HASH,
            ),
            {FAUCET.public_key.to_canonical_address(): faucet},
        )
        first = genesis.get_canonical_block_by_number(0)
        # Ours, because py-evm's own idea of the canonical chain knows no reorganisation on request.
        self.blocks = [first]
        self.by_hash = {first.hash: first}
        self.receipts: dict[bytes, list[Any]] = {first.hash: []}
        self.places: dict[bytes, tuple[Any, int]] = {}
        for entry in journal.replay():
            self._replay(entry)

    def _replay(self, entry: dict[str, Any]) -> None:
        match entry["op"]:
            case "transaction":
                self._admit(self._decode(unhex(entry["raw"])))
            case "block":
                wanted = [self.pool.transactions[unhex(text)] for text in entry["transactions"]]
                self.salt = entry["salt"] - 1
                self._build(wanted)
                if data(self.head.hash) != entry["hash"]:
                    raise ValueError(f"block {self.head.number} came out another than it was")
            case "rollback":
                self._roll_back(entry["depth"], [unhex(text) for text in entry["drop"]])
            case "evict":
                self.pool.remove(unhex(entry["hash"]))
            case "base_fee":
                self.next_base_fee = entry["wei"]

    # Changes

    @property
    def head(self) -> Any:
        return self.blocks[-1]

    def send(self, raw: bytes) -> bytes:
        """Takes a transaction as geth does; it is on disk before the answer."""
        transaction = self._decode(raw)
        state = self.vm(self.head).state
        sender = transaction.sender
        nonce, balance = state.get_nonce(sender), state.get_balance(sender)
        self.pool.check(transaction, nonce, balance, GAS_LIMIT)
        self._admit(transaction)
        self.journal.write({"op": "transaction", "raw": data(raw)})
        return transaction.hash

    def mine(self, count: int = 1, before: dict[str, Any] | None = None) -> list[str]:
        """`before` is what the blocks follow from: on disk with them, or not at all."""
        entries = []
        for _ in range(count):
            state = self.vm(self.head).state
            header = self.following(self.head)
            block = self._build(self.pool.pick(state, header.base_fee_per_gas, GAS_LIMIT))
            entries.append(
                {
                    "op": "block",
                    "transactions": [data(t.hash) for t in block.transactions],
                    "salt": self.salt,
                    "hash": data(block.hash),
                }
            )
        self.journal.write(*([before] if before else []), *entries)
        return [entry["hash"] for entry in entries]

    def reorganise(self, depth: int, blocks: int | None, drop: list[bytes]) -> list[str]:
        """The newest `depth` blocks leave; their transactions wait again unless dropped; `blocks`
        others come, one more than left where none is said."""
        if depth < 0 or depth >= len(self.blocks):
            raise RPCError(f"a reorganisation of {depth} of {len(self.blocks) - 1} blocks", -32602)
        self._roll_back(depth, drop)
        rollback = {"op": "rollback", "depth": depth, "drop": [data(x) for x in drop]}
        return self.mine(depth + 1 if blocks is None else blocks, rollback)

    def evict(self, transaction_hash: bytes) -> bool:
        known = transaction_hash in self.pool.transactions
        self.pool.remove(transaction_hash)
        self.journal.write({"op": "evict", "hash": data(transaction_hash)})
        return known

    def set_base_fee(self, wei: int | None) -> None:
        """Of the next block only; those after it follow from it by EIP-1559. None takes it back."""
        if wei is not None and not 0 <= wei < 1 << 256:
            raise RPCError(f"a base fee of {wei}", -32602)
        self.next_base_fee = wei
        self.journal.write({"op": "base_fee", "wei": wei})

    def _decode(self, raw: bytes) -> Any:
        try:
            builder = self.evm(self.db).get_vm(self.head.header).get_transaction_builder()
            transaction = builder.decode(raw)
            transaction.sender
        except Exception as error:  # whatever the bytes are made of
            raise RPCError(f"rlp: {error}") from error
        if getattr(transaction, "type_id", None) == BLOB_TX_TYPE:
            raise RPCError("transaction type not supported")
        theirs = transaction.chain_id
        if theirs is None:
            raise RPCError("only replay-protected (EIP-155) transactions allowed over RPC")
        if theirs != self.chain_id:
            raise RPCError(f"invalid chain id for signer: have {theirs} want {self.chain_id}")
        return transaction

    def _admit(self, transaction: Any) -> None:
        self.pool.add(transaction)

    def following(self, block: Any) -> Any:
        """The header on which the block after `block` is built."""
        header = self.evm(self.db).create_header_from_parent(block.header)
        header = header.copy(timestamp=block.header.timestamp + 12)
        if block is self.head and self.next_base_fee is not None:
            header = header.copy(base_fee_per_gas=self.next_base_fee)
        return header

    def _chain_at(self, block: Any) -> Any:
        return self.evm(self.db, self.following(block))

    def _build(self, picked: list[Any]) -> Any:
        parent = self.head
        self.salt += 1
        # Two blocks with the same content are two blocks: a reorganisation would otherwise find its
        # own.
        seal = dict(coinbase=NOBODY, mix_hash=self.salt.to_bytes(32, "big"))
        try:
            block = self._chain_at(parent).mine_all(picked, **seal)[0].imported_block
        except ValidationError:
            # One spent what another needed: one by one, without those that fail.
            chain = self._chain_at(parent)
            for transaction in picked:
                try:
                    chain.apply_transaction(transaction)
                except ValidationError:
                    pass
            block = chain.mine_block(**seal)
        self.next_base_fee = None
        self.blocks.append(block)
        self.by_hash[block.hash] = block
        self.receipts[block.hash] = list(block.get_receipts(self.evm(self.db).chaindb))
        for index, transaction in enumerate(block.transactions):
            self.places[transaction.hash] = (block, index)
            self.pool.remove(transaction.hash)
        return block

    def _roll_back(self, depth: int, drop: list[bytes]) -> None:
        gone = self.blocks[len(self.blocks) - depth :]
        del self.blocks[len(self.blocks) - depth :]
        for block in gone:
            for transaction in block.transactions:
                self.places.pop(transaction.hash, None)
                if transaction.hash not in drop:
                    self.pool.add(transaction)
        for transaction_hash in drop:
            self.pool.remove(transaction_hash)

    # Views

    def vm(self, block: Any) -> Any:
        return self.evm(self.db).get_vm(at_header=block.header)

    def shown_height(self) -> int:
        """The head that the node admits to."""
        return max(0, len(self.blocks) - 1 - self.options["head_lag"])

    def block(self, tag: Any) -> Any:
        """By tag, height or {"blockHash"}; None where there is none."""
        height = self.shown_height()
        if tag in ("latest", "pending", None):
            return self.blocks[height]
        if tag == "earliest":
            return self.blocks[0]
        if tag == "safe":
            return self.blocks[max(0, height - self.options["safe_lag"])]
        if tag == "finalized":
            if not self.options["finality"]:
                raise RPCError("invalid block tag", -32602)
            lag = max(0, height - self.options["finalized_lag"])
            stalled = self.options["finalized_stalled"]
            return self.blocks[lag if stalled is None else min(lag, stalled)]
        if isinstance(tag, dict):
            if "blockHash" in tag:
                return self.block_of(unhex(tag["blockHash"]))
            return self.block(tag.get("blockNumber"))
        index = quantity(tag)
        return self.blocks[index] if index <= height else None

    def block_of(self, block_hash: bytes) -> Any:
        """By hash, also those that left; not those that a stale node has not seen yet."""
        block = self.by_hash.get(block_hash)
        if block is None or block in self.blocks[self.shown_height() + 1 :]:
            return None
        return block

    def need(self, tag: Any) -> Any:
        block = self.block(tag)
        if block is None:
            raise RPCError("header not found")
        return block

    def transaction_view(
        self, transaction: Any, block: Any = None, index: int = 0
    ) -> dict[str, Any]:
        kind = getattr(transaction, "type_id", None) or 0
        offered = transaction.max_fee_per_gas
        told = data(transaction.hash)
        return {
            "hash": told,
            "from": self.lies["senders"].get(told, data(transaction.sender)),
            "to": data(transaction.to) if transaction.to else None,
            "nonce": number(transaction.nonce),
            "value": number(int(self.lies["values"].get(told, transaction.value))),
            "gas": number(transaction.gas),
            "gasPrice": number(paid_price(transaction, block) if block else offered),
            "maxFeePerGas": number(offered),
            "maxPriorityFeePerGas": number(transaction.max_priority_fee_per_gas),
            "input": data(transaction.data),
            "type": number(kind),
            "chainId": number(self.chain_id),
            # A legacy transaction's says the chain too.
            "v": number(transaction.y_parity if kind else transaction.v),
            "r": number(transaction.r),
            "s": number(transaction.s),
            "blockHash": data(block.hash) if block else None,
            "blockNumber": number(block.number) if block else None,
            "transactionIndex": number(index) if block else None,
        } | ({"accessList": access_list(transaction)} if kind else {})

    def is_told(self, transaction: Any) -> bool:
        return data(transaction.hash) not in self.lies["omitted"]

    def bloom_view(self, bloom: int) -> str:
        return data((0 if self.options["zero_bloom"] else bloom).to_bytes(256, "big"))

    def block_view(self, block: Any, full: bool) -> dict[str, Any]:
        header = block.header
        return {
            "number": number(block.number),
            "hash": data(block.hash),
            "parentHash": data(header.parent_hash),
            "timestamp": number(header.timestamp),
            "gasLimit": number(header.gas_limit),
            "gasUsed": number(header.gas_used),
            "baseFeePerGas": number(header.base_fee_per_gas),
            "logsBloom": self.bloom_view(header.bloom),
            "sha3Uncles": data(header.uncles_hash),
            "nonce": data(header.nonce),
            "withdrawalsRoot": data(header.withdrawals_root),
            "blobGasUsed": number(header.blob_gas_used),
            "excessBlobGas": number(header.excess_blob_gas),
            "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
            "stateRoot": data(header.state_root),
            "receiptsRoot": data(header.receipt_root),
            "transactionsRoot": data(header.transaction_root),
            "miner": data(header.coinbase),
            "mixHash": data(header.mix_hash),
            "extraData": data(header.extra_data),
            "difficulty": "0x0",
            "transactions": [
                self.transaction_view(t, block, i) if full else data(t.hash)
                for i, t in enumerate(block.transactions)
                if self.is_told(t)
            ],
        }

    def logs(self, block: Any, only: int | None = None) -> Iterator[dict[str, Any]]:
        """All of a block, or those of the transaction at `only`."""
        position = 0
        for index, receipt in enumerate(self.receipts[block.hash]):
            if only not in (None, index):
                position += len(receipt.logs)
                continue
            told = data(block.transactions[index].hash)
            for place, log in enumerate(receipt.logs):
                amount = self.lies["amounts"].get(told) if place == 0 else None
                yield {
                    "address": data(log.address),
                    "topics": [data(topic.to_bytes(32, "big")) for topic in log.topics],
                    "data": data(log.data if amount is None else int(amount).to_bytes(32, "big")),
                    "blockNumber": number(block.number),
                    "blockHash": data(block.hash),
                    "transactionHash": told,
                    "transactionIndex": number(index),
                    "logIndex": number(position),
                    "removed": False,
                }
                position += 1

    def receipt_view(self, block: Any, index: int) -> dict[str, Any]:
        transaction = block.transactions[index]
        receipts = self.receipts[block.hash]
        receipt = receipts[index]
        before = receipts[index - 1].gas_used if index else 0
        made = keccak(rlp.encode([transaction.sender, transaction.nonce]))[-20:]
        return {
            "transactionHash": data(transaction.hash),
            "transactionIndex": number(index),
            "blockHash": data(block.hash),
            "blockNumber": number(block.number),
            "from": data(transaction.sender),
            "to": data(transaction.to) if transaction.to else None,
            "status": "0x1" if receipt.state_root == b"\1" else "0x0",
            "cumulativeGasUsed": number(receipt.gas_used),
            "gasUsed": number(receipt.gas_used - before),
            "effectiveGasPrice": number(paid_price(transaction, block)),
            "type": number(getattr(transaction, "type_id", None) or 0),
            "logsBloom": self.bloom_view(receipt.bloom),
            "logs": list(self.logs(block, index)),
            "contractAddress": None if transaction.to else data(made),
        }

    def execute(self, call: dict[str, Any], tag: Any, estimate: bool) -> str:
        """eth_call and eth_estimateGas."""
        block = self.need(tag)
        chain = self.evm(self.db)
        sender = unhex(call["from"]) if "from" in call else NOBODY
        chain.header = chain.create_header_from_parent(block.header)
        unsigned = chain.create_unsigned_transaction(
            nonce=chain.get_vm().state.get_nonce(sender),
            gas_price=0,
            gas=quantity(call.get("gas", hex(GAS_LIMIT))),
            to=unhex(call["to"]) if call.get("to") else b"",
            value=quantity(call.get("value", "0x0")),
            data=unhex(call.get("data") or call.get("input") or "0x"),
        )
        spoofed = SpoofTransaction(unsigned, from_=sender)
        try:
            if estimate:
                return number(chain.estimate_gas(spoofed, block.header))
            return data(chain.get_transaction_result(spoofed, block.header))
        except Revert as error:
            told = error.args[0] if error.args and isinstance(error.args[0], bytes) else b""
            raise RPCError("execution reverted", 3, data(told)) from error
        except (VMError, ValidationError) as error:
            raise RPCError(str(error)) from error
