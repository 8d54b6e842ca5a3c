#!/usr/bin/env bash
# Kills exchange, Postgres and Worker under load, in turn and at random moments: make crash SEED=N [KILLS=M].
set -euo pipefail
cd "$(dirname "$0")/.."
export CRASH_SEED=${1:-1} CRASH_KILLS=${2:-21}
swift build --build-tests
exec swift test --skip-build --filter CrashTests
