# pragma version ^0.4.0
# A token, and a payee of coins, of many moods: how it takes the next payment is set by anybody.

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256

# 0 takes it, 1 reverts, 2 answers false and moves nothing, 3 answers true and moves nothing,
# 4 moves it and logs nothing, 5 takes it and a million gas.
mood: public(uint256)
balanceOf: public(HashMap[address, uint256])
waste: HashMap[uint256, uint256]
# Nobody may pay it tokens.
unwelcome: public(address)

@external
def set_mood(mood: uint256):
    self.mood = mood

@external
def set_unwelcome(who: address):
    self.unwelcome = who

@external
def mint(to: address, amount: uint256) -> bool:
    self.balanceOf[to] += amount
    log Transfer(sender=empty(address), receiver=to, amount=amount)
    return True

@internal
def _meet():
    assert self.mood != 1
    if self.mood == 5:
        for i: uint256 in range(50):
            self.waste[i] += 1

@external
def transfer(to: address, amount: uint256) -> bool:
    assert to != self.unwelcome
    self._meet()
    if self.mood == 2:
        return False
    if self.mood == 3:
        return True
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[to] += amount
    if self.mood != 4:
        log Transfer(sender=msg.sender, receiver=to, amount=amount)
    return True

@external
@payable
def __default__():
    self._meet()
