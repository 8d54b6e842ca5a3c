"""Faults on request: what nodes and the networks in front of them do, when a test asks for it."""

import threading
import time
from typing import Any

KINDS = {
    "delay": "answers after `milliseconds`",
    "drop": "closes the connection without doing what was asked",
    "accept_then_drop": "does what was asked and closes the connection without an answer",
    "error": "answers with `error`, {code, message}",
    "status": "answers with the HTTP status `status`",
    "result": "answers with `result`, whatever was asked",
    "omit_logs": "leaves all logs out of receipts and of eth_getLogs, but not out of the bloom",
    "malformed": "answers with something that is not JSON",
    "huge": "answers with `bytes` bytes",
}


class Dropped(Exception):
    """The connection is closed without an answer."""


class Raw(Exception):
    """An answer that is not JSON-RPC at all."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self.status = status
        self.body = body


class Faults:
    """Faults that wait: {kind, method (any), first (any), times (1), batch_from (1), ...}."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def add(self, fault: dict[str, Any]) -> None:
        if fault.get("kind") not in KINDS:
            raise ValueError(f"no such kind of fault: {fault.get('kind')}")
        whole = {"times": 1, "batch_from": 1} | fault
        for field in ("times", "batch_from"):
            if type(whole[field]) is not int or whole[field] < 1:
                raise ValueError(f"{field} is a number from 1 on, not {whole[field]}")
        with self.lock:
            self.waiting.append(whole)

    def take(self, method: str, first: Any, batch: int) -> dict[str, Any] | None:
        """The oldest that is met by a call with this first parameter, from a batch of so many."""
        with self.lock:
            for fault in self.waiting:
                is_method = fault.get("method") in (None, method)
                is_met = is_method and fault.get("first") in (None, first)
                if is_met and batch >= fault["batch_from"]:
                    fault["times"] -= 1
                    if fault["times"] <= 0:
                        self.waiting.remove(fault)
                    return fault
            return None

    def remaining(self) -> int:
        with self.lock:
            return sum(fault["times"] for fault in self.waiting)

    def clear(self) -> None:
        with self.lock:
            self.waiting.clear()

    def apply_before(self, fault: dict[str, Any]) -> None:
        """What happens instead of, or before, the call."""
        match fault["kind"]:
            case "delay":
                time.sleep(fault.get("milliseconds", 1_000) / 1_000)
            case "drop":
                raise Dropped
            case "status":
                raise Raw(fault.get("status", 429), b"slow down")
            case "malformed":
                raise Raw(200, b"<html>502</html>")
            case "huge":
                raise Raw(200, b'"' + b"0" * fault.get("bytes", 1 << 20) + b'"')
