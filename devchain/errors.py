"""Errors that go over the wire."""

from typing import Any


class RPCError(Exception):
    """An error of JSON-RPC; -32000 is what geth answers for most."""

    def __init__(self, message: str, code: int = -32000, data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.data = data
