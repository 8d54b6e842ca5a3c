"""Tests of the development chain, over HTTP against its own process."""
