"""The methods of a node: the shape of each answer, and what geth says where there is none."""

import json
import pathlib

import rlp
from eth_utils import keccak

from devchain.tests.node import ETHER, GWEI, TRANSFER, ChainTest, Wallet, payload, topic

NOBODY = "0x" + "11" * 20
NOWHERE = "0x" + "11" * 32
BLOCK = {
    "number", "hash", "parentHash", "timestamp", "gasLimit", "gasUsed", "baseFeePerGas",
    "logsBloom", "stateRoot", "receiptsRoot", "transactionsRoot", "miner", "mixHash", "extraData",
    "difficulty", "transactions", "sha3Uncles", "nonce", "withdrawalsRoot", "blobGasUsed",
    "excessBlobGas", "parentBeaconBlockRoot",
}  # fmt: skip
TRANSACTION = {
    "hash", "from", "to", "nonce", "value", "gas", "gasPrice", "maxFeePerGas",
    "maxPriorityFeePerGas", "input", "type", "chainId", "v", "r", "s", "blockHash", "blockNumber",
    "transactionIndex", "accessList",
}  # fmt: skip
RECEIPT = {
    "transactionHash", "transactionIndex", "blockHash", "blockNumber", "from", "to", "status",
    "cumulativeGasUsed", "gasUsed", "effectiveGasPrice", "type", "logsBloom", "logs",
    "contractAddress",
}  # fmt: skip


