"""A chain in its own process, and wallets that sign for it."""

import http.client
import itertools
import json
import subprocess
import sys
import tempfile
import unittest
from typing import Any

from eth_account import Account
from eth_utils import keccak, to_checksum_address

GWEI = 10**9
ETHER = 10**18
# Longer than any answer takes: a chain that hangs is a failed test.
TIMEOUT_SECONDS = 30
# What a client sees of a connection that was closed without an answer, or of no process at all.
CLOSED = (http.client.HTTPException, ConnectionError)
_keys = itertools.count(1)


class Refused(Exception):
    """An error of JSON-RPC, as the client sees it."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error)
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")


class Node:
    def __init__(self, *options: str) -> None:
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "devchain", "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        self.ready = json.loads(self.process.stdout.readline() or b"{}")
        if not self.ready:
            self.end()
            why = self.stderr()
            self.errors.close()
            raise AssertionError(why)
        self.port = int(self.ready["url"].rsplit(":", 1)[1])
        self.contracts = self.ready["contracts"]

    def end(self, kill: bool = False) -> None:
        """By its process, and waits for it."""
        (self.process.kill if kill else self.process.terminate)()
        self.process.wait(TIMEOUT_SECONDS)
        self.process.stdout.close()

    def stderr(self) -> str:
        self.errors.seek(0)
        return self.errors.read().decode()

    def post(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", "/", body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def call(self, method: str, *parameters: Any) -> Any:
        request = {"jsonrpc": "2.0", "id": 7, "method": method, "params": parameters}
        status, body = self.post(json.dumps(request).encode())
        answer = json.loads(body)
        if status != 200 or answer["jsonrpc"] != "2.0" or answer["id"] != 7:
            raise AssertionError((status, answer))
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def batch(self, *methods: str) -> tuple[int, bytes]:
        """Without parameters; their ids count from 1."""
        batch = [{"jsonrpc": "2.0", "id": n, "method": m} for n, m in enumerate(methods, 1)]
        return self.post(json.dumps(batch).encode())

    def mine(self, count: int = 1) -> list[str]:
        return self.call("evm_mine", count)

    def height(self) -> int:
        return int(self.call("eth_blockNumber"), 16)

    def balance(self, address: str, tag: Any = "latest") -> int:
        return int(self.call("eth_getBalance", address, tag), 16)

    def token_balance(self, token: str, address: str, tag: Any = "latest") -> int:
        call = {"to": self.contracts[token], "data": payload("balanceOf(address)", address)}
        return int(self.call("eth_call", call, tag), 16)

    def receipt(self, transaction: str) -> Any:
        return self.call("eth_getTransactionReceipt", transaction)


class Wallet:
    """Signs; counts its nonces, starting at 0."""

    def __init__(self, chain_id: int = 31337) -> None:
        self.account = Account.from_key(keccak(b"wallet %d" % next(_keys)))
        self.address = self.account.address.lower()
        self.chain_id = chain_id
        self.nonce = 0

    def sign(self, **fields: Any) -> tuple[str, str]:
        """The raw transaction and its hash: a payment of one wei to nobody, except as said."""
        whole: dict[str, Any] = {"to": "0x" + "be" * 20, "value": 1, "gas": 21_000, "data": "0x"}
        whole |= {"nonce": self.nonce, "chainId": self.chain_id}
        if "gasPrice" not in fields:
            whole |= {"type": 2, "maxFeePerGas": 50 * GWEI, "maxPriorityFeePerGas": GWEI}
        whole |= fields
        receiver = whole.pop("to")
        if receiver is not None:
            whole["to"] = to_checksum_address(receiver)
        signed = self.account.sign_transaction(whole)
        self.nonce = whole["nonce"] + 1
        return "0x" + signed.raw_transaction.hex(), "0x" + signed.hash.hex()

    def send(self, node: Node, **fields: Any) -> str:
        raw, transaction = self.sign(**fields)
        told = node.call("eth_sendRawTransaction", raw)
        if told != transaction:
            raise AssertionError((told, transaction))
        return transaction


class ChainTest(unittest.TestCase):
    """Each class has its own chain; each test takes back what it asked for."""

    arguments: tuple[str, ...] = ()
    node: Node

    @classmethod
    def setUpClass(cls) -> None:
        cls.node = Node(*cls.arguments)
        cls.addClassCleanup(cls.node.errors.close)
        cls.addClassCleanup(cls.node.end)
        cls.options = cls.node.call("dev_options")

    def tearDown(self) -> None:
        self.node.call("dev_clearFaults")
        self.node.call("dev_options", self.options)
        self.node.call("dev_claim", {})
        self.node.call("dev_lie", {})
        self.node.call("dev_setBaseFee", None)
        self.assertNotIn("Traceback", self.node.stderr())

    def wallet(self, wei: int = ETHER) -> Wallet:
        made = Wallet()
        self.node.call("dev_fund", [{"address": made.address, "wei": wei}])
        self.node.mine()
        return made

    def check_refused(
        self, words: str, method: str, *parameters: Any, code: int = -32000
    ) -> Refused:
        with self.assertRaises(Refused) as caught:
            self.node.call(method, *parameters)
        self.assertEqual(
            (code, words), (caught.exception.code, caught.exception.message[: len(words)])
        )
        return caught.exception


def payload(signature: str, *arguments: str | int) -> str:
    words = [
        a[2:].lower().rjust(64, "0") if isinstance(a, str) else f"{a:064x}" for a in arguments
    ]
    return "0x" + keccak(signature.encode())[:4].hex() + "".join(words)


def topic(address: str) -> str:
    return "0x" + address[2:].lower().rjust(64, "0")


TRANSFER = "0x" + keccak(b"Transfer(address,address,uint256)").hex()
