# pragma version ^0.4.0
# Takes 1 % of each transfer and logs the whole: its logs say more than arrives.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

balanceOf: public(HashMap[address, uint256])
owner: public(address)

@deploy
def __init__():
    self.owner = msg.sender

@external
def mint(to: address, amount: uint256) -> bool:
    assert msg.sender == self.owner
    fee: uint256 = amount // 100
    self.balanceOf[to] += amount - fee
    self.balanceOf[self.owner] += fee
    log Transfer(sender=empty(address), receiver=to, amount=amount)
    return True

@external
def transfer(to: address, amount: uint256) -> bool:
    fee: uint256 = amount // 100
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[to] += amount - fee
    self.balanceOf[self.owner] += fee
    log Transfer(sender=msg.sender, receiver=to, amount=amount)
    return True
