#!/usr/bin/env python3
"""Checks the API against its own description: the document's rules, then requests made of it.

    .uncross/venv/bin/python scripts/contract/check.py [SEED]

The requests go to a real exchange, with keys of a trader and of an operator. No answer may be a
server's fault, have a status that the document does not name, or a body that does not fit.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter

from openapi_spec_validator import OpenAPIV31SpecValidator

from exchange import ROOT, Exchange, Signer

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = ROOT + "/docs/openapi.json"
PROGRAM = os.environ.get("UNCROSS_PROGRAM", ROOT + "/.build/debug/uncross")
EXAMPLES = 15
# Operations that do something, at least; the rest need what only a person or a chain makes.
LEAST_SERVED = 50
# It takes less; this ends a run that hangs.
MAXIMUM_SECONDS = 600
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance"]


def check_document():
    with open(DOCUMENT) as file:
        OpenAPIV31SpecValidator(json.load(file)).validate()
    print("docs/openapi.json is OpenAPI 3.1")


def check_served(exchange):
    with urllib.request.urlopen(exchange.url + "/v1/openapi.json") as answer, open(
            DOCUMENT, "rb") as file:
        if answer.read() != file.read():
            raise SystemExit("the exchange serves another document than docs/openapi.json")


def open_account(exchange):
    """A trader with money and open orders; returns what exists, by the names of fields, and a
    user with a key that nobody needs."""
    operator, treasurer = (Signer.read(exchange.key(name)) for name in ("operator", "treasurer"))
    trader = Signer.make(exchange.key("contract"))
    user = exchange.call(operator, "POST", "/v1/operator/users", {
        "name": "contract", "public_key": trader.name, "role": "trader"})
    key = Signer.make(exchange.key("bystander")).name
    bystander = exchange.call(operator, "POST", "/v1/operator/users", {
        "name": "bystander", "public_key": key, "role": "trader"})
    for asset, amount in (("USDC", "50000"), ("ETH", "10")):
        exchange.call(treasurer, "POST", "/v1/operator/adjustments", {
            "request_id": "contract-" + asset, "user": user["user_id"], "asset": asset,
            "amount": amount, "reason": "to trade with"})
    orders = [
        exchange.call(trader, "POST", "/v1/orders", {
            "market": "ETH-USDC", "side": "buy", "price": str(100 + number), "quantity": "0.1",
            "client_order_id": f"contract-{number}"})["order_id"]
        for number in range(20)]
    known = {
        "market": ["ETH-USDC"], "asset": ["ETH", "USDC"], "base": ["ETH"], "quote": ["USDC"],
        "user": [user["user_id"]], "name": ["contract", "another"], "id": orders,
        "price": ["1000", "2000"], "quantity": ["0.1", "0.2"], "amount": ["1", "2"],
        "minimum": ["0.1"], "chain": ["dev"], "code": ["NEW1", "NEW2"],
        "reason": ["because"], "label": ["home"],
        "address": ["0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"]}
    return known, {"user_id": bystander["user_id"], "public_key": key}


def narrowed(known):
    """The document with what exists on this exchange as the values of requests' fields: a random
    name is refused before anything happens."""
    with open(DOCUMENT) as file:
        document = json.load(file)
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in known and parameter["schema"]["type"] == "string":
                    parameter["schema"] = {"type": "string", "enum": known[parameter["name"]]}
    for schema in document["components"]["schemas"].values():
        # Only requests' are closed.
        if schema.get("additionalProperties") is False:
            for name, field in schema["properties"].items():
                words = {"type": "string", "enum": known.get(name)}
                if name in known and "enum" not in json.dumps(field):
                    schema["properties"][name] = words
    return document


def check_requests(exchange, seed):
    (known, bystander), answers = open_account(exchange), exchange.root + "/answers"
    document = exchange.root + "/openapi.json"
    with open(document, "w") as file:
        json.dump(narrowed(known), file)
    environment = os.environ | {
        "PYTHONPATH": HERE, "PYTHONDONTWRITEBYTECODE": "1", "SCHEMATHESIS_HOOKS": "hooks",
        "UNCROSS_OPERATOR_KEY": exchange.key("operator"),
        "UNCROSS_TRADER_KEY": exchange.key("contract"), "UNCROSS_BYSTANDER": json.dumps(bystander),
        "UNCROSS_ANSWERS": answers}
    tool = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    # In the exchange's directory: nothing that the tool leaves stays. Streams of events never end.
    done = subprocess.run([
        tool, "run", document, "--url", exchange.url, "--seed", seed,
        "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(EXAMPLES), "--request-timeout", "30", "--no-shrink",
        "--continue-on-failure", "--generation-database", "none", "--warnings", "off",
        "--generation-with-security-parameters", "false", "--exclude-path-regex", "/events$",
        "--no-color",
    ], cwd=exchange.root, env=environment, timeout=MAXIMUM_SECONDS)
    if done.returncode != 0:
        raise SystemExit(f"answers do not fit docs/openapi.json (seed {seed})")
    check_reach(answers)


def check_reach(path):
    """Refusals alone would show little."""
    with open(path) as file:
        answers = Counter(tuple(line.split()) for line in file)
    operations = {answer[:2] for answer in answers}
    served = {answer[:2] for answer in answers if answer[2] == "200"}
    statuses = Counter()
    for (_, _, status), count in answers.items():
        statuses[status] += count
    print(
        "answers:", ", ".join(f"{count} of {status}" for status, count in sorted(statuses.items()))
    )
    print(f"{len(served)} of {len(operations)} operations answered 200; not:")
    for method, template in sorted(operations - served):
        print(f"  {method} {template}")
    if len(served) < LEAST_SERVED:
        raise SystemExit(f"at least {LEAST_SERVED} should")


def main():
    seed = sys.argv[1] if len(sys.argv) > 1 else "1"
    check_document()
    with Exchange(PROGRAM) as exchange:
        check_served(exchange)
        check_requests(exchange, seed)


if __name__ == "__main__":
    main()
