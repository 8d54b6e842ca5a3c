"""Traces: the calls inside a transaction, with what each of them moved."""

from devchain.tests.node import ChainTest, Wallet, payload

HOW = {"tracer": "callTracer"}


def deploying(code: str) -> str:
    """Init code that returns `code`, at most 255 bytes of it."""
    return f"0x60{len(code) // 2:02x}600c60003960{len(code) // 2:02x}6000f3" + code


def push(address: str) -> str:
    return "73" + address[2:]


class TraceTests(ChainTest):
    arguments = ("--traces",)

    def trace(self, transaction: str) -> dict:
        return self.node.call("debug_traceTransaction", transaction, HOW)

    def deploy(self, code: str) -> str:
        sender = self.wallet()
        sent = sender.send(self.node, to=None, value=0, gas=500_000, data=deploying(code))
        self.node.mine()
        return self.node.receipt(sent)["contractAddress"]

    def call(self, to: str, value: int = 0, data: str = "0x") -> dict:
        sent = self.wallet().send(self.node, to=to, value=value, gas=300_000, data=data)
        self.node.mine()
        told = self.trace(sent)
        self.assertEqual(self.node.receipt(sent)["gasUsed"], told["gasUsed"])
        return told

    def check_calls(self, expected: list[tuple], told: dict) -> None:
        """(type, from, to, value or None) of each call."""
        self.assertEqual(
            expected,
            [
                (each["type"], each["from"], each["to"],
                 int(each["value"], 16) if "value" in each else None)
                for each in told.get("calls", [])
            ],
        )  # fmt: skip

    def test_plain_payment(self) -> None:
        sender = self.wallet()
        sent = sender.send(self.node, value=5)
        self.node.mine()
        self.assertEqual(
            {"type": "CALL", "from": sender.address, "to": "0x" + "be" * 20, "value": "0x5",
             "gas": "0x5208", "gasUsed": "0x5208", "input": "0x", "output": "0x"},
            self.trace(sent),
        )  # fmt: skip

    def test_forwarder(self) -> None:
        receiver, forwarder = Wallet().address, self.node.contracts["FORWARDER"].lower()
        # Two in a block: the second meets what the first left.
        sent = [self.node.call("dev_pay", {"address": receiver, "wei": n}) for n in (7, 8)]
        self.node.mine()
        for transaction, wei in zip(sent, (7, 8)):
            told = self.trace(transaction)
            self.assertEqual(
                ("CALL", forwarder, hex(wei)), (told["type"], told["to"], told["value"])
            )
            self.check_calls([("CALL", forwarder, receiver, wei)], told)
            self.assertEqual(self.node.receipt(transaction)["gasUsed"], told["gasUsed"])

    def test_tokens(self) -> None:
        usdc, forwarder = (self.node.contracts[n].lower() for n in ("USDC", "FORWARDER"))
        receiver = Wallet().address
        self.node.call("dev_mint", [{"token": "USDC", "to": forwarder, "amount": 9}])
        sent = self.node.call(
            "dev_sendTwice", {"token": "USDC", "to": receiver, "first": 7, "second": 2}
        )
        self.node.mine()
        told = self.trace(sent)
        self.check_calls([("CALL", forwarder, usdc, 0)] * 2, told)
        inputs = [payload("transfer(address,uint256)", receiver, amount) for amount in (7, 2)]
        self.assertEqual(inputs, [each["input"] for each in told["calls"]])

    def test_creation(self) -> None:
        sender = self.wallet()
        sent = sender.send(self.node, to=None, value=3, gas=100_000, data=deploying("00"))
        self.node.mine()
        told = self.trace(sent)
        self.assertEqual(
            ("CREATE", sender.address, self.node.receipt(sent)["contractAddress"], "0x3", "0x00"),
            tuple(told[key] for key in ("type", "from", "to", "value", "output")),
        )

    def test_kinds_of_calls(self) -> None:
        target = self.deploy("00")
        tail = "5af1" + "50"
        code = (
            "6000600060006000600b" + push(target) + tail  # CALL with 11 wei
            + "6000600060006000" + push(target) + "5afa50"  # STATICCALL
            + "6000600060006000" + push(target) + "5af450"  # DELEGATECALL
            + "6000600060006000600c" + push(target) + "5af250"  # CALLCODE with 12
            + "60006000600df050"  # CREATE with 13
            + "600560006000600ef550"  # CREATE2 with 14
        )  # fmt: skip
        contract = self.deploy(code)
        told = self.call(contract, value=100)
        self.assertNotIn("error", told)
        created = [each["to"] for each in told["calls"][4:]]
        self.check_calls(
            [
                ("CALL", contract, target, 11),
                ("STATICCALL", contract, target, None),
                ("DELEGATECALL", contract, target, 100),
                ("CALLCODE", contract, target, 12),
                ("CREATE", contract, created[0], 13),
                ("CREATE2", contract, created[1], 14),
            ],
            told,
        )
        self.assertEqual([13, 14], [self.node.balance(each) for each in created])
        self.assertEqual(100 - 11 - 13 - 14, self.node.balance(contract))

    def test_selfdestruct(self) -> None:
        receiver = Wallet().address
        contract = self.deploy(push(receiver) + "ff")
        told = self.call(contract, value=21)
        self.check_calls([("SELFDESTRUCT", contract, receiver, 21)], told)
        self.assertEqual(21, self.node.balance(receiver))
        inner = self.deploy("6000600060006000600b" + push(contract) + "5af1")
        told = self.call(inner, value=11)
        self.check_calls([("CALL", inner, contract, 11)], told)
        self.check_calls([("SELFDESTRUCT", contract, receiver, 11)], told["calls"][0])
        self.assertEqual(32, self.node.balance(receiver))

    def test_failed_calls_are_told_as_failed(self) -> None:
        receiver = Wallet().address
        # Pays the receiver and reverts; the one around it goes on.
        pays = "6000600060006000600b" + push(receiver) + "5af1"
        reverts = self.deploy(pays + "60006000fd")
        around = self.deploy("6000600060006000600b" + push(reverts) + "5af1")
        told = self.call(around, value=11)
        self.assertNotIn("error", told)
        failed = told["calls"][0]
        self.assertEqual("execution reverted", failed["error"])
        self.check_calls([("CALL", reverts, receiver, 11)], failed)
        self.assertEqual(0, self.node.balance(receiver))
        told = self.call(
            self.node.contracts["USDC"], data=payload("mint(address,uint256)", receiver, 1)
        )
        self.assertEqual("execution reverted", told["error"])
        burns = self.deploy("5b600056")
        self.assertEqual("out of gas", self.call(burns)["error"])

    def test_after_a_fee_spike_and_a_reorganisation(self) -> None:
        receiver, forwarder = Wallet().address, self.node.contracts["FORWARDER"].lower()
        self.node.call("dev_setBaseFee", 300 * 10**9)
        sent = self.node.call("dev_pay", {"address": receiver, "wei": 9})
        self.node.mine()
        spiked = self.trace(sent)
        self.check_calls([("CALL", forwarder, receiver, 9)], spiked)
        self.node.call("dev_reorg", {"depth": 1})
        self.assertEqual(spiked, self.trace(sent))

    def test_a_block_is_the_traces_of_its_transactions(self) -> None:
        receiver, sender = Wallet().address, self.wallet()
        sent = [self.node.call("dev_pay", {"address": receiver, "wei": n}) for n in (7, 8)]
        sent.append(sender.send(self.node, value=5))
        (block,) = self.node.mine()
        order = self.node.call("eth_getBlockByHash", block, False)["transactions"]
        self.assertEqual(set(sent), set(order))
        expected = [{"txHash": each, "result": self.trace(each)} for each in order]
        self.assertEqual(expected, self.node.call("debug_traceBlockByHash", block, HOW))
        self.node.call("dev_reorg", {"depth": 1})
        self.assertEqual(expected, self.node.call("debug_traceBlockByHash", block, HOW))
        (empty,) = self.node.mine()
        self.assertEqual([], self.node.call("debug_traceBlockByHash", empty, HOW))

    def test_refusals(self) -> None:
        nowhere = "0x" + "11" * 32
        self.check_refused(f"block {nowhere} not found", "debug_traceBlockByHash", nowhere, HOW)
        genesis = self.node.call("eth_getBlockByNumber", "0x0", False)["hash"]
        self.check_refused("genesis is not traceable", "debug_traceBlockByHash", genesis, HOW)
        self.check_refused(
            "only the callTracer", "debug_traceBlockByHash", genesis, {}, code=-32602
        )
        waits = self.wallet().send(self.node)
        for unknown in (waits, "0x" + "11" * 32):
            self.check_refused("transaction not found", "debug_traceTransaction", unknown, HOW)
        for how in ([], [{}], [{"tracer": "prestateTracer"}]):
            self.check_refused(
                "only the callTracer", "debug_traceTransaction", waits, *how, code=-32602
            )
