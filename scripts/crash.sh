#!/usr/bin/env bash
# Kills exchange, Postgres, Worker, chain and signer under load at random moments, and at each
# boundary of a payment and a deposit: make crash SEED=N [KILLS=M].
set -euo pipefail
cd "$(dirname "$0")/.."
export CRASH_SEED=${1:-1} CRASH_KILLS=${2:-21}
swift build --build-tests
exec swift test --skip-build --filter 'CrashTests|BoundaryKillTests'
