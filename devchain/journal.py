"""What was done to the chain, on disk before it is answered: a kill loses nothing."""

import json
import os
from typing import Any, Iterator


class Journal:
    """Lines of JSON, appended and synced. Their replay gives the same blocks, by hash."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.file = None

    def replay(self) -> Iterator[dict[str, Any]]:
        """The complete lines; a last one that a kill cut off is removed, it was never answered."""
        if self.path is None or not os.path.exists(self.path):
            return
        end = 0
        with open(self.path, "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                end += len(line)
                yield json.loads(line)
        os.truncate(self.path, end)

    def write(self, *entries: dict[str, Any]) -> None:
        if self.path is None or not entries:
            return
        if self.file is None:
            self.file = open(self.path, "ab")
        self.file.write(b"".join(json.dumps(entry).encode() + b"\n" for entry in entries))
        self.file.flush()
        os.fdatasync(self.file.fileno())
