"""python -m unittest devchain.tests: the chain as its clients see it, over real HTTP."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from typing import Any

from eth_account import Account
from eth_utils import to_checksum_address

SOMEBODY = "0x00000000000000000000000000000000000000aa"
# With the checksum that the signing library asks for.
TO = to_checksum_address("0x" + "bb" * 20)
FAUCET_KEY = (1).to_bytes(32, "big")


class Refused(Exception):
    """An error of JSON-RPC."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]
        self.message = error["message"]


class Node:
    """A chain in a process of its own."""

    def __init__(self, state: str | None = None, *options: str) -> None:
        command = [sys.executable, "-m", "devchain", "--port", "0", *options]
        if state:
            command += ["--state", state]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.ready = json.loads(self.process.stdout.readline())

    def post(self, body: Any) -> Any:
        request = urllib.request.Request(self.ready["url"], json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def call(self, method: str, *parameters: Any) -> Any:
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def fund(self, wei: int = 1_000, address: str = SOMEBODY) -> str:
        return self.call("dev_fund", [{"address": address, "wei": str(wei)}])[0]

    def mint(self, amount: int, token: str = "USDC", to: str = SOMEBODY) -> str:
        return self.call("dev_mint", [{"token": token, "to": to, "amount": str(amount)}])[0]

    def balance(self, token: str, tag: Any = "latest", who: str = SOMEBODY) -> int:
        data = "0x70a08231" + who[2:].rjust(64, "0")
        return int(self.call("eth_call", {"to": self.ready["contracts"][token], "data": data}, tag), 16)

    def end(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


class ChainTests(unittest.TestCase):
    def setUp(self) -> None:
        self.node = Node()
        self.addCleanup(self.node.end)

    def refused(self, words: str, method: str, *parameters: Any) -> None:
        with self.assertRaises(Refused) as caught:
            self.node.call(method, *parameters)
        self.assertIn(words, caught.exception.message)

    def height(self) -> int:
        return int(self.node.call("eth_blockNumber"), 16)

    def signed(self, nonce: int, tip: int = 10**9, maximum: int = 10**11, chain_id: int = 31337) -> str:
        fields = {
            "type": 2, "chainId": chain_id, "nonce": nonce, "to": TO, "value": 5,
            "gas": 21_000, "maxFeePerGas": maximum, "maxPriorityFeePerGas": tip,
        }
        return "0x" + bytes(Account.sign_transaction(fields, FAUCET_KEY).raw_transaction).hex()

    def test_blocks_are_linked_and_found_by_number_hash_and_tag(self) -> None:
        hashes = self.node.call("evm_mine", 12)
        parent = None
        for index in range(self.height() + 1):
            block = self.node.call("eth_getBlockByNumber", hex(index), True)
            self.assertEqual(int(block["number"], 16), index)
            if parent:
                self.assertEqual(block["parentHash"], parent)
            parent = block["hash"]
            self.assertEqual(self.node.call("eth_getBlockByHash", parent, True), block)
        self.assertEqual(parent, hashes[-1])
        self.assertIsNone(self.node.call("eth_getBlockByNumber", hex(self.height() + 1), False))
        for tag, lag in [("latest", 0), ("safe", 4), ("finalized", 8)]:
            block = self.node.call("eth_getBlockByNumber", tag, False)
            self.assertEqual(int(block["number"], 16), self.height() - lag)

    def test_receipts_have_their_place_in_the_block(self) -> None:
        first, second = self.node.mint(5), self.node.mint(7)
        coin = self.node.fund(99)
        self.node.call("evm_mine")
        receipts = self.node.call("eth_getBlockReceipts", "latest")
        self.assertEqual([r["transactionHash"] for r in receipts], [first, second, coin])
        self.assertEqual([log["logIndex"] for r in receipts for log in r["logs"]], ["0x0", "0x1"])
        self.assertEqual(self.node.call("eth_getTransactionReceipt", second), receipts[1])
        self.assertTrue(all(r["status"] == "0x1" for r in receipts))
        self.assertEqual(self.node.balance("USDC"), 12)
        self.assertEqual(int(self.node.call("eth_getBalance", SOMEBODY, "latest"), 16), 99)
        before = self.node.call("eth_getBlockByNumber", hex(self.height() - 1), False)["hash"]
        self.assertEqual(self.node.balance("USDC", {"blockHash": before}), 0)

    def test_logs_by_range_and_by_hash(self) -> None:
        self.node.mint(5)
        self.node.mint(6, "BTC")
        block = self.node.call("evm_mine")[0]
        usdc = self.node.ready["contracts"]["USDC"]
        logs = self.node.call("eth_getLogs", {"blockHash": block, "address": usdc})
        self.assertEqual([int(log["data"], 16) for log in logs], [5])
        self.assertEqual(len(self.node.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})), 2)
        self.assertEqual(self.node.call("eth_getLogs", {"fromBlock": "0xff", "toBlock": "0xff"}), [])
        self.refused("unknown block", "eth_getLogs", {"blockHash": "0x" + "ab" * 32})
        self.node.call("evm_mine", 10)
        for shape in ["geth", "infura", "alchemy", "generic"]:
            self.node.call("dev_options", {"logs_range": 5, "range_error": shape})
            self.refused("", "eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})

    def test_the_mempool_has_geths_rules(self) -> None:
        nonce = int(self.node.call("eth_getTransactionCount", self.node.ready["faucet"], "latest"), 16)
        raw = self.signed(nonce)
        first = self.node.call("eth_sendRawTransaction", raw)
        self.refused("already known", "eth_sendRawTransaction", raw)
        self.refused("nonce too low", "eth_sendRawTransaction", self.signed(nonce - 1))
        self.refused("invalid chain id", "eth_sendRawTransaction", self.signed(nonce, chain_id=1))
        self.refused("underpriced", "eth_sendRawTransaction", self.signed(nonce, tip=10**9 + 1))
        self.refused("rlp", "eth_sendRawTransaction", "0x1234")
        poor = Account.sign_transaction(
            {"type": 2, "chainId": 31337, "nonce": 0, "to": TO, "value": 5, "gas": 21_000,
             "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 1}, (9).to_bytes(32, "big"))
        self.refused("insufficient funds", "eth_sendRawTransaction", "0x" + bytes(poor.raw_transaction).hex())
        gap = self.node.call("eth_sendRawTransaction", self.signed(nonce + 2))
        better = self.node.call(
            "eth_sendRawTransaction", self.signed(nonce, tip=2 * 10**9, maximum=2 * 10**11))
        self.node.call("evm_mine")
        self.assertIsNone(self.node.call("eth_getTransactionByHash", first))
        self.assertIsNotNone(self.node.call("eth_getTransactionReceipt", better))
        self.assertIsNone(self.node.call("eth_getTransactionReceipt", gap))
        self.node.call("eth_sendRawTransaction", self.signed(nonce + 1))
        self.node.call("evm_mine")
        self.assertIsNotNone(self.node.call("eth_getTransactionReceipt", gap))

    def test_a_reorganisation_moves_and_drops(self) -> None:
        kept, dropped = self.node.mint(5), self.node.mint(6)
        old = self.node.call("evm_mine")[0]
        before = self.node.call("eth_getTransactionReceipt", kept)
        self.node.call("dev_reorg", {"depth": 1, "blocks": 1, "drop": [dropped]})
        after = self.node.call("eth_getTransactionReceipt", kept)
        self.assertEqual(before["transactionHash"], after["transactionHash"])
        self.assertNotEqual(before["blockHash"], after["blockHash"])
        self.assertIsNone(self.node.call("eth_getTransactionByHash", dropped))
        self.assertEqual(self.node.call("eth_getBlockByHash", old, False)["hash"], old)
        self.assertEqual(self.node.balance("USDC"), 5)
        height = self.height()
        self.node.call("dev_reorg", {"depth": 2})
        self.assertEqual(self.height(), height + 1)
        self.refused("", "dev_reorg", {"depth": 10_000})

    def test_a_transaction_may_be_held_and_evicted(self) -> None:
        held = self.node.fund()
        self.node.call("dev_hold", held)
        self.node.call("evm_mine")
        self.assertEqual(self.node.call("dev_mempool"), [held])
        self.node.call("dev_hold", held, False)
        self.assertTrue(self.node.call("dev_evict", held))
        self.assertEqual(self.node.call("dev_mempool"), [])

    def test_contracts_do_what_they_are_for(self) -> None:
        self.node.mint(10_000, "FEE")
        self.node.mint(10_000, "FALSE")
        forged = self.node.mint(10_000, "FORGER")
        self.node.mint(1_000, "USDC", self.node.ready["contracts"]["FORWARDER"])
        self.node.call("dev_pay", {"address": SOMEBODY, "wei": "77"})
        twice = self.node.call(
            "dev_sendTwice", {"token": "USDC", "to": SOMEBODY, "first": "1", "second": "2"})
        self.node.call("evm_mine")
        self.assertEqual(self.node.balance("FEE"), 9_900)
        self.assertEqual(self.node.balance("FALSE"), 0)
        self.assertEqual(len(self.node.call("eth_getTransactionReceipt", forged)["logs"]), 1)
        self.assertEqual(int(self.node.call("eth_getBalance", SOMEBODY, "latest"), 16), 77)
        self.assertEqual(len(self.node.call("eth_getTransactionReceipt", twice)["logs"]), 2)
        self.assertEqual(self.node.balance("USDC"), 3)

    def test_faults_are_met_once_each(self) -> None:
        def faulty(**fault: Any) -> None:
            self.node.call("dev_setFault", {"method": "eth_chainId"} | fault)

        faulty(kind="error", error={"code": -32005, "message": "limit exceeded"})
        self.refused("limit exceeded", "eth_chainId")
        faulty(kind="status", status=429)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.node.call("eth_chainId")
        self.assertEqual(caught.exception.code, 429)
        caught.exception.close()
        for kind in ["malformed", "huge"]:
            faulty(kind=kind)
            with self.assertRaises((json.JSONDecodeError, TypeError)):
                self.assertIn("result", self.node.call("eth_chainId"))
        faulty(kind="drop")
        with self.assertRaises((ConnectionError, urllib.error.URLError)):
            self.node.call("eth_chainId")
        faulty(kind="result", result=None)
        self.assertIsNone(self.node.call("eth_chainId"))
        faulty(kind="delay", milliseconds=200)
        began = time.monotonic()
        self.assertEqual(self.node.call("eth_chainId"), hex(31337))
        self.assertGreater(time.monotonic() - began, 0.19)
        self.node.call("dev_setFault", {"kind": "accept_then_drop", "method": "eth_sendRawTransaction"})
        nonce = int(self.node.call("eth_getTransactionCount", self.node.ready["faucet"], "latest"), 16)
        with self.assertRaises((ConnectionError, urllib.error.URLError)):
            self.node.call("eth_sendRawTransaction", self.signed(nonce))
        self.assertEqual(len(self.node.call("dev_mempool")), 1)
        minted = self.node.mint(5)
        self.node.call("evm_mine")
        self.node.call("dev_setFault", {"kind": "omit_logs", "method": "eth_getTransactionReceipt"})
        self.assertEqual(self.node.call("eth_getTransactionReceipt", minted)["logs"], [])
        self.assertEqual(len(self.node.call("eth_getTransactionReceipt", minted)["logs"]), 1)

    def test_claims_and_staleness(self) -> None:
        self.node.call("evm_mine", 10)
        self.node.call("dev_options", {"head_lag": 3, "finalized_stalled": 2})
        self.assertEqual(self.height(), 8)
        self.assertIsNone(self.node.call("eth_getBlockByNumber", "0x9", False))
        self.assertEqual(self.node.call("eth_getBlockByNumber", "finalized", False)["number"], "0x0")
        self.node.call("dev_options", {"head_lag": 0, "finalized_lag": 1})
        self.assertEqual(self.node.call("eth_getBlockByNumber", "finalized", False)["number"], "0x2")
        self.node.call("dev_claim", {"chain_id": 1, "genesis": "0x" + "ab" * 32})
        self.assertEqual(self.node.call("eth_chainId"), "0x1")
        self.assertEqual(self.node.call("eth_getBlockByNumber", "0x0", False)["hash"], "0x" + "ab" * 32)
        self.node.call("dev_claim", {})
        self.assertEqual(self.node.call("eth_chainId"), hex(31337))

    def test_what_does_not_read_is_refused(self) -> None:
        self.refused("does not exist", "eth_nonsense")
        self.refused("invalid argument", "eth_getBalance")
        self.refused("", "eth_getBlockByHash", 5)
        answers = self.node.post(
            [{"id": 7, "method": "eth_chainId"}, {"id": 8, "method": "eth_blockNumber"}])
        self.assertEqual([answer["id"] for answer in answers], [7, 8])


class DurabilityTests(unittest.TestCase):
    def test_a_kill_loses_nothing_that_was_answered(self) -> None:
        rng = random.Random(5)
        with tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "chain.jsonl")
            paid: list[str] = []
            for _ in range(3):
                node = Node(state)
                for _ in range(rng.randrange(10, 25)):
                    match rng.randrange(4):
                        case 0:
                            node.call("evm_mine", 1 + rng.randrange(2))
                        case 1 if int(node.call("eth_blockNumber"), 16) > 3:
                            node.call("dev_reorg", {"depth": 1 + rng.randrange(2)})
                        case _:
                            paid.append(node.fund(1 + rng.randrange(1_000)))
                head = node.call("eth_getBlockByNumber", "latest", False)["hash"]
                node.end(signal.SIGKILL)
                # A line that was being written when it was killed.
                with open(state, "a") as file:
                    file.write('{"op": "transact')
                node = Node(state)
                self.assertEqual(node.call("eth_getBlockByNumber", "latest", False)["hash"], head)
                for transaction in paid:
                    self.assertIsNotNone(node.call("eth_getTransactionByHash", transaction))
                node.end()


if __name__ == "__main__":
    unittest.main()
