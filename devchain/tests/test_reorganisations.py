"""Reorganisations: what leaves, what moves, what comes instead."""

from devchain.tests.node import ETHER, GWEI, ChainTest, Wallet


class ReorganisationTests(ChainTest):
    def block(self, which: str) -> dict:
        by = "eth_getBlockByHash" if len(which) == 66 else "eth_getBlockByNumber"
        return self.node.call(by, which)

    def check_chain(self) -> None:
        """Each block names the one before, and its transactions and receipts name it."""
        parent = None
        for height in range(self.node.height() + 1):
            block = self.block(hex(height))
            if parent:
                self.assertEqual(parent["hash"], block["parentHash"])
            for index, transaction in enumerate(block["transactions"]):
                receipt = self.node.receipt(transaction)
                self.assertEqual(block["hash"], receipt["blockHash"])
                self.assertEqual(hex(index), receipt["transactionIndex"])
            parent = block

    def test_equal_height(self) -> None:
        sender = self.wallet()
        transaction = sender.send(self.node)
        old = [*self.node.mine(), *self.node.mine(2)]
        height = self.node.height()
        new = self.node.call("dev_reorg", {"depth": 3, "blocks": 3})
        self.assertEqual(3, len(new))
        self.assertEqual(height, self.node.height())
        self.assertEqual(set(), set(old) & set(new))
        self.assertEqual(new[-1], self.block("latest")["hash"])
        self.assertEqual(self.block(old[0])["parentHash"], self.block(new[0])["parentHash"])
        self.assertEqual(new[0], self.node.receipt(transaction)["blockHash"])
        self.check_chain()

    def test_the_same_block_is_never_found_again(self) -> None:
        seen = set(self.node.mine())
        for _ in range(5):
            made = self.node.call("dev_reorg", {"depth": 1, "blocks": 1})[0]
            self.assertNotIn(made, seen)
            seen.add(made)

    def test_one_longer_by_itself(self) -> None:
        self.node.mine(2)
        height = self.node.height()
        self.assertEqual(3, len(self.node.call("dev_reorg", {"depth": 2})))
        self.assertEqual(height + 1, self.node.height())

    def test_shorter(self) -> None:
        self.node.mine(3)
        height = self.node.height()
        gone = self.block("latest")["hash"]
        self.assertEqual([], self.node.call("dev_reorg", {"depth": 2, "blocks": 0}))
        self.assertEqual(height - 2, self.node.height())
        self.assertEqual(hex(height), self.block(gone)["number"])
        self.assertIsNone(self.node.call("eth_getBlockByNumber", hex(height)))
        self.check_chain()

    def test_moved_transactions(self) -> None:
        first, second = self.wallet(), self.wallet()
        cheap = first.send(self.node, maxPriorityFeePerGas=GWEI)
        self.node.mine()
        dear = second.send(self.node, maxPriorityFeePerGas=9 * GWEI)
        self.node.mine()
        mint = self.node.call(
            "dev_mint", [{"token": "USDC", "to": first.address, "amount": 4}] * 2
        )
        self.node.mine()
        before = [self.node.receipt(each) for each in (cheap, dear, *mint)]
        self.node.call("dev_reorg", {"depth": 3})
        after = [self.node.receipt(each) for each in (cheap, dear, *mint)]
        self.assertEqual(
            1, len({each["blockHash"] for each in after}), "all in the first new block"
        )
        self.assertEqual("0x0", before[0]["transactionIndex"])
        self.assertNotEqual("0x0", after[0]["transactionIndex"])
        self.assertEqual("0x0", after[1]["transactionIndex"], "the best tip is first")
        for old, new in zip(before, after):
            self.assertEqual(old["transactionHash"], new["transactionHash"])
            self.assertNotEqual(old["blockHash"], new["blockHash"])
            self.assertEqual(len(old["logs"]), len(new["logs"]))
        self.assertEqual(8, self.node.token_balance("USDC", first.address))
        self.check_chain()

    def test_dropped_transactions(self) -> None:
        stays, goes = self.wallet(), self.wallet()
        kept = stays.send(self.node)
        raw, dropped = goes.sign()
        self.node.call("eth_sendRawTransaction", raw)
        self.node.mine()
        self.node.call("dev_reorg", {"depth": 1, "drop": [dropped]})
        self.assertIsNone(self.node.receipt(dropped))
        self.assertIsNone(self.node.call("eth_getTransactionByHash", dropped))
        self.assertNotIn(dropped, self.node.call("dev_mempool"))
        self.assertEqual("0x0", self.node.call("eth_getTransactionCount", goes.address, "pending"))
        self.assertIsNotNone(self.node.receipt(kept))
        self.node.call("eth_sendRawTransaction", raw)
        self.node.mine()
        self.assertEqual("0x1", self.node.receipt(dropped)["status"], "it may come again")
        self.check_chain()

    def test_waiting_transaction_is_dropped(self) -> None:
        waits = self.wallet().send(self.node)
        self.node.call("dev_reorg", {"depth": 0, "blocks": 1, "drop": [waits]})
        self.assertIsNone(self.node.call("eth_getTransactionByHash", waits))

    def test_orphaned_block_is_readable(self) -> None:
        receiver = Wallet().address
        self.node.call("dev_mint", [{"token": "USDC", "to": receiver, "amount": 3}])
        mint = self.node.mine()[0]
        logs = self.node.call("eth_getLogs", {"blockHash": mint})
        receipts = self.node.call("eth_getBlockReceipts", mint)
        full = self.node.call("eth_getBlockByHash", mint, True)
        self.node.call("dev_reorg", {"depth": 1, "drop": full_hashes(full)})
        self.assertEqual(full, self.node.call("eth_getBlockByHash", mint, True))
        self.assertEqual(receipts, self.node.call("eth_getBlockReceipts", mint))
        self.assertEqual(logs, self.node.call("eth_getLogs", {"blockHash": mint}))
        self.assertEqual(3, self.node.token_balance("USDC", receiver, {"blockHash": mint}))
        self.assertEqual(0, self.node.token_balance("USDC", receiver))
        everything = {"fromBlock": "0x0", "toBlock": "latest"}
        found = self.node.call("eth_getLogs", everything)
        self.assertNotIn(mint, {log["blockHash"] for log in found})

    def test_what_is_paid_for_no_more_waits(self) -> None:
        rich, poor = Wallet(), Wallet()
        funding = self.node.call(
            "dev_fund", [{"address": each.address, "wei": ETHER} for each in (rich, poor)]
        )
        self.node.mine()
        cost = 2 * 21_000 * 50 * GWEI
        spends = [each.send(self.node, value=ETHER - cost - 1) for each in (poor, rich)]
        more = [each.send(self.node) for each in (poor, rich)]
        self.node.mine()
        # The poor one's funding leaves; the faucet's next payment takes that place.
        self.node.call("dev_reorg", {"depth": 2, "blocks": 0, "drop": [funding[1]]})
        self.node.mine(2)
        told = [self.node.receipt(each) is not None for each in (*spends, *more)]
        self.assertEqual([False, True, False, True], told)
        self.check_chain()
        self.node.call("dev_fund", [{"address": poor.address, "wei": ETHER}])
        self.node.mine(2)
        self.assertTrue(all(self.node.receipt(each) for each in (*spends, *more)))

    def test_down_to_genesis(self) -> None:
        contracts = [self.node.call("eth_getCode", each) for each in self.node.contracts.values()]
        self.node.call("dev_reorg", {"depth": self.node.height()})
        self.assertEqual(
            contracts,
            [self.node.call("eth_getCode", each) for each in self.node.contracts.values()],
        )
        self.check_chain()


def full_hashes(block: dict) -> list[str]:
    return [each["hash"] for each in block["transactions"]]
