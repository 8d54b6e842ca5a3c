"""Transactions that wait, by the rules of geth: what it refuses is refused here in its words."""

from typing import Any

from devchain.errors import RPCError

# Percent by which both fees must rise for a replacement.
BUMP = 10


def cost(transaction: Any) -> int:
    return transaction.value + transaction.gas * transaction.max_fee_per_gas


class Mempool:
    """Transactions by hash. Gaps wait; the best tip is mined first, by nonce for each sender."""

    def __init__(self) -> None:
        self.transactions: dict[bytes, Any] = {}
        # Never mined while they are here: a transaction that is stuck.
        self.held: set[bytes] = set()

    def check(self, transaction: Any, nonce: int, balance: int, gas_limit: int) -> None:
        """Raises what geth answers; `nonce` and `balance` are the sender's at the head."""
        if transaction.hash in self.transactions:
            raise RPCError("already known")
        if transaction.nonce < nonce:
            raise RPCError(f"nonce too low: next nonce {nonce}, tx nonce {transaction.nonce}")
        if transaction.gas > gas_limit:
            raise RPCError("exceeds block gas limit")
        if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas:
            raise RPCError("max priority fee per gas higher than max fee per gas")
        if transaction.gas < transaction.intrinsic_gas:
            raise RPCError(f"intrinsic gas too low: gas {transaction.gas}")
        # All that the sender has waiting must be covered; the one that is replaced is not.
        queued = sum(
            cost(other)
            for other in self.transactions.values()
            if other.sender == transaction.sender and other.nonce != transaction.nonce
        )
        if balance < queued + cost(transaction):
            raise RPCError(
                f"insufficient funds for gas * price + value: balance {balance}, "
                f"queued cost {queued}, tx cost {cost(transaction)}, "
                f"overshot {queued + cost(transaction) - balance}"
            )
        for other in self.same_slot(transaction):
            needed = 100 + BUMP
            tip, other_tip = transaction.max_priority_fee_per_gas, other.max_priority_fee_per_gas
            if (
                transaction.max_fee_per_gas * 100 < other.max_fee_per_gas * needed
                or tip * 100 < other_tip * needed
            ):
                raise RPCError("replacement transaction underpriced")

    def same_slot(self, transaction: Any) -> list[Any]:
        return [
            other
            for other in self.transactions.values()
            if other.sender == transaction.sender and other.nonce == transaction.nonce
        ]

    def add(self, transaction: Any) -> None:
        for other in self.same_slot(transaction):
            self.remove(other.hash)
        self.transactions[transaction.hash] = transaction

    def remove(self, transaction_hash: bytes) -> None:
        self.transactions.pop(transaction_hash, None)

    def pending_nonce(self, sender: bytes, nonce: int) -> int:
        """The nonce after those that follow one another."""
        waiting = {t.nonce for t in self.transactions.values() if t.sender == sender}
        while nonce in waiting:
            nonce += 1
        return nonce

    def pick(self, state: Any, base_fee: int, gas_limit: int) -> list[Any]:
        """What the next block takes."""
        left = [
            t
            for t in self.transactions.values()
            if t.hash not in self.held and t.max_fee_per_gas >= base_fee
        ]
        left.sort(key=lambda t: -min(t.max_priority_fee_per_gas, t.max_fee_per_gas - base_fee))
        nonces: dict[bytes, int] = {}
        picked: list[Any] = []
        used = 0
        progress = True
        while progress:
            progress = False
            rest = []
            for transaction in left:
                nonce = nonces.setdefault(transaction.sender, state.get_nonce(transaction.sender))
                if transaction.nonce < nonce:
                    self.remove(transaction.hash)
                elif transaction.nonce == nonce and used + transaction.gas <= gas_limit:
                    picked.append(transaction)
                    nonces[transaction.sender] = nonce + 1
                    used += transaction.gas
                    progress = True
                else:
                    rest.append(transaction)
            left = rest
        return picked
