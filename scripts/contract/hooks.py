"""What schemathesis does not know: how requests are signed, and whom they must not hurt."""

import json
import os
from urllib.parse import urlsplit

import requests
import schemathesis

from exchange import Signer

OPERATOR = Signer.read(os.environ["UNCROSS_OPERATOR_KEY"])
TRADER = Signer.read(os.environ["UNCROSS_TRADER_KEY"])
# The tool remembers what answers show, our own keys among them: nobody may freeze or revoke us.
BYSTANDER = json.loads(os.environ["UNCROSS_BYSTANDER"])


class Signature(requests.auth.AuthBase):
    """An operator's routes by an operator's key, others by a trader's."""

    def __call__(self, request):
        parts = urlsplit(request.url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        body = request.body or b""
        signer = OPERATOR if parts.path.startswith("/v1/operator/") else TRADER
        request.headers.update(signer.fields(
            request.method, target, body.encode() if isinstance(body, str) else body))
        return request


schemathesis.auth.set_from_requests(Signature())


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    path = context.operation.path
    if path.endswith("/revoke"):
        path_parameters["public_key"] = BYSTANDER["public_key"]
    if path.startswith("/v1/operator/users/"):
        path_parameters["id"] = BYSTANDER["user_id"]
    return path_parameters


@schemathesis.hook
def after_call(context, case, response):
    with open(os.environ["UNCROSS_ANSWERS"], "a") as file:
        file.write(
            f"{case.operation.method.upper()} {case.operation.path} {response.status_code}\n"
        )
