"""The development chain of Uncross: a real EVM behind JSON-RPC, with reorganisations and faults on request."""
