"""The rules of the mempool: geth's, and what tests add to them."""

import rlp
from eth_keys import keys
from eth_utils import keccak

from devchain.tests.node import ETHER, GWEI, ChainTest, Wallet


class MempoolTests(ChainTest):
    def refuse(self, words: str, sender: Wallet, **fields: object) -> None:
        nonce = sender.nonce
        raw, transaction = sender.sign(**fields)
        before = self.node.call("dev_mempool")
        self.check_refused(words, "eth_sendRawTransaction", raw)
        self.assertEqual(before, self.node.call("dev_mempool"))
        sender.nonce = nonce

    def test_already_known(self) -> None:
        sender = self.wallet()
        raw, transaction = sender.sign()
        self.node.call("eth_sendRawTransaction", raw)
        self.check_refused("already known", "eth_sendRawTransaction", raw)
        self.assertIn(transaction, self.node.call("dev_mempool"))
        self.node.mine()
        self.assertNotIn(transaction, self.node.call("dev_mempool"))
        self.check_refused("nonce too low: next nonce 1, tx nonce 0", "eth_sendRawTransaction", raw)

    def test_nonce_too_low(self) -> None:
        sender = self.wallet()
        sender.send(self.node)
        self.node.mine()
        self.refuse("nonce too low: next nonce 1, tx nonce 0", sender, nonce=0, value=2)

    def test_gap_waits(self) -> None:
        sender = self.wallet()
        later = [sender.send(self.node, nonce=n) for n in (2, 1)]
        self.node.mine(2)
        self.assertEqual([None, None], [self.node.receipt(each) for each in later])
        self.assertEqual(
            "0x0", self.node.call("eth_getTransactionCount", sender.address, "pending")
        )
        first = sender.send(self.node, nonce=0)
        self.assertEqual(
            "0x3", self.node.call("eth_getTransactionCount", sender.address, "pending")
        )
        self.node.mine()
        block = self.node.call("eth_getBlockByNumber", "latest")
        self.assertEqual([first, later[1], later[0]], block["transactions"], "in order of nonce")

    def test_replacement(self) -> None:
        sender = self.wallet()
        old = sender.send(self.node, maxFeePerGas=10 * GWEI, maxPriorityFeePerGas=GWEI)
        words = "replacement transaction underpriced"
        for fee, tip in [(10, 1), (11, 1), (10, 1.1), (10.9, 1.1), (11, 1.09)]:
            fees = {"maxFeePerGas": int(fee * GWEI), "maxPriorityFeePerGas": int(tip * GWEI)}
            self.refuse(words, sender, nonce=0, value=2, **fees)
        new = sender.send(
            self.node, nonce=0, value=2, maxFeePerGas=11 * GWEI, maxPriorityFeePerGas=1_100_000_000
        )
        self.assertIsNone(self.node.call("eth_getTransactionByHash", old))
        waiting = self.node.call("dev_mempool")
        self.assertEqual((True, False), (new in waiting, old in waiting))
        self.node.mine()
        self.assertEqual("0x1", self.node.receipt(new)["status"])
        self.assertIsNone(self.node.receipt(old))

    def test_insufficient_funds(self) -> None:
        sender = self.wallet(ETHER)
        words = "insufficient funds for gas * price + value"
        gas = 21_000 * 50 * GWEI
        self.refuse(words, sender, value=ETHER - gas + 1)
        self.refuse(words, Wallet())
        held = sender.send(self.node, value=ETHER - gas)
        self.node.call("dev_hold", held)
        # What waits is spent already: the next one has nothing.
        self.refuse(words, sender, value=0)
        # But a replacement takes the place of what it replaces.
        replacement = sender.send(
            self.node, nonce=0, value=5, maxFeePerGas=60 * GWEI, maxPriorityFeePerGas=2 * GWEI
        )
        sender.send(self.node)
        self.node.mine()
        self.assertEqual("0x1", self.node.receipt(replacement)["status"])

    def test_wrong_chain(self) -> None:
        sender = self.wallet()
        self.refuse("invalid chain id for signer: have 1 want 31337", sender, chainId=1)
        self.refuse(
            "invalid chain id for signer: have 1 want 31337", sender, chainId=1, gasPrice=GWEI
        )

    def test_kinds_of_transactions(self) -> None:
        sender = self.wallet()
        listed = sender.send(self.node, type=1, gasPrice=20 * GWEI, accessList=[])
        self.node.mine()
        receipt = self.node.receipt(listed)
        self.assertEqual(("0x1", "0x1"), (receipt["status"], receipt["type"]))
        blob = {"type": 3, "maxFeePerBlobGas": 9, "blobVersionedHashes": ["0x01" + "00" * 31]}
        self.refuse("transaction type not supported", sender, **blob)
        # Without a chain id: it could be sent again on any chain.
        key = keys.PrivateKey(sender.account.key)
        body = [1, 20 * GWEI, 21_000, b"\x11" * 20, 1, b""]
        signature = key.sign_msg_hash(keccak(rlp.encode(body)))
        raw = rlp.encode([*body, signature.v + 27, signature.r, signature.s])
        words = "only replay-protected (EIP-155) transactions"
        self.check_refused(words, "eth_sendRawTransaction", "0x" + raw.hex())

    def test_gas_and_fees_that_make_no_sense(self) -> None:
        sender = self.wallet(100 * ETHER)
        self.refuse("intrinsic gas too low", sender, gas=20_999)
        self.refuse("exceeds block gas limit", sender, gas=30_000_001)
        self.refuse(
            "max priority fee per gas higher than max fee per gas",
            sender,
            maxFeePerGas=GWEI,
            maxPriorityFeePerGas=GWEI + 1,
        )

    def test_below_the_base_fee_waits(self) -> None:
        sender = self.wallet()
        cheap = sender.send(self.node, maxFeePerGas=1, maxPriorityFeePerGas=1)
        behind = sender.send(self.node)
        self.node.mine(2)
        self.assertEqual([None, None], [self.node.receipt(each) for each in (cheap, behind)])
        self.node.call("dev_evict", cheap)
        self.node.call("dev_evict", behind)

    def test_hold(self) -> None:
        sender = self.wallet()
        stuck = sender.send(self.node)
        self.assertTrue(self.node.call("dev_hold", stuck))
        self.node.mine(2)
        self.assertIsNone(self.node.receipt(stuck))
        self.assertIsNotNone(self.node.call("eth_getTransactionByHash", stuck))
        self.assertFalse(self.node.call("dev_hold", stuck, False))
        self.node.mine()
        self.assertEqual("0x1", self.node.receipt(stuck)["status"])

    def test_evict(self) -> None:
        sender = self.wallet()
        raw, gone = sender.sign()
        self.node.call("eth_sendRawTransaction", raw)
        self.assertTrue(self.node.call("dev_evict", gone))
        self.assertFalse(self.node.call("dev_evict", gone))
        self.assertIsNone(self.node.call("eth_getTransactionByHash", gone))
        self.node.mine()
        self.assertIsNone(self.node.receipt(gone))
        self.assertEqual(gone, self.node.call("eth_sendRawTransaction", raw), "it may come again")
        self.node.mine()
        self.assertEqual("0x1", self.node.receipt(gone)["status"])

    def test_a_full_block_leaves_the_worst_tips(self) -> None:
        senders = [self.wallet(10 * ETHER) for _ in range(4)]
        sent = [
            sender.send(self.node, gas=9_000_000, maxPriorityFeePerGas=(index + 1) * GWEI)
            for index, sender in enumerate(senders)
        ]
        self.node.mine()
        block = self.node.call("eth_getBlockByNumber", "latest")
        self.assertEqual(list(reversed(sent[1:])), block["transactions"])
        self.node.mine()
        self.assertEqual("0x1", self.node.receipt(sent[0])["status"])
