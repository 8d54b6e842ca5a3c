"""The contracts that lie, and the one that pays from inside a call."""

from devchain.tests.node import TRANSFER, ChainTest, Wallet, payload, topic


class ContractTests(ChainTest):
    def mint(self, token: str, to: str, amount: int) -> dict:
        sent = self.node.call("dev_mint", [{"token": token, "to": to, "amount": amount}])[0]
        self.node.mine()
        return self.node.receipt(sent)

    def transfers(self, receipt: dict) -> list[tuple[str, str, int]]:
        for log in receipt["logs"]:
            self.assertEqual((TRANSFER, 3), (log["topics"][0], len(log["topics"])))
        return [
            (log["address"], log["topics"][2], int(log["data"], 16)) for log in receipt["logs"]
        ]

    def address(self, name: str) -> str:
        return self.node.contracts[name].lower()

    def test_plain_tokens(self) -> None:
        for token, decimals in (("USDC", 6), ("BTC", 8)):
            call = {"to": self.address(token), "data": payload("decimals()")}
            self.assertEqual(decimals, int(self.node.call("eth_call", call), 16))
            holder, other = self.wallet(), Wallet().address
            receipt = self.mint(token, holder.address, 100)
            self.assertEqual(
                [(self.address(token), topic(holder.address), 100)], self.transfers(receipt)
            )
            sent = holder.send(
                self.node,
                to=self.address(token),
                value=0,
                gas=100_000,
                data=payload("transfer(address,uint256)", other, 30),
            )
            self.node.mine()
            self.assertEqual(
                [(self.address(token), topic(other), 30)], self.transfers(self.node.receipt(sent))
            )
            self.assertEqual(70, self.node.token_balance(token, holder.address))
            self.assertEqual(30, self.node.token_balance(token, other))

    def test_fee_token_says_more_than_arrives(self) -> None:
        receiver = Wallet().address
        receipt = self.mint("FEE", receiver, 1_000)
        self.assertEqual([(self.address("FEE"), topic(receiver), 1_000)], self.transfers(receipt))
        self.assertEqual(990, self.node.token_balance("FEE", receiver))

    def test_false_token_says_nothing_and_does_nothing(self) -> None:
        receiver = Wallet().address
        receipt = self.mint("FALSE", receiver, 1_000)
        self.assertEqual(("0x1", []), (receipt["status"], receipt["logs"]))
        self.assertEqual(0, self.node.token_balance("FALSE", receiver))

    def test_forger_logs_what_never_was(self) -> None:
        receiver = Wallet().address
        receipt = self.mint("FORGER", receiver, 1_000)
        self.assertEqual(
            [(self.address("FORGER"), topic(receiver), 1_000)], self.transfers(receipt)
        )
        for token in ("USDC", "BTC", "FEE"):
            self.assertEqual(0, self.node.token_balance(token, receiver))

    def test_forwarder_pays_from_inside(self) -> None:
        receiver = Wallet().address
        sent = self.node.call("dev_pay", {"address": receiver, "wei": "12345"})
        self.node.mine()
        receipt = self.node.receipt(sent)
        self.assertEqual(("0x1", []), (receipt["status"], receipt["logs"]))
        self.assertEqual(self.address("FORWARDER"), receipt["to"])
        self.assertEqual(12_345, self.node.balance(receiver))
        self.assertEqual(0, self.node.balance(self.address("FORWARDER")))

    def test_the_faucet_sends_anything(self) -> None:
        # Init code of a contract that does nothing, with 5 wei for it.
        made = self.node.call("dev_send", {"data": "0x6000600c60003960006000f3", "wei": "5"})
        self.node.mine()
        contract = self.node.receipt(made)["contractAddress"]
        sent = self.node.call("dev_send", {"to": contract, "wei": 7, "gas": 30_000})
        self.node.mine()
        self.assertEqual(
            ("0x1", 12), (self.node.receipt(sent)["status"], self.node.balance(contract))
        )

    def test_forwarder_sends_twice(self) -> None:
        receiver = Wallet().address
        self.mint("USDC", self.address("FORWARDER"), 100)
        sent = self.node.call(
            "dev_sendTwice", {"token": "USDC", "to": receiver, "first": 7, "second": 5}
        )
        other = self.node.call("dev_mint", [{"token": "USDC", "to": receiver, "amount": 1}])[0]
        self.node.mine()
        receipt = self.node.receipt(sent)
        usdc = self.address("USDC")
        self.assertEqual(
            [(usdc, topic(receiver), 7), (usdc, topic(receiver), 5)], self.transfers(receipt)
        )
        self.assertEqual(["0x0", "0x1"], [log["logIndex"] for log in receipt["logs"]])
        self.assertEqual("0x2", self.node.receipt(other)["logs"][0]["logIndex"])
        self.assertEqual(13, self.node.token_balance("USDC", receiver))

    def test_forwarder_without_tokens_reverts_whole(self) -> None:
        receiver = Wallet().address
        sent = self.node.call(
            "dev_sendTwice", {"token": "BTC", "to": receiver, "first": 0, "second": 5}
        )
        self.node.mine()
        receipt = self.node.receipt(sent)
        self.assertEqual(("0x0", []), (receipt["status"], receipt["logs"]))

    def test_moody_takes_payments_as_told(self) -> None:
        holder, moody = self.wallet(), self.address("MOODY")
        self.mint("MOODY", holder.address, 1_000)
        # Mood: the status, logs, what moved, and whether it took more than a plain one.
        expected = {
            0: ("0x1", 1, 10, False),
            1: ("0x0", 0, 0, False),
            2: ("0x1", 0, 0, False),
            3: ("0x1", 0, 0, False),
            4: ("0x1", 0, 10, False),
            5: ("0x1", 1, 10, True),
        }
        for mood, (status, logs, moved, is_hungry) in expected.items():
            told = {"to": moody, "value": 0, "gas": 100_000}
            holder.send(self.node, **told, data=payload("set_mood(uint256)", mood))
            self.node.mine()
            receiver = Wallet().address
            call = told | {
                "gas": 2_000_000, "data": payload("transfer(address,uint256)", receiver, 10)
            }
            if mood in (0, 2, 3):
                answer = self.node.call(
                    "eth_call", {"from": holder.address, "to": moody, "data": call["data"]}
                )
                self.assertEqual(mood != 2, bool(int(answer, 16)))
            sent = holder.send(self.node, **call)
            coins = holder.send(self.node, to=moody, value=7, gas=2_000_000)
            self.node.mine()
            receipt = self.node.receipt(sent)
            self.assertEqual((status, logs), (receipt["status"], len(receipt["logs"])), mood)
            self.assertEqual(moved, self.node.token_balance("MOODY", receiver), mood)
            self.assertEqual(is_hungry, int(receipt["gasUsed"], 16) > 500_000, mood)
            self.assertEqual(
                "0x0" if mood == 1 else "0x1", self.node.receipt(coins)["status"], mood
            )
