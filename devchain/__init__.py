"""The development chain: a real EVM behind JSON-RPC, with reorganisations and faults on request."""
