"""Each kind of fault, as a client meets it over HTTP."""

import json
import threading
import time

from devchain.faults import KINDS
from devchain.tests.node import CLOSED, ChainTest, Wallet

REQUEST = json.dumps({"id": 1, "method": "eth_chainId"}).encode()


class FaultTests(ChainTest):
    def fault(self, kind: str, **more: object) -> None:
        self.node.call("dev_setFault", {"kind": kind} | more)

    def test_each_kind_is_here(self) -> None:
        tests = {name.removeprefix("test_kind_") for name in dir(self)}
        self.assertEqual(set(), set(KINDS) - tests)

    def test_kind_delay(self) -> None:
        self.fault("delay", milliseconds=300)
        started = time.monotonic()
        self.assertEqual("0x7a69", self.node.call("eth_chainId"))
        self.assertGreaterEqual(time.monotonic() - started, 0.3)

    def test_a_delay_holds_up_nobody_else(self) -> None:
        self.fault("delay", milliseconds=1_000, method="eth_chainId")
        slow = threading.Thread(target=self.node.call, args=("eth_chainId",))
        started = time.monotonic()
        slow.start()
        while time.monotonic() - started < 0.5:
            self.node.call("eth_blockNumber")
        self.assertTrue(slow.is_alive())
        slow.join()

    def test_kind_drop(self) -> None:
        sender = self.wallet()
        raw, transaction = sender.sign()
        self.fault("drop")
        with self.assertRaises(CLOSED):
            self.node.call("eth_sendRawTransaction", raw)
        self.assertNotIn(transaction, self.node.call("dev_mempool"))

    def test_kind_accept_then_drop(self) -> None:
        sender = self.wallet()
        raw, transaction = sender.sign()
        self.fault("accept_then_drop", times=2)
        # The second is refused, and nobody hears that either.
        for _ in range(2):
            with self.assertRaises(CLOSED):
                self.node.call("eth_sendRawTransaction", raw)
        self.assertIn(transaction, self.node.call("dev_mempool"))
        self.check_refused("already known", "eth_sendRawTransaction", raw)

    def test_kind_error(self) -> None:
        self.fault("error", error={"code": -32005, "message": "limit exceeded"})
        self.check_refused("limit exceeded", "eth_chainId", code=-32005)
        self.fault("error")
        self.check_refused("on request", "eth_chainId")
        self.assertEqual("0x7a69", self.node.call("eth_chainId"))

    def test_kind_status(self) -> None:
        for more, status in [({}, 429), ({"status": 503}, 503)]:
            self.fault("status", **more)
            self.assertEqual((status, b"slow down"), self.node.post(REQUEST))
        self.assertEqual(200, self.node.post(REQUEST)[0])

    def test_kind_result(self) -> None:
        self.fault("result", result={"any": "thing"})
        self.assertEqual({"any": "thing"}, self.node.call("eth_chainId"))
        self.fault("result")
        self.assertIsNone(self.node.call("eth_chainId"))

    def test_kind_omit_logs(self) -> None:
        receiver = Wallet().address
        mint = self.node.call("dev_mint", [{"token": "USDC", "to": receiver, "amount": 1}])[0]
        block_hash = self.node.mine()[0]
        self.fault("omit_logs", times=4)
        self.assertEqual([], self.node.call("eth_getLogs", {"blockHash": block_hash}))
        receipt = self.node.receipt(mint)
        self.assertEqual([], receipt["logs"])
        self.assertNotEqual(0, int(receipt["logsBloom"], 16))
        self.assertEqual([receipt], self.node.call("eth_getBlockReceipts", block_hash))
        block = self.node.call("eth_getBlockByHash", block_hash)
        self.assertEqual(receipt["logsBloom"], block["logsBloom"])
        self.assertEqual(1, len(self.node.receipt(mint)["logs"]))

    def test_kind_malformed(self) -> None:
        self.fault("malformed")
        status, body = self.node.post(REQUEST)
        self.assertEqual(200, status)
        with self.assertRaises(json.JSONDecodeError):
            json.loads(body)

    def test_kind_huge(self) -> None:
        for more, size in [({}, 1 << 20), ({"bytes": 5_000_000}, 5_000_000)]:
            self.fault("huge", **more)
            self.assertEqual(size + 2, len(self.node.post(REQUEST)[1]))

    def test_only_its_method_and_so_often(self) -> None:
        self.fault("error", method="eth_blockNumber", times=2)
        self.assertEqual("0x7a69", self.node.call("eth_chainId"))
        for _ in range(2):
            self.check_refused("on request", "eth_blockNumber")
        self.node.height()

    def test_the_first_is_met_first(self) -> None:
        for result in ("a", "b"):
            self.fault("result", result=result)
        self.assertEqual(["a", "b"], [self.node.call("eth_chainId") for _ in range(2)])

    def test_a_test_always_gets_through(self) -> None:
        self.fault("drop", times=1_000)
        self.node.mine()
        self.assertTrue(self.node.call("dev_clearFaults"))
        self.node.height()

    def test_part_of_a_batch(self) -> None:
        self.fault("error", method="eth_blockNumber")
        batch = [{"id": n, "method": m} for n, m in enumerate(["eth_chainId", "eth_blockNumber"])]
        _, body = self.node.post(json.dumps(batch).encode())
        self.assertEqual(["result", "error"], [sorted(each)[-1 if "result" in each else 0]
                                               for each in json.loads(body)])  # fmt: skip

    def test_batches_from_a_length_on(self) -> None:
        self.fault("status", batch_from=3, times=2)
        self.assertEqual("0x7a69", self.node.call("eth_chainId"))
        for count, status in [(1, 200), (2, 200), (3, 429), (2, 200), (4, 429), (4, 200)]:
            self.assertEqual(status, self.node.batch(*["eth_chainId"] * count)[0])

    def test_a_call_on_its_own_is_a_batch_of_one(self) -> None:
        self.fault("error", batch_from=2)
        self.fault("result", batch_from=1, times=2)
        # The older one is passed by, and waits on.
        self.assertIsNone(self.node.call("eth_chainId"))
        for told in ([None], ["0x7a69"]):
            _, body = self.node.batch("eth_chainId")
            self.assertEqual(told, [each["result"] for each in json.loads(body)])
        self.assertEqual(1, self.node.call("dev_faults"))

    def test_of_long_batches_only_its_method(self) -> None:
        self.fault("error", batch_from=3, method="eth_blockNumber")
        self.node.height()
        # All that came count, those of a test too, but only the method meets it.
        _, body = self.node.batch("dev_mempool", "eth_chainId", "eth_blockNumber")
        self.assertEqual([False, False, True], ["error" in each for each in json.loads(body)])

    def test_of_one_first_parameter_only(self) -> None:
        self.fault("result", method="eth_getBlockByNumber", first="0x0", times=2)
        self.assertIsNotNone(self.node.call("eth_getBlockByNumber", "latest", False))
        self.assertIsNone(self.node.call("eth_getBlockByNumber", "0x0", False))
        self.assertEqual("0x7a69", self.node.call("eth_chainId"))
        self.assertIsNone(self.node.call("eth_getBlockByNumber", "0x0", False))
        self.assertEqual(0, self.node.call("dev_faults"))

    def test_how_many_wait(self) -> None:
        self.assertEqual(0, self.node.call("dev_faults"))
        self.fault("result", times=2)
        self.fault("result", method="eth_blockNumber")
        for method, wait in [
            ("dev_faults", 3),
            ("eth_chainId", 2),
            ("eth_chainId", 1),
            ("eth_chainId", 1),
            ("eth_blockNumber", 0),
        ]:
            self.node.call(method)
            self.assertEqual(wait, self.node.call("dev_faults"))
        self.fault("drop", times=1_000)
        self.node.call("dev_clearFaults")
        self.assertEqual(0, self.node.call("dev_faults"))

    def test_many_clients_meet_exactly_as_many(self) -> None:
        self.fault("status", times=200)
        met: list[int] = []

        def client() -> None:
            for _ in range(50):
                met.append(self.node.post(REQUEST)[0])

        clients = [threading.Thread(target=client) for _ in range(8)]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
        self.assertEqual((200, 200), (met.count(429), met.count(200)))
