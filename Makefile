# Every target works on a fresh clone with nothing but Python 3.11+ and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help run test lint format proto bench clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

run: $(INSTALLED)  ## Run the gateway with a provider simulator on this machine
	@$(BIN)/extproc run

test: $(INSTALLED)  ## Run all tests, on real Envoy
	$(BIN)/python -m pytest

lint: $(INSTALLED)  ## Check style, types, layers and generated code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python proto/generate.py --check

format: $(INSTALLED)  ## Format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

proto: $(INSTALLED)  ## Generate the protobuf code from proto/
	$(BIN)/python proto/generate.py

bench: $(INSTALLED)  ## Measure the fast lane
	$(BIN)/python bench/lane.py

clean:  ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing extproc and its tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
