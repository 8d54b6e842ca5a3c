"""What a test makes the node be: stale, without finality, of another chain, with small batches."""

import http.client
import json

from devchain.tests.node import ETHER, TIMEOUT_SECONDS, ChainTest, Wallet

CHAIN_ID = "eth_chainId"

class OptionTests(ChainTest):
    def test_options_are_told(self) -> None:
        told = self.node.call("dev_options")
        self.assertEqual(
            {"safe_lag": 4, "finalized_lag": 8, "finalized_stalled": None, "finality": True,
             "head_lag": 0, "logs_range": 10_000, "range_error": "geth",
             "batch_limit": None, "batch_error": "each", "zero_bloom": False},
            told,
        )  # fmt: skip
        self.assertEqual(told | {"safe_lag": 1}, self.node.call("dev_options", {"safe_lag": 1}))

    def test_head_lag(self) -> None:
        receiver = Wallet().address
        sent = self.node.call("dev_fund", [{"address": receiver, "wei": 5}])[0]
        self.node.call("dev_mint", [{"token": "USDC", "to": receiver, "amount": 6}])
        hidden = self.node.mine()[0]
        self.node.mine()
        true_head = self.node.height()
        self.node.call("dev_options", {"head_lag": 2})
        head = true_head - 2
        self.assertEqual(head, self.node.height())
        for tag, height in [("latest", head), ("pending", head), ("safe", max(0, head - 4))]:
            self.assertEqual(hex(height), self.node.call("eth_getBlockByNumber", tag)["number"])
        above = hex(head + 1)
        self.assertEqual(0, self.node.balance(receiver))
        self.assertIsNone(self.node.receipt(sent))
        self.assertEqual([], self.node.call("eth_getLogs", {"fromBlock": above}))
        self.assertEqual(
            [], self.node.call("eth_getLogs", {"fromBlock": hex(head), "toBlock": hex(true_head)})
        )
        self.check_refused("header not found", "eth_getBalance", receiver, above)
        # A block that the node has not seen it does not know by its hash either.
        for method, which in [
            ("eth_getBlockByNumber", above),
            ("eth_getBlockByHash", hidden),
            ("eth_getBlockReceipts", hidden),
        ]:
            self.assertIsNone(self.node.call(method, which))
        self.check_refused("unknown block", "eth_getLogs", {"blockHash": hidden})
        self.check_refused("header not found", "eth_getBalance", receiver, {"blockHash": hidden})
        self.node.call("dev_options", {"head_lag": 0})
        self.assertEqual(5, self.node.balance(receiver))
        self.assertEqual(hidden, self.node.receipt(sent)["blockHash"])

    def test_head_lag_beyond_genesis(self) -> None:
        self.node.call("dev_options", {"head_lag": 10_000})
        self.assertEqual(0, self.node.height())

    def test_finalized_stalled(self) -> None:
        self.node.mine(12)
        self.assertEqual(self.node.height() - 8, self.finalized())
        self.node.call("dev_options", {"finalized_stalled": 2})
        self.node.mine(5)
        self.assertEqual(2, self.finalized())
        self.node.call("dev_options", {"finalized_stalled": None})
        self.assertEqual(self.node.height() - 8, self.finalized())
        self.node.call("dev_options", {"safe_lag": 0, "finalized_lag": 1})
        self.assertEqual(self.node.height() - 1, self.finalized())
        safe = self.node.call("eth_getBlockByNumber", "safe")
        self.assertEqual(self.node.height(), int(safe["number"], 16))

    def finalized(self) -> int:
        return int(self.node.call("eth_getBlockByNumber", "finalized")["number"], 16)

    def test_claims(self) -> None:
        genesis = self.node.call("eth_getBlockByNumber", "0x0")
        self.assertTrue(self.node.call("dev_claim", {"chain_id": 1}))
        self.assertEqual(
            ("0x1", "1"), (self.node.call("eth_chainId"), self.node.call("net_version"))
        )
        self.assertEqual(genesis, self.node.call("eth_getBlockByNumber", "0x0"))
        other = "0x" + "ab" * 32
        self.node.call("dev_claim", {"genesis": other})
        self.assertEqual("0x7a69", self.node.call("eth_chainId"))
        for tag in ("0x0", "earliest"):
            self.assertEqual(other, self.node.call("eth_getBlockByNumber", tag)["hash"])
        self.node.call("dev_claim", {})
        self.assertEqual(genesis, self.node.call("eth_getBlockByNumber", "0x0"))

    def test_zero_bloom(self) -> None:
        payment = {"token": "USDC", "to": "0x" + "11" * 20, "amount": 5}
        minted = self.node.call("dev_mint", [payment])
        self.node.mine()
        empty = "0x" + "00" * 256
        before = self.node.call("eth_getBlockByNumber", "latest")
        self.assertNotEqual(empty, before["logsBloom"])
        self.node.call("dev_options", {"zero_bloom": True})
        self.assertEqual(
            before | {"logsBloom": empty}, self.node.call("eth_getBlockByNumber", "latest")
        )
        self.assertEqual(empty, self.node.receipt(minted[0])["logsBloom"])

    def test_lies(self) -> None:
        who = "0x" + "22" * 20
        paid, left_out = self.node.call("dev_fund", [{"address": who, "wei": 5}] * 2)
        minted = self.node.call("dev_mint", [{"token": "USDC", "to": who, "amount": 5}])[0]
        self.node.mine()
        block = self.node.call("eth_getBlockByNumber", "latest", True)
        receipts = self.node.call("eth_getBlockReceipts", block["hash"])
        self.node.call(
            "dev_lie",
            {
                "values": {paid: "7"},
                "amounts": {minted: "8"},
                "senders": {paid: "0x" + "33" * 20},
                "omitted": [left_out],
            },
        )
        lying = self.node.call("eth_getBlockByNumber", "latest", True)
        self.assertEqual(block["hash"], lying["hash"])
        self.assertEqual([paid, minted], [each["hash"] for each in lying["transactions"]])
        told = self.node.call("eth_getTransactionByHash", paid)
        self.assertEqual(("0x7", "0x" + "33" * 20), (told["value"], told["from"]))
        self.assertEqual(told, lying["transactions"][0])
        self.assertIsNone(self.node.call("eth_getTransactionByHash", left_out))
        self.assertIsNone(self.node.receipt(left_out))
        logs = self.node.receipt(minted)["logs"]
        self.assertEqual(8, int(logs[0]["data"], 16))
        self.assertEqual(2, len(self.node.call("eth_getBlockReceipts", block["hash"])))
        self.node.call("dev_lie", {})
        self.assertEqual(block, self.node.call("eth_getBlockByNumber", "latest", True))
        self.assertEqual(receipts, self.node.call("eth_getBlockReceipts", block["hash"]))
        self.check_refused("invalid argument", "dev_lie", {"heights": {}}, code=-32602)

    def test_bad_options_change_none(self) -> None:
        changes = {"head_lag": 1, "batch_error": "no_such"}
        words = "invalid argument: no such batch_error: no_such"
        self.check_refused(words, "dev_options", changes, code=-32602)
        self.assertEqual(self.options, self.node.call("dev_options"))


