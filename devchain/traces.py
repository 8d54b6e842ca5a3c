"""Traces: a mined transaction executed once more, watched for the calls inside it."""

from typing import Any

from eth.exceptions import Halt, OutOfGas, Revert
from eth.vm.forks.cancun.computation import CancunComputation
from eth.vm.forks.cancun.state import CancunState
from eth.vm.opcode_values import SELFDESTRUCT

from devchain.chain import VM, Chain, data, number

destroy = CancunComputation.opcodes[SELFDESTRUCT]


def watched_destroy(computation: Any) -> None:
    """Remembers who got what: afterwards the contract's balance is gone."""
    beneficiary = computation.stack_pop1_bytes()
    computation.stack_push_bytes(beneficiary)
    balance = computation.state.get_balance(computation.msg.storage_address)
    try:
        destroy(computation)
    except Halt:
        computation.destroyed = (beneficiary[-20:].rjust(20, b"\0"), balance)
        raise


class WatchedComputation(CancunComputation):
    """Knows which instruction called it: a message alone does not tell CREATE from CREATE2."""

    opcodes = {**CancunComputation.opcodes, SELFDESTRUCT: watched_destroy}
    kind: str | None = None
    destroyed: tuple[bytes, int] | None = None

    def apply_child_computation(self, message: Any) -> Any:
        instruction = self.opcodes[self.code[self.code.program_counter - 1]]
        child = super().apply_child_computation(message)
        child.kind = instruction.mnemonic
        return child


class WatchedState(CancunState):
    computation_class = WatchedComputation


class WatchedVM(VM):
    _state_class = WatchedState


def traces(chain: Chain, block: Any, count: int) -> list[dict[str, Any]]:
    """The calls of a block's first transactions as geth's callTracer tells them. They are executed
    in order: each made the state that the next one met."""
    parent = chain.by_hash[block.header.parent_hash]
    header = chain.following(parent).copy(base_fee_per_gas=block.header.base_fee_per_gas)
    watched = type("Watched", (chain.evm,), {"vm_configuration": ((0, WatchedVM),)})
    vm = watched(chain.db, header).get_vm()
    told = []
    for transaction in block.transactions[:count]:
        receipt, computation = vm.apply_transaction(header, transaction)
        before, header = header.gas_used, vm.add_receipt_to_header(header, receipt)
        root = frame(computation, computation.msg.sender)
        # The transaction's own, with what it costs before any instruction.
        told.append(
            root | {"gas": number(transaction.gas), "gasUsed": number(header.gas_used - before)}
        )
    return told


def frame(computation: Any, caller: bytes) -> dict[str, Any]:
    message = computation.msg
    kind = computation.kind or ("CREATE" if message.is_create else "CALL")
    told = {
        "type": kind,
        "from": data(caller),
        "to": data(message.storage_address if message.is_create else message.code_address),
        "gas": number(message.gas),
        "gasUsed": number(computation.get_gas_used()),
        "input": data(message.code if message.is_create else message.data),
        "output": data(computation.output),
    }
    if kind != "STATICCALL":
        told["value"] = number(message.value)
    if computation.is_error:
        told["error"] = words(computation.error)
    calls = [frame(child, message.storage_address) for child in computation.children]
    if computation.destroyed is not None:
        beneficiary, balance = computation.destroyed
        calls.append(
            {
                "type": "SELFDESTRUCT",
                "from": data(message.storage_address),
                "to": data(beneficiary),
                "gas": "0x0",
                "gasUsed": "0x0",
                "input": "0x",
                "value": number(balance),
            }
        )
    return told | ({"calls": calls} if calls else {})


def words(error: Exception) -> str:
    match error:
        case Revert():
            return "execution reverted"
        case OutOfGas():
            return "out of gas"
        case _:
            return str(error)
