"""A real exchange for a check: on free ports, in a directory of its own, and ended with it."""

import base64
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START_SECONDS = 120
STOP_SECONDS = 60


class Signer:
    """Signs requests with an Ed25519 key, as docs/api-signing.md says."""

    def __init__(self, key):
        self.key = key
        self.name = key.public_key().export_key(format="raw").hex()

    @classmethod
    def read(cls, path):
        with open(path) as file:
            return cls(ECC.import_key(file.read()))

    @classmethod
    def make(cls, path):
        key = ECC.generate(curve="ed25519")
        with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(key.export_key(format="PEM") + "\n")
        return cls(key)

    def fields(self, method, target, body):
        path, _, query = target.partition("?")
        digest = "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"
        parameters = (
            '("@method" "@path" "@query" "content-digest")'
            f';created={int(time.time())};nonce="{secrets.token_hex(16)}"'
            f';keyid="{self.name}";alg="ed25519"')
        base = (
            f'"@method": {method}\n"@path": {path}\n"@query": ?{query}\n'
            f'"content-digest": {digest}\n"@signature-params": {parameters}')
        signature = eddsa.new(self.key, "rfc8032").sign(base.encode())
        return {
            "Content-Digest": digest, "Signature-Input": "sig=" + parameters,
            "Signature": "sig=:" + base64.b64encode(signature).decode() + ":"}


class Exchange:
    """`uncross serve` on embedded defaults. Use it as a context: nothing of it stays."""

    def __init__(self, program):
        self.program = program
        self.url = None
        self.printed = ""

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="uncross-contract-")
        # Postgres, which may run as another user, must be able to pass through.
        os.chmod(self.root, 0o755)
        self.process = subprocess.Popen(
            [self.program, "serve", "--data", self.root + "/data", "--port", "0", "--no-demo"],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
        listens = threading.Event()
        self.reader = threading.Thread(target=self._read, args=(listens,), daemon=True)
        self.reader.start()
        if not listens.wait(START_SECONDS) or self.url is None:
            self.__exit__()
            raise SystemExit("the exchange does not listen; it printed:\n" + self.printed)
        return self

    def _read(self, listens):
        for line in self.process.stdout:
            self.printed += line
            if found := re.match(r"API\s+(http://\S+)", line):
                self.url = found.group(1)
                listens.set()
        listens.set()

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Its servers end with it: they get a signal when their parent dies.
            self.process.kill()
            self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def key(self, name):
        return f"{self.root}/data/keys/{name}.pem"

    def call(self, signer, method, target, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + target, data or None, method=method,
            headers=signer.fields(method, target, data) | {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {target}: {error.read().decode()}") from None