class BatchTests(ChainTest):
    def limit(self, limit: int | None, shape: str = "each") -> None:
        self.node.call("dev_options", {"batch_limit": limit, "batch_error": shape})

    def check_answered(self, *methods: str) -> None:
        status, body = self.node.batch(*methods)
        self.assertEqual(200, status)
        answers = json.loads(body)
        self.assertEqual([*range(1, len(methods) + 1)], [each["id"] for each in answers])
        self.assertTrue(all("result" in each for each in answers), answers)

    def test_each(self) -> None:
        self.limit(2)
        status, body = self.node.batch(*[CHAIN_ID] * 3)
        error = {"code": -32005, "message": "batch too large: at most 2 requests"}
        self.assertEqual(
            (200, [{"jsonrpc": "2.0", "id": n, "error": error} for n in (1, 2, 3)]),
            (status, json.loads(body)),
        )

    def test_each_of_what_are_no_requests(self) -> None:
        self.limit(2)
        _, body = self.node.post(b'[{"id": "a", "method": "eth_chainId"}, 7, {"method": 5}]')
        self.assertEqual(
            [("a", -32005), (None, -32005), (None, -32005)],
            [(each["id"], each["error"]["code"]) for each in json.loads(body)],
        )

    def test_one(self) -> None:
        self.limit(2, "one")
        status, body = self.node.batch(*[CHAIN_ID] * 3)
        error = {"code": -32600, "message": "batch too large"}
        self.assertEqual(
            (200, {"jsonrpc": "2.0", "id": None, "error": error}), (status, json.loads(body))
        )

    def test_statuses(self) -> None:
        for status in (413, 429):
            self.limit(2, f"status_{status}")
            self.assertEqual((status, b"batch too large"), self.node.batch(*[CHAIN_ID] * 3))

    def test_a_status_comes_with_plain_text(self) -> None:
        self.limit(1, "status_413")
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.node.port, timeout=TIMEOUT_SECONDS
        )
        self.addCleanup(connection.close)
        request = {"id": 1, "method": CHAIN_ID}
        # The connection goes on: a refusal is no broken one.
        for body, kind in [([request] * 2, "text/plain"), (request, "application/json")]:
            connection.request("POST", "/", json.dumps(body))
            with connection.getresponse() as response:
                self.assertEqual(kind, response.getheader("Content-Type"))
                response.read()

    def test_up_to_the_limit(self) -> None:
        for shape in ("each", "one", "status_413", "status_429"):
            with self.subTest(shape=shape):
                self.limit(2, shape)
                self.check_answered(CHAIN_ID, CHAIN_ID)
                self.check_answered(CHAIN_ID)
                self.assertEqual("0x7a69", self.node.call(CHAIN_ID))
        self.limit(1)
        self.check_answered(CHAIN_ID)
        self.assertEqual((200, b"[]"), self.node.post(b"[]"))
        self.limit(None)
        self.check_answered(*[CHAIN_ID] * 300)

    def test_nothing_of_it_is_done(self) -> None:
        height = self.node.height()
        for shape in ("each", "one", "status_413", "status_429"):
            self.limit(1, shape)
            self.node.batch("evm_mine", CHAIN_ID)
        self.assertEqual(height, self.node.height())

    def test_a_test_always_gets_through(self) -> None:
        for shape in ("each", "one", "status_413", "status_429"):
            with self.subTest(shape=shape):
                self.limit(1, shape)
                self.check_answered("dev_options", "evm_mine", "dev_mempool")

    def test_a_refused_batch_meets_no_fault(self) -> None:
        self.limit(1)
        self.node.call("dev_setFault", {"kind": "drop"})
        self.assertEqual(200, self.node.batch(CHAIN_ID, CHAIN_ID)[0])
        self.assertEqual(1, self.node.call("dev_faults"))


class StartTests(ChainTest):
    arguments = ("--chain-id", "5", "--safe-lag", "1", "--finalized-lag", "2",
                 "--block-interval", "0.02")  # fmt: skip

    def test_arguments(self) -> None:
        self.assertEqual(5, self.node.ready["chain_id"])
        self.assertEqual("0x5", self.node.call("eth_chainId"))
        options = self.node.call("dev_options")
        self.assertEqual((1, 2), (options["safe_lag"], options["finalized_lag"]))

    def test_blocks_come_while_there_is_something_to_confirm(self) -> None:
        sender = Wallet(5)
        self.node.call("dev_fund", [{"address": sender.address, "wei": ETHER}])
        while not self.node.balance(sender.address):
            pass
        transaction = sender.send(self.node)
        while not (receipt := self.node.receipt(transaction)):
            pass
        mined = int(receipt["blockNumber"], 16)
        while int(self.node.call("eth_getBlockByNumber", "finalized")["number"], 16) < mined:
            pass
        # At rest it does not grow: nothing waits, and six more than the block are enough.
        self.assertLessEqual(self.node.height(), mined + 2 + 4)
