"""Coins and tokens for whoever needs them: the contracts of the chain and the key that owns all."""

import pathlib
from typing import Any

import rlp
from eth_account import Account
from eth_utils import keccak, to_checksum_address

from devchain.chain import FAUCET, Chain, data, unhex

# By name: the source, and the constructor's one number if it has one. Deployed in this order, so
# their addresses are the same on every chain.
CONTRACTS: list[tuple[str, str, int | None]] = [
    ("USDC", "Token", 6),
    ("BTC", "Token", 8),
    ("FEE", "FeeToken", None),
    ("FALSE", "FalseToken", None),
    ("FORGER", "Forger", None),
    ("FORWARDER", "Forwarder", None),
    ("MOODY", "MoodyToken", None),
]
# All contracts fit into one block.
DEPLOY_GAS = 4_000_000
FEE = 100 * 10**9
TIP = 10**9


def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


def word(value: int | str) -> bytes:
    """A number, or an address, as the EVM's 32 bytes."""
    return unhex(value).rjust(32, b"\0") if isinstance(value, str) else value.to_bytes(32, "big")


class Faucet:
    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.address = FAUCET.public_key.to_canonical_address()
        self.contracts: dict[str, str] = {}
        if len(chain.blocks) == 1:
            self._deploy()
        for index, (name, _, _) in enumerate(CONTRACTS):
            place = keccak(rlp.encode([self.address, index]))[-20:]
            self.contracts[name] = to_checksum_address(place)

    def _deploy(self) -> None:
        # Slow to load, and not needed where the contracts are there.
        import vyper

        folder = pathlib.Path(__file__).parent / "contracts"
        codes: dict[str, bytes] = {}
        # A kill while the first ones were sent leaves them waiting.
        sent = self.chain.pool.pending_nonce(self.address, 0)
        for _, source, argument in CONTRACTS[sent:]:
            if source not in codes:
                text = (folder / f"{source}.vy").read_text()
                compiled = vyper.compile_code(text, output_formats=["bytecode"])
                codes[source] = unhex(compiled["bytecode"])
            tail = b"" if argument is None else word(argument)
            self._send(None, 0, codes[source] + tail, DEPLOY_GAS)
        self.chain.mine()

    def _send(self, to: str | None, value: int, payload: bytes, gas: int) -> str:
        nonce = self.chain.vm(self.chain.head).state.get_nonce(self.address)
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self.chain.chain_id,
            "nonce": self.chain.pool.pending_nonce(self.address, nonce),
            "value": value,
            "gas": gas,
            "maxFeePerGas": max(FEE, 2 * self.chain.following(self.chain.head).base_fee_per_gas),
            "maxPriorityFeePerGas": TIP,
            "data": data(payload),
        }
        if to is not None:
            fields["to"] = to_checksum_address(unhex(to))
        signed = Account.sign_transaction(fields, FAUCET.to_bytes())
        return data(self.chain.send(bytes(signed.raw_transaction)))

    def _contract(self, name: str) -> str:
        return self.contracts.get(name, name)

    def fund(self, payments: list[dict[str, Any]]) -> list[str]:
        """[{address, wei}]: one transaction each, waiting to be mined; their hashes."""
        return [self._send(p["address"], int(p["wei"]), b"", 21_000) for p in payments]

    def mint(self, payments: list[dict[str, Any]]) -> list[str]:
        """[{token, to, amount}]: the token by name or address."""
        call = selector("mint(address,uint256)")
        return [
            self._send(
                self._contract(p["token"]),
                0,
                call + word(p["to"]) + word(int(p["amount"])),
                120_000,
            )
            for p in payments
        ]

    def pay(self, payment: dict[str, Any]) -> str:
        """{address, wei} from inside a call: an internal transfer."""
        payload = selector("pay(address)") + word(payment["address"])
        return self._send(self.contracts["FORWARDER"], int(payment["wei"]), payload, 120_000)

    def send(self, transaction: dict[str, Any]) -> str:
        """{to, wei, data, gas}: any transaction; without `to` it makes a contract."""
        payload = unhex(transaction.get("data", "0x"))
        wei, gas = int(transaction.get("wei", 0)), transaction.get("gas", 1_000_000)
        return self._send(transaction.get("to"), wei, payload, gas)

    def send_twice(self, payment: dict[str, Any]) -> str:
        """{token, to, first, second}: two transfers of a token in one transaction. The forwarder
        pays them from its own balance: mint to it before."""
        payload = selector("send_twice(address,address,uint256,uint256)")
        payload += word(self._contract(payment["token"])) + word(payment["to"])
        payload += word(int(payment["first"])) + word(int(payment["second"]))
        return self._send(self.contracts["FORWARDER"], 0, payload, 250_000)

