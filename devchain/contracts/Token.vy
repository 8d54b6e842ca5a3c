# pragma version ^0.4.0
# A plain ERC-20 token whose owner mints.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

decimals: public(uint8)
balanceOf: public(HashMap[address, uint256])
totalSupply: public(uint256)
owner: public(address)

@deploy
def __init__(decimals_: uint8):
    self.decimals = decimals_
    self.owner = msg.sender

@external
def mint(to: address, amount: uint256) -> bool:
    assert msg.sender == self.owner
    self.balanceOf[to] += amount
    self.totalSupply += amount
    log Transfer(sender=empty(address), receiver=to, amount=amount)
    return True

@external
def transfer(to: address, amount: uint256) -> bool:
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[to] += amount
    log Transfer(sender=msg.sender, receiver=to, amount=amount)
    return True
