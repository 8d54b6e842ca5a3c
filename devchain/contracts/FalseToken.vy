# pragma version ^0.4.0
# Moves nothing, says so by its return value, and does not revert.

balanceOf: public(HashMap[address, uint256])

@external
def mint(to: address, amount: uint256) -> bool:
    return False

@external
def transfer(to: address, amount: uint256) -> bool:
    return False