class NodeTests(ChainTest):
    def test_first_line_of_output(self) -> None:
        ready = self.node.ready
        self.assertEqual({"url", "chain_id", "genesis_hash", "faucet", "contracts"}, set(ready))
        genesis = self.node.call("eth_getBlockByNumber", "earliest")
        self.assertEqual(ready["genesis_hash"], genesis["hash"])
        for address in ready["contracts"].values():
            self.assertGreater(len(self.node.call("eth_getCode", address)), 2)
        self.assertEqual("0x", self.node.call("eth_getCode", NOBODY))

    def test_a_blocks_hash_is_of_what_it_shows(self) -> None:
        self.wallet()
        block = self.node.call("eth_getBlockByNumber", "latest", True)
        # By name: bytes as they are, and numbers without leading zeros.
        texts = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas",
                 "blobGasUsed", "excessBlobGas"}  # fmt: skip
        order = [
            "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot",
            "logsBloom", "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData",
            "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas",
            "parentBeaconBlockRoot",
        ]  # fmt: skip
        fields = [
            int(block[name], 16) if name in texts else bytes.fromhex(block[name][2:])
            for name in order
        ]
        self.assertEqual(block["hash"], "0x" + keccak(rlp.encode(fields)).hex())
        transaction = block["transactions"][0]["hash"]
        raw = self.node.call("eth_getRawTransactionByHash", transaction)
        self.assertEqual(transaction, "0x" + keccak(bytes.fromhex(raw[2:])).hex())
        self.assertIsNone(self.node.call("eth_getRawTransactionByHash", NOWHERE))

    def test_simple_ones(self) -> None:
        for method, answer in [
            ("web3_clientVersion", "uncross-devchain/py-evm"),
            ("net_version", "31337"),
            ("eth_chainId", "0x7a69"),
            ("eth_syncing", False),
            ("eth_maxPriorityFeePerGas", hex(GWEI)),
        ]:
            self.assertEqual(answer, self.node.call(method))

    def test_block_by_number_tag_and_hash(self) -> None:
        wallet = self.wallet()
        transaction = wallet.send(self.node)
        block_hash = self.node.mine()[0]
        self.node.mine(2)
        block = self.node.call("eth_getBlockByHash", block_hash)
        self.assertEqual(BLOCK, set(block))
        self.assertEqual([transaction], block["transactions"])
        self.assertEqual(block, self.node.call("eth_getBlockByNumber", block["number"], False))
        full = self.node.call("eth_getBlockByHash", block_hash, True)
        self.assertEqual(block | {"transactions": full["transactions"]}, full)
        self.assertEqual(TRANSACTION, set(full["transactions"][0]))
        self.assertEqual(
            full["transactions"][0], self.node.call("eth_getTransactionByHash", transaction)
        )
        head = self.node.height()
        for tag, height in [
            ("latest", head),
            ("pending", head),
            ("earliest", 0),
            ("safe", max(0, head - 4)),
            ("finalized", max(0, head - 8)),
            (hex(head), head),
        ]:
            self.assertEqual(hex(height), self.node.call("eth_getBlockByNumber", tag)["number"])
        for method, which in [
            ("eth_getBlockByNumber", hex(head + 1)),
            ("eth_getBlockByHash", NOWHERE),
            ("eth_getBlockReceipts", hex(head + 1)),
            ("eth_getBlockReceipts", NOWHERE),
            ("eth_getTransactionByHash", NOWHERE),
            ("eth_getTransactionReceipt", NOWHERE),
        ]:
            self.assertIsNone(self.node.call(method, which))

    def test_chain_links_and_grows_older(self) -> None:
        self.node.mine(3)
        blocks = [
            self.node.call("eth_getBlockByNumber", hex(height))
            for height in range(self.node.height() + 1)
        ]
        self.assertEqual(len(blocks), len({block["hash"] for block in blocks}))
        for parent, block in zip(blocks, blocks[1:]):
            self.assertEqual(parent["hash"], block["parentHash"])
            self.assertEqual(int(parent["timestamp"], 16) + 12, int(block["timestamp"], 16))

    def test_receipts(self) -> None:
        sender, other = self.wallet(), self.wallet()
        mints = self.node.call(
            "dev_mint", [{"token": "USDC", "to": other.address, "amount": n} for n in (1, 2, 3)]
        )
        plain = sender.send(self.node, maxPriorityFeePerGas=7 * GWEI)
        failed = other.send(
            self.node,
            to=self.node.contracts["USDC"],
            data=payload("transfer(address,uint256)", sender.address, 10**30),
            gas=100_000,
        )
        made = sender.send(self.node, to=None, value=0, data="0x00", gas=60_000)
        block_hash = self.node.mine()[0]
        block = self.node.call("eth_getBlockByHash", block_hash)
        receipts = self.node.call("eth_getBlockReceipts", block["number"])
        self.assertEqual(receipts, self.node.call("eth_getBlockReceipts", block_hash))
        self.assertEqual(
            receipts, self.node.call("eth_getBlockReceipts", {"blockHash": block_hash})
        )
        self.assertEqual(block["transactions"], [each["transactionHash"] for each in receipts])
        self.assertEqual(receipts, [self.node.receipt(each) for each in block["transactions"]])
        logs = [log for receipt in receipts for log in receipt["logs"]]
        self.assertEqual(list(range(len(mints))), [int(log["logIndex"], 16) for log in logs])
        bloom = used = 0
        for index, receipt in enumerate(receipts):
            self.assertEqual(RECEIPT, set(receipt))
            self.assertEqual(hex(index), receipt["transactionIndex"])
            self.assertEqual(
                (block_hash, block["number"]), (receipt["blockHash"], receipt["blockNumber"])
            )
            used += int(receipt["gasUsed"], 16)
            self.assertEqual(used, int(receipt["cumulativeGasUsed"], 16))
            bloom |= int(receipt["logsBloom"], 16)
            for log in receipt["logs"]:
                self.assertEqual(receipt["transactionHash"], log["transactionHash"])
        self.assertEqual((used, bloom), (int(block["gasUsed"], 16), int(block["logsBloom"], 16)))
        self.assertEqual("0x0", self.node.receipt(failed)["status"])
        self.assertEqual([], self.node.receipt(failed)["logs"])
        nonce = rlp.encode([bytes.fromhex(sender.address[2:]), 1])
        self.assertEqual(
            "0x" + keccak(nonce)[-20:].hex(), self.node.receipt(made)["contractAddress"]
        )
        self.assertIsNone(self.node.receipt(made)["to"])
        price = int(block["baseFeePerGas"], 16) + 7 * GWEI
        self.assertEqual(hex(price), self.node.receipt(plain)["effectiveGasPrice"])
        # A mined transaction's price is the one it paid, not the one it offered.
        self.assertEqual(
            hex(price), self.node.call("eth_getTransactionByHash", plain)["gasPrice"]
        )
        self.assertEqual("0x0", receipts[0]["transactionIndex"])
        self.assertEqual(plain, receipts[0]["transactionHash"], "the best tip is mined first")

    def test_legacy_transaction(self) -> None:
        sender = self.wallet()
        transaction = sender.send(self.node, gasPrice=20 * GWEI)
        self.node.mine()
        receipt = self.node.receipt(transaction)
        self.assertEqual(("0x1", "0x0", hex(20 * GWEI)), tuple(
            receipt[key] for key in ("status", "type", "effectiveGasPrice")
        ))  # fmt: skip

    def test_waiting_transaction(self) -> None:
        sender = self.wallet()
        transaction = sender.send(self.node)
        view = self.node.call("eth_getTransactionByHash", transaction)
        self.assertEqual(TRANSACTION, set(view))
        self.assertEqual(
            [None] * 3, [view[k] for k in ("blockHash", "blockNumber", "transactionIndex")]
        )
        self.assertEqual(sender.address, view["from"])
        self.assertIsNone(self.node.receipt(transaction))
        self.assertEqual("0x0", self.node.call("eth_getTransactionCount", sender.address))
        self.assertEqual(
            "0x1", self.node.call("eth_getTransactionCount", sender.address, "pending")
        )
        self.node.mine()
        self.assertEqual("0x1", self.node.call("eth_getTransactionCount", sender.address, "latest"))

    def test_logs(self) -> None:
        one, two = Wallet().address, Wallet().address
        low = self.node.height() + 1
        self.node.call("dev_mint", [{"token": "USDC", "to": one, "amount": 5}])
        self.node.mine()
        self.node.call(
            "dev_mint",
            [{"token": "BTC", "to": two, "amount": 6}, {"token": "USDC", "to": two, "amount": 7}],
        )
        block_hash = self.node.mine()[0]
        head = self.node.height()
        usdc, btc = (self.node.contracts[name].lower() for name in ("USDC", "BTC"))
        both = {"fromBlock": hex(low), "toBlock": hex(head)}
        found = self.node.call("eth_getLogs", both)
        self.assertEqual([(usdc, 5), (btc, 6), (usdc, 7)], amounts(found))
        self.assertEqual(["0x0", "0x0", "0x1"], [log["logIndex"] for log in found])
        self.assertEqual(
            {"address", "topics", "data", "blockNumber", "blockHash", "transactionHash",
             "transactionIndex", "logIndex", "removed"},
            set(found[0]),
        )  # fmt: skip
        for query, expected in [
            ({"blockHash": block_hash}, found[1:]),
            ({}, found[1:]),
            ({"fromBlock": hex(low)}, found),
            ({"fromBlock": hex(low), "toBlock": "latest"}, found),
            ({"fromBlock": hex(low), "toBlock": hex(head + 50)}, found),
            (both | {"address": self.node.contracts["USDC"]}, [found[0], found[2]]),
            (both | {"address": [usdc, btc]}, found),
            (both | {"address": []}, found),
            (both | {"address": NOBODY}, []),
            (both | {"topics": [TRANSFER]}, found),
            (both | {"topics": [TRANSFER, None, topic(two)]}, found[1:]),
            (both | {"topics": [None, None, [topic(one), topic(two)]]}, found),
            (both | {"topics": [[], [], topic(one)]}, found[:1]),
            (both | {"topics": [[None, NOWHERE]]}, found),
            (both | {"topics": [NOWHERE]}, []),
            (both | {"topics": [TRANSFER, None, None]}, found),
            (both | {"topics": [TRANSFER, None, None, None]}, []),
            ({"fromBlock": hex(head + 1), "toBlock": hex(head + 9)}, []),
            ({"fromBlock": hex(head + 1)}, []),
        ]:
            with self.subTest(query=query):
                self.assertEqual(expected, self.node.call("eth_getLogs", query))
        self.check_refused("unknown block", "eth_getLogs", {"blockHash": NOWHERE})
        self.check_refused(
            "invalid block range params",
            "eth_getLogs",
            {"fromBlock": hex(head), "toBlock": hex(head - 1)},
            code=-32602,
        )

    def test_range_limits(self) -> None:
        self.node.mine(3)
        head = self.node.height()
        fits = {"fromBlock": hex(head - 1), "toBlock": hex(head)}
        long = {"fromBlock": hex(head - 2), "toBlock": hex(head)}
        for shape, code, words in [
            ("geth", -32602, "query exceeds max block range 2"),
            ("infura", -32005, "query returned more than 2 results"),
            ("alchemy", -32602, "Log response size exceeded"),
            ("generic", -32000, "block range is too wide"),
        ]:
            self.node.call("dev_options", {"logs_range": 2, "range_error": shape})
            self.check_refused(words, "eth_getLogs", long, code=code)
            self.assertEqual([], self.node.call("eth_getLogs", fits))

    def test_state_at_number_tag_and_hash(self) -> None:
        address = Wallet().address
        before = self.node.height()
        self.node.call("dev_fund", [{"address": address, "wei": 5}])
        self.node.call("dev_mint", [{"token": "USDC", "to": address, "amount": 6}])
        block_hash = self.node.mine()[0]
        self.node.call("dev_fund", [{"address": address, "wei": 10}])
        self.node.call("dev_mint", [{"token": "USDC", "to": address, "amount": 10}])
        self.node.mine()
        for tag, wei, amount in [
            (hex(before), 0, 0),
            (hex(before + 1), 5, 6),
            ({"blockHash": block_hash}, 5, 6),
            ({"blockNumber": hex(before + 1)}, 5, 6),
            ("latest", 15, 16),
            ("pending", 15, 16),
            ("earliest", 0, None),
        ]:
            self.assertEqual(wei, self.node.balance(address, tag))
            if amount is not None:
                self.assertEqual(amount, self.node.token_balance("USDC", address, tag))
        self.assertEqual(
            "0x", self.node.call("eth_getCode", self.node.contracts["USDC"], "earliest")
        )
        for tag in (hex(before + 9), {"blockHash": NOWHERE}):
            self.check_refused("header not found", "eth_getBalance", address, tag)
            self.check_refused("header not found", "eth_call", {"to": address}, tag)
            self.check_refused("header not found", "eth_getTransactionCount", address, tag)

    def test_calls_and_estimates(self) -> None:
        usdc = self.node.contracts["USDC"]
        call = {"to": usdc, "data": payload("decimals()")}
        self.assertEqual(6, int(self.node.call("eth_call", call), 16))
        self.assertEqual(
            6, int(self.node.call("eth_call", {"to": usdc, "input": call["data"]}), 16)
        )
        self.assertEqual("0x", self.node.call("eth_call", {"to": NOBODY}))
        bad = {"to": usdc, "data": payload("mint(address,uint256)", NOBODY, 1)}
        for method in ("eth_call", "eth_estimateGas"):
            self.assertEqual(
                "0x", self.check_refused("execution reverted", method, bad, code=3).data
            )
        plain = {"from": self.node.ready["faucet"], "to": NOBODY, "value": "0x1"}
        self.assertEqual("0x5208", self.node.call("eth_estimateGas", plain))
        mint = bad | {"from": self.node.ready["faucet"]}
        enough = int(self.node.call("eth_estimateGas", mint), 16)
        transaction = self.node.call("dev_mint", [{"token": "USDC", "to": NOBODY, "amount": 1}])[0]
        self.node.mine()
        self.assertLessEqual(int(self.node.receipt(transaction)["gasUsed"], 16), enough)

    def test_fees(self) -> None:
        self.wallet().send(self.node, maxPriorityFeePerGas=3 * GWEI)
        self.node.mine()
        head = self.node.height()
        history = self.node.call("eth_feeHistory", "0x3", "latest", [0, 50, 100])
        self.assertEqual(hex(head - 2), history["oldestBlock"])
        self.assertEqual(
            [4, 3, 3], [len(history[k]) for k in ("baseFeePerGas", "gasUsedRatio", "reward")]
        )
        self.assertEqual([hex(3 * GWEI)] * 3, history["reward"][-1])
        self.node.mine()
        block = self.node.call("eth_getBlockByNumber", "latest")
        self.assertEqual(history["baseFeePerGas"][-1], block["baseFeePerGas"], "the next block's")
        price = int(self.node.call("eth_gasPrice"), 16)
        self.assertLess(GWEI, price)
        self.assertEqual(1 + head + 1, len(
            self.node.call("eth_feeHistory", 1000, "latest")["gasUsedRatio"]
        ))  # fmt: skip

    def test_base_fee_on_request(self) -> None:
        patient, eager = self.wallet(), self.wallet(10 * ETHER)
        fee = 400 * GWEI
        self.assertTrue(self.node.call("dev_setBaseFee", str(fee)))
        self.assertEqual(hex(fee + GWEI), self.node.call("eth_gasPrice"))
        self.assertEqual(
            hex(fee), self.node.call("eth_feeHistory", 1, "latest")["baseFeePerGas"][-1]
        )
        waits = patient.send(self.node, maxFeePerGas=fee - 1)
        goes = eager.send(self.node, maxFeePerGas=fee + GWEI)
        funded = self.node.call("dev_fund", [{"address": NOBODY, "wei": 1}])[0]
        block_hash = self.node.mine()[0]
        block = self.node.call("eth_getBlockByHash", block_hash)
        self.assertEqual(hex(fee), block["baseFeePerGas"])
        self.assertEqual(
            {goes, funded}, set(block["transactions"]), "the faucet pays what it costs"
        )
        self.assertEqual(hex(fee + GWEI), self.node.receipt(goes)["effectiveGasPrice"])
        self.node.mine()
        after = self.node.call("eth_getBlockByNumber", "latest")
        self.assertLess(int(after["baseFeePerGas"], 16), fee)
        self.assertEqual([waits], after["transactions"], "it falls again, and what waited is mined")
        self.node.call("dev_reorg", {"depth": 2, "blocks": 2})
        other = self.node.call("eth_getBlockByNumber", block["number"])
        self.assertLess(int(other["baseFeePerGas"], 16), fee, "a reorganisation does not repeat it")
        self.check_refused("a base fee of -1", "dev_setBaseFee", -1, code=-32602)

    def test_bad_parameters_are_answered(self) -> None:
        usdc = self.node.contracts["USDC"]
        for method, parameters in [
            ("eth_getBalance", ["0x12"]),
            ("eth_getBalance", ["0xzz"]),
            ("eth_getBalance", ["12"]),
            ("eth_getBalance", []),
            ("eth_getBlockByNumber", ["-0x1"]),
            ("eth_getBlockByNumber", ["1"]),
            ("eth_getBlockByNumber", ["0x"]),
            ("eth_getBlockByNumber", ["newest"]),
            ("eth_getBlockByNumber", [1]),
            ("eth_getBlockByHash", [None]),
            ("eth_getLogs", [{"blockHash": "0xz"}]),
            ("eth_call", [{"to": usdc, "value": "-0x1"}]),
            ("eth_feeHistory", [0, "latest"]),
            ("eth_feeHistory", ["0x0", "latest"]),
            ("dev_mint", [[{"token": "USDC", "to": NOBODY, "amount": 2**256}]]),
            ("dev_mint", [[{"token": "USDC", "to": NOBODY, "amount": -1}]]),
            ("dev_reorg", [{"depth": 1000}]),
            ("dev_reorg", [{"depth": -1}]),
            ("dev_reorg", [{}]),
            ("dev_options", [{"no_such": 1}]),
            ("dev_options", [{"range_error": "no_such"}]),
            ("dev_options", [{"batch_error": "no_such"}]),
            ("dev_options", [{"batch_error": None}]),
            ("dev_options", [{"batch_limit": 0}]),
            ("dev_options", [{"batch_limit": "1"}]),
            ("dev_options", [{"batch_limit": True}]),
            ("dev_setFault", [{"kind": "no_such"}]),
            ("dev_setFault", [{"kind": "drop", "times": 0}]),
            ("dev_setFault", [{"kind": "drop", "batch_from": 0}]),
            ("dev_setFault", [{"kind": "drop", "batch_from": "2"}]),
            ("evm_mine", ["0x1"]),
        ]:
            with self.subTest(method=method, parameters=parameters):
                self.check_refused("", method, *parameters, code=-32602)
        self.assertEqual(self.options, self.node.call("dev_options"))
        self.assertEqual(0, self.node.call("dev_faults"))
        self.check_refused("the method no_such does not exist", "no_such", code=-32601)
        for raw in ("0x", "0x12", "0x02", "0xc0", "0x02c0"):
            self.check_refused("rlp: ", "eth_sendRawTransaction", raw)

    def test_bad_requests_are_answered(self) -> None:
        self.assertEqual(400, self.node.post(b"{")[0])
        for body in (b"5", b'"x"', b"null", b'{"method": 5}', b"{}"):
            status, answer = self.node.post(body)
            self.assertEqual((200, -32600), (status, json.loads(answer)["error"]["code"]))
        status, answer = self.node.post(b'{"id": 1, "method": "eth_chainId", "params": {"a": 1}}')
        self.assertEqual((200, -32602), (status, json.loads(answer)["error"]["code"]))
        batch = [{"id": n, "method": "eth_chainId"} for n in (1, 2)] + [7]
        status, answer = self.node.post(json.dumps(batch).encode())
        self.assertEqual([1, 2, None], [each["id"] for each in json.loads(answer)])

    def test_no_traces_without_the_option(self) -> None:
        for method in ("debug_traceTransaction", "debug_traceBlockByHash"):
            self.check_refused(
                f"the method {method} does not exist",
                method,
                NOWHERE,
                {"tracer": "callTracer"},
                code=-32601,
            )

    def test_readme_names_every_method(self) -> None:
        folder = pathlib.Path(__file__).parent.parent
        readme = (folder / "README.md").read_text()
        for line in (folder / "methods.py").read_text().splitlines():
            if line.strip().startswith(('"eth_', '"dev_', '"evm_', '"web3_', '"net_')):
                name = line.split('"')[1]
                self.assertIn(f"`{name}", readme)


def amounts(logs: list[dict]) -> list[tuple[str, int]]:
    return [(log["address"], int(log["data"], 16)) for log in logs]
