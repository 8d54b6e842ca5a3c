# pragma version ^0.4.0
# Logs transfers that never were: a contract's address alone tells a token from this.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

@external
def mint(to: address, amount: uint256) -> bool:
    log Transfer(sender=msg.sender, receiver=to, amount=amount)
    return True
