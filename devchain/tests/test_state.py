"""The state file: what was acknowledged is there after a kill, in the same blocks."""

import json
import os
import pathlib
import random
import tempfile
import threading
import unittest

from devchain.tests.node import CLOSED, ETHER, GWEI, Node, Refused, Wallet

# A run takes about six seconds for each: change it to look for more.
SEEDS = range(int(os.environ.get("DEVCHAIN_SEEDS", 2)))
KILLS = 3


class StateTests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "chain.jsonl"

    def start(self) -> Node:
        node = Node("--state", str(self.file))
        self.addCleanup(node.errors.close)
        self.addCleanup(node.end)
        return node

    def restart(self, node: Node) -> Node:
        node.end(kill=True)
        return self.start()

    def test_random_operations_and_kills(self) -> None:
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.file.unlink(missing_ok=True)
                Operations(self, random.Random(seed)).run()

    def test_each_operation_comes_back(self) -> None:
        """One after the other, each with a restart and the whole state compared."""
        node = self.start()
        sender, broke = Wallet(), Wallet()
        funding = node.call(
            "dev_fund", [{"address": each.address, "wei": ETHER} for each in (sender, broke)]
        )
        node.mine()
        node = self.check_same(node)
        old = sender.send(node, maxFeePerGas=10 * GWEI)
        new = sender.send(node, nonce=0, maxFeePerGas=20 * GWEI, maxPriorityFeePerGas=2 * GWEI)
        later = sender.send(node, nonce=2)
        node = self.check_same(node)
        self.assertEqual((False, True, True), tuple(
            each in node.call("dev_mempool") for each in (old, new, later)
        ))  # fmt: skip
        node.call("dev_evict", later)
        spends = broke.send(node, value=ETHER - 21_000 * 50 * GWEI)
        node.mine()
        node = self.check_same(node)
        # A block of which one transaction could not be paid for is made in another way.
        node.call("dev_reorg", {"depth": 2, "drop": [funding[1]]})
        node.mine()
        self.assertIsNone(node.receipt(spends))
        node = self.check_same(node)
        self.assertIn(spends, node.call("dev_mempool"))
        node.call("dev_setBaseFee", 77 * GWEI)
        node = self.check_same(node)
        node.mine()
        self.assertEqual(
            hex(77 * GWEI), node.call("eth_getBlockByNumber", "latest")["baseFeePerGas"]
        )
        node = self.check_same(node)
        node.call("dev_setBaseFee", 99 * GWEI)
        node.call("dev_setBaseFee", None)
        node = self.check_same(node)
        node.mine()
        self.assertGreater(77 * GWEI, int(
            node.call("eth_getBlockByNumber", "latest")["baseFeePerGas"], 16
        ))  # fmt: skip
        node.call("dev_reorg", {"depth": 2, "blocks": 0})
        node = self.check_same(node)
        node.call("dev_reorg", {"depth": node.height() - 1, "blocks": 0})
        self.check_same(node)

    def check_same(self, node: Node) -> Node:
        before = whole(node)
        node = self.restart(node)
        self.assertEqual(before, whole(node))
        return node

    def test_torn_last_line_is_cut(self) -> None:
        node = self.start()
        node.call("dev_fund", [{"address": "0x" + "aa" * 20, "wei": 5}])
        node.mine()
        before = whole(node)
        node.end(kill=True)
        good = self.file.read_bytes()
        last = good.splitlines(keepends=True)[-1]
        for torn in (b"{", last[:-1], last[: len(last) // 2], b"\xff\0"):
            self.file.write_bytes(good + torn)
            node = self.start()
            self.assertEqual(before, whole(node))
            node.end(kill=True)
            self.assertEqual(good, self.file.read_bytes())
        self.file.write_bytes(good + last[:20])
        node = self.start()
        node.mine()
        before = whole(node)
        self.assertEqual(before, whole(self.restart(node)))

    def test_killed_in_the_first_start(self) -> None:
        node = self.start()
        contracts = [node.call("eth_getCode", each) for each in node.contracts.values()]
        genesis = node.ready["genesis_hash"]
        node.end(kill=True)
        lines = self.file.read_bytes().splitlines(keepends=True)
        self.assertEqual(8, len(lines), "seven contracts and their block")
        for count in (0, 1, 3, 6):
            self.file.write_bytes(b"".join(lines[:count]))
            node = self.start()
            self.assertEqual(genesis, node.ready["genesis_hash"])
            self.assertEqual(
                contracts, [node.call("eth_getCode", each) for each in node.contracts.values()]
            )
            node.end(kill=True)

    def test_changed_file_is_refused(self) -> None:
        node = self.start()
        node.mine()
        node.end(kill=True)
        lines = self.file.read_text().splitlines()
        last = json.loads(lines[-1]) | {"hash": "0x" + "11" * 32}
        self.file.write_text("\n".join([*lines[:-1], json.dumps(last)]) + "\n")
        with self.assertRaisesRegex(AssertionError, "came out another than it was"):
            Node("--state", str(self.file)).end()


def whole(node: Node) -> tuple:
    """All that a client can see of the chain, and what waits."""
    blocks = [
        (node.call("eth_getBlockByNumber", hex(height), True),
         node.call("eth_getBlockReceipts", hex(height)))
        for height in range(node.height() + 1)
    ]  # fmt: skip
    return blocks, node.call("dev_mempool"), node.call("eth_gasPrice")


class Operations:
    """Random ones, a kill in the middle of them, and what must be there afterwards."""

    def __init__(self, test: StateTests, random: random.Random) -> None:
        self.test = test
        self.random = random
        self.wallets = [Wallet() for _ in range(4)]
        # Acknowledged, and neither dropped, evicted nor replaced since.
        self.transactions: set[str] = set()
        # By hash, every block that was ever acknowledged.
        self.blocks: dict[str, dict] = {}

    def run(self) -> None:
        node = self.test.start()
        funding = [{"address": each.address, "wei": ETHER} for each in self.wallets]
        self.transactions.update(node.call("dev_fund", funding))
        node.mine()
        for _ in range(KILLS):
            killer = threading.Timer(self.random.uniform(0.02, 0.4), node.process.kill)
            killer.start()
            try:
                while True:
                    self.step(node)
            except CLOSED:
                pass
            killer.join()
            node.end(kill=True)
            node = self.test.start()
            self.check(node)
        before = whole(node)
        self.test.assertEqual(before, whole(node := self.test.restart(node)))
        node.end()

    def step(self, node: Node) -> None:
        choice = self.random.random()
        if choice < 0.5:
            wallet = self.random.choice(self.wallets)
            nonce = int(node.call("eth_getTransactionCount", wallet.address, "pending"), 16)
            fee = self.random.randint(5, 60) * GWEI
            raw, transaction = wallet.sign(nonce=nonce, maxFeePerGas=fee)
            try:
                node.call("eth_sendRawTransaction", raw)
                self.transactions.add(transaction)
            except Refused:
                pass
        elif choice < 0.6:
            payment = {"token": "USDC", "to": self.wallets[0].address, "amount": 5}
            self.transactions.update(node.call("dev_mint", [payment]))
        elif choice < 0.8:
            self.remember(node, node.mine(self.random.randint(1, 2)))
        elif choice < 0.95:
            self.reorganise(node)
        elif choice < 0.97:
            node.call("dev_setBaseFee", self.random.randint(1, 20) * GWEI)
        else:
            waiting = node.call("dev_mempool")
            if waiting:
                gone = self.random.choice(waiting)
                self.transactions.discard(gone)  # also where the kill comes first
                node.call("dev_evict", gone)

    def reorganise(self, node: Node) -> None:
        depth = self.random.randint(0, min(3, node.height() - 2))
        known = sorted(self.transactions)
        drop = self.random.sample(known, min(len(known), self.random.randint(0, 1)))
        self.transactions.difference_update(drop)
        request = {"depth": depth, "drop": drop}
        if self.random.random() < 0.5:
            request["blocks"] = depth
        self.remember(node, node.call("dev_reorg", request))

    def remember(self, node: Node, hashes: list[str]) -> None:
        for each in hashes:
            self.blocks[each] = node.call("eth_getBlockByHash", each, True)

    def check(self, node: Node) -> None:
        for block_hash, block in self.blocks.items():
            self.test.assertEqual(block, node.call("eth_getBlockByHash", block_hash, True))
        missing = [
            each
            for each in self.transactions
            if node.call("eth_getTransactionByHash", each) is None
        ]
        self.test.assertEqual([], missing)
