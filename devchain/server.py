"""JSON-RPC over HTTP on loopback: one process, a thread a connection, bounded bodies."""

import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from devchain.errors import RPCError
from devchain.faults import Dropped, Faults, Raw
from devchain.methods import Methods

MAXIMUM_BODY = 32 << 20
# A test must be able to move the chain and to take back what it asked for, whatever that is.
TESTS = ("dev_", "evm_")


def answers(methods: Methods, faults: Faults, asked: Any) -> Any:
    if not isinstance(asked, list):
        return answer(methods, faults, asked, 1)
    limit = methods.chain.options["batch_limit"]
    if limit is not None and len(asked) > limit and not all(map(is_of_a_test, asked)):
        return refusal(asked, limit, methods.chain.options["batch_error"])
    return [answer(methods, faults, each, len(asked)) for each in asked]


def is_of_a_test(request: Any) -> bool:
    return isinstance(request, dict) and str(request.get("method")).startswith(TESTS)


def refusal(batch: list[Any], limit: int, shape: str) -> Any:
    """What answers a batch that is too long; nothing of it is done."""
    match shape:
        case "each":
            error = {"code": -32005, "message": f"batch too large: at most {limit} requests"}
            ids = [each.get("id") if isinstance(each, dict) else None for each in batch]
            return [{"jsonrpc": "2.0", "id": each, "error": error} for each in ids]
        case "one":
            error = {"code": -32600, "message": "batch too large"}
            return {"jsonrpc": "2.0", "id": None, "error": error}
        case "status_413":
            raise Raw(413, b"batch too large")
        case "status_429":
            raise Raw(429, b"batch too large")


def answer(methods: Methods, faults: Faults, request: Any, batch: int) -> dict[str, Any]:
    """To one of `batch` requests that came together."""
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        return {
            "jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "invalid request"}
        }
    method = request["method"]
    parameters = request.get("params") or []
    first = parameters[0] if isinstance(parameters, list) and parameters else None
    fault = None if is_of_a_test(request) else faults.take(method, first, batch)
    kind = fault["kind"] if fault else None
    head = {"jsonrpc": "2.0", "id": request.get("id")}
    if fault:
        faults.apply_before(fault)
        if kind == "error":
            return head | {"error": fault.get("error", {"code": -32000, "message": "on request"})}
        if kind == "result":
            return head | {"result": fault.get("result")}
    if not isinstance(parameters, list):
        return head | {"error": {"code": -32602, "message": "non-array args"}}
    told: dict[str, Any]
    try:
        told = {"result": methods.call(method, parameters, kind == "omit_logs")}
    except RPCError as error:
        told = {"error": {"code": error.code, "message": error.message}}
        if error.data is not None:
            told["error"]["data"] = error.data
    if kind == "accept_then_drop":
        raise Dropped
    return head | told


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    methods: Methods
    faults: Faults

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: thousands of requests a second."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if length > MAXIMUM_BODY:
            self.reply(413, b"too large")
            self.close_connection = True
            return
        try:
            asked = json.loads(self.rfile.read(length))
            told = answers(self.methods, self.faults, asked)
            self.reply(200, json.dumps(told).encode())
        except json.JSONDecodeError:
            self.reply(400, b"not JSON")
        except Raw as raw:
            self.reply(raw.status, raw.body)
        except Dropped:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def server(methods: Methods, faults: Faults, port: int) -> ThreadingHTTPServer:
    handler = type("BoundHandler", (Handler,), {"methods": methods, "faults": faults})
    made = ThreadingHTTPServer(("127.0.0.1", port), handler)
    made.daemon_threads = True
    return made
