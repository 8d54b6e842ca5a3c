#!/usr/bin/env bash
# Runs every test, step by step, and stops at the first that fails, saying which: make test.
set -euo pipefail
cd "$(dirname "$0")/.."
deno=${UNCROSS_DENO:-$PWD/.uncross/venv/bin/deno}
python=${UNCROSS_PYTHON:-$PWD/.uncross/venv/bin/python}

number=0
step() {
  local name=$1 began=$SECONDS
  shift
  number=$((number + 1))
  printf '\n== Step %d: %s\n' "$number" "$name"
  if ! "$@"; then
    printf '\nFAILED at step %d: %s\n  (%s)\n' "$number" "$name" "$*" >&2
    exit 1
  fi
  printf '== Step %d passed in %d s\n' "$number" $((SECONDS - began))
}

# All of it is ours and on this machine; the tests start hosts of their own and kill them.
worker_format() {
  (cd worker && NO_COLOR=1 "$deno" fmt --check --quiet && NO_COLOR=1 "$deno" lint --quiet)
}
tidy() {
  "$python" -B -W error -m unittest discover -s scripts/tests && "$python" -B scripts/tidy.py \
    && "$python" -B scripts/mutants.py check
}
worker_tests() { (cd worker && NO_COLOR=1 "$deno" test --quiet --no-prompt --allow-all test); }

step 'format' swift format lint --strict --recursive Sources Tests Package.swift
step 'format of the Worker' worker_format
step 'tidy' tidy
step 'the Worker (contract and storage)' worker_tests
step 'the development chain' "$python" -B -W error -m unittest discover -s devchain/tests -t .
step 'build, where a warning is an error' swift build --build-tests
# What `make run` builds: the optimizer sees faults that a debug build does not have.
step 'build of the program, optimized' swift build -c release --product uncross
# Each module's tests in one step, by the filter that a developer runs a module with. Histories by
# the thousand keep all cores busy: whoever waits beside them waits in vain.
kernel='^(AuctionTests|EngineTests|EthereumTests|FormatsTests|JournalTests)\.'
edge='^(APITests|SignerTests|TapeTests)\.'
ledger='^(PostgresTests|LedgerTests)\.'
custody='^CustodyTests\.'
whole='^SystemTests\.'

# A suite that extends another module's carries that module's name: its own module's filter would
# miss it, and the step would look green.
each_test_in_one_step() {
  local tests all chosen
  tests=$(swift test list --skip-build) || return 1
  all=$(wc -l <<< "$tests")
  chosen=$(for filter in "$kernel" "$edge" "$ledger" "$custody" "$whole"; do
    grep -E "$filter" <<< "$tests" || true
  done)
  diff <(sort <<< "$tests") <(sort <<< "$chosen") || {
    echo "these tests are in no step, or in two"
    return 1
  }
  for folder in Tests/*Tests; do
    grep -q "^${folder#Tests/}\." <<< "$tests" || {
      echo "$folder has no test of its name"
      return 1
    }
  done
  echo "$all tests, each in one step"
}

step 'each test in one step' each_test_in_one_step
step 'tests of the kernel' swift test --skip-build --filter "$kernel"
step 'tests of the face and the edge' swift test --skip-build --filter "$edge"
# A whole exchange on embedded defaults, started and ended by the check.
step 'the API against its description' "$python" -B -W error scripts/contract/check.py
step 'tests of the ledger, with real servers' swift test --skip-build --filter "$ledger"
step 'tests of custody, with real servers and a chain' swift test --skip-build --filter "$custody"
# One after another: each starts a whole exchange, and two cores are few.
step 'tests of the whole' swift test --skip-build --no-parallel --filter "$whole"
