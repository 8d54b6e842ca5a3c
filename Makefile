# The project's verbs. `make run` and `make test` set up what they need.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
ARGS ?=
SEED ?= 1
KILLS ?= 21

.PHONY: help run test build setup bench crash mutants clean

help:
	@echo 'make run     set up, build, and run the whole exchange on embedded defaults'
	@echo '            (ARGS="--no-demo --port 9000")'
	@echo 'make test    set up, check format and tidiness, and run every test'
	@echo 'make build   leave the program at .build/release/uncross'
	@echo 'make bench   measure against floors of the same run'
	@echo 'make crash   kill -9 exchange, Postgres, Worker, chain and signer, and check'
	@echo '            (SEED=1 KILLS=21)'
	@echo 'make mutants plant each bug of scripts/mutants.toml and see its test fail'
	@echo '            (ARGS="--only Sources/Journal")'
	@echo 'make setup   install what is missing; make clean removes builds and data'

run:
	@scripts/setup.sh run
	@swift build -c release --product uncross
	@exec .build/release/uncross serve $(ARGS)

test:
	@scripts/setup.sh test
	@scripts/test.sh

build:
	@scripts/setup.sh build
	@swift build -c release --product uncross

setup:
	@scripts/setup.sh setup

bench: build
	.build/release/uncross bench $(ARGS)

crash:
	@scripts/setup.sh test
	@scripts/crash.sh $(SEED) $(KILLS)

mutants:
	@scripts/setup.sh test
	@$${UNCROSS_PYTHON:-.uncross/venv/bin/python} -B scripts/mutants.py run $(ARGS)

clean:
	rm -rf .build .uncross
