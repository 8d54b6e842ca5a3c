# pragma version ^0.4.0
# Pays from inside a call: no transaction names the recipient, and a native payment leaves no log.

interface Token:
    def mint(to: address, amount: uint256) -> bool: nonpayable
    def transfer(to: address, amount: uint256) -> bool: nonpayable

@external
@payable
def pay(to: address):
    raw_call(to, b"", value=msg.value)

@external
def send_twice(token: address, to: address, first: uint256, second: uint256):
    extcall Token(token).transfer(to, first)
    extcall Token(token).transfer(to, second)
