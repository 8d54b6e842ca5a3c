"""python -m devchain: says in one line of JSON where it listens, then serves until it is ended."""

import argparse
import json
import signal
import sys
import threading

from devchain.chain import FAUCET, Chain, data
from devchain.faucet import Faucet
from devchain.faults import Faults
from devchain.journal import Journal
from devchain.methods import Methods
from devchain.server import server


def mine_by_interval(chain: Chain, seconds: float) -> None:
    """Mines while there is something to mine or to confirm: a chain at rest does not grow."""
    quiet = 0
    while True:
        threading.Event().wait(seconds)
        with chain.lock:
            quiet = 0 if chain.pool.transactions else quiet + 1
            if quiet <= chain.options["finalized_lag"] + 4:
                chain.mine()


def main() -> None:
    parser = argparse.ArgumentParser(prog="devchain", description=__doc__)
    parser.add_argument("--port", type=int, default=8545, help="0 takes a free one")
    parser.add_argument("--chain-id", type=int, default=31337)
    parser.add_argument(
        "--block-interval", type=float, default=0, help="seconds; 0 mines on demand"
    )
    parser.add_argument("--safe-lag", type=int, default=4)
    parser.add_argument("--finalized-lag", type=int, default=8)
    parser.add_argument("--state", help="the file that keeps the chain; in memory without one")
    parser.add_argument("--traces", action="store_true", help="with the debug_trace methods")
    options = parser.parse_args()

    chain = Chain(options.chain_id, Journal(options.state))
    chain.options["safe_lag"] = options.safe_lag
    chain.options["finalized_lag"] = options.finalized_lag
    faucet = Faucet(chain)
    faults = Faults()
    listening = server(Methods(chain, faucet, faults, options.traces), faults, options.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    if options.block_interval > 0:
        threading.Thread(
            target=mine_by_interval, args=(chain, options.block_interval), daemon=True
        ).start()
    ready = {
        "url": f"http://127.0.0.1:{listening.server_port}",
        "chain_id": chain.chain_id,
        "genesis_hash": data(chain.blocks[0].hash),
        "faucet": FAUCET.public_key.to_checksum_address(),
        "contracts": faucet.contracts,
    }
    print(json.dumps(ready), flush=True)
    listening.serve_forever()


if __name__ == "__main__":
    main()
