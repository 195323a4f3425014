# What one does with a checkout of p2pci. Needs GNU make 3.81 or newer and Python 3.11 or newer.
#   PYTHON=/path/to/python3   which Python .venv is made with
#   ARGS=…                    more arguments for pytest, the demo, the benchmark or uv (make test ARGS="-k lookup")
#   TARGET=server:HOST:PORT   what make bench loads instead of measuring all; or peer:HOST:PORT, with NUMBER=n
#   STAY=1                    make demo stays up afterwards, with web pages to look at
#   HOST=… PORT=…             which machine's index make run-peer1, 2 and 3 join; where make run-server listens
#   SEED=… SECONDS=…          with which seed make soak begins, and for how long it goes on

PYTHON ?=
ARGS ?=
# Plain assignments: some shells export HOST, the name of the machine itself, or TARGET. The command line still wins.
TARGET =
NUMBER =
SEED =
SECONDS =
STAY =
HOST = localhost
PORT = 7734

VENV := .venv
BIN := $(VENV)/bin
DEV := $(VENV)/.dev
RUN := $(VENV)/.run
# The demo needs little, so it makes do with whichever set-up is there.
DEMO_SETUP := $(if $(wildcard $(DEV)),$(DEV),$(RUN))

# Set up again when the Python of .venv is gone, or the checkout was copied or moved.
USABLE := $(shell [ "$$(cat $(VENV)/.where 2>/dev/null)" = "$$(pwd -P)" ] && $(BIN)/python -c pass 2>/dev/null && echo yes)
SETUP_NEEDS := pyproject.toml $(if $(USABLE),,FORCE)

# Twice as many as there are cores: much of a test of processes and deadlines is waiting.
WORKERS := $(shell expr 2 '*' $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2))
PYTEST := $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all soak check format bench run-server run-peer1 run-peer2 run-peer3 screenshots lock clean FORCE

help: ## show this list
	@echo "make TARGET, one of:"
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)$$/\1	\2/p' Makefile | \
		while IFS='	' read -r target text; do printf '  %-11s %s\n' "$$target" "$$text"; done

setup: $(DEV) ## make .venv with everything that tests and checks need

demo: $(DEMO_SETUP) ## an index and three peers on this machine, shown and checked step by step (STAY=1 for web pages)
	@$(BIN)/p2pci demo $(if $(STAY),--stay) $(ARGS)

test: $(DEV) ## run the tests (ARGS="-k lookup" for some of them)
	@$(PYTEST) $(ARGS)

test-all: $(DEV) ## run the tests, the slow ones too
	@$(PYTEST) -m '' $(ARGS)

soak: $(DEV) ## simulate swarms for as long as wanted (SECONDS=600 SEED=0); it says how to replay one that fails
	@$(BIN)/python -m tests.simulation --from $(or $(SEED),0) --for $(or $(SECONDS),600)

check: $(DEV) ## check format, lint, types and floors
	@echo "format: ruff format --check"
	@$(BIN)/ruff format --check
	@echo "lint: ruff check"
	@$(BIN)/ruff check
	@echo "types: mypy --strict"
	@$(BIN)/python -m mypy
	@echo "floors: lint-imports"
	@$(BIN)/lint-imports

format: $(DEV) ## put the code into its format, and mend what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench: $(DEV) ## measure it beside others, and write docs/benchmarks.md (ARGS=--help, TARGET=server:HOST:PORT)
	@$(BIN)/python -m bench $(if $(TARGET),--target "$(TARGET)") $(if $(NUMBER),--number "$(NUMBER)") $(ARGS)

run-server: ## the index server (PORT=7734), with nothing installed
	python3 server.py $(PORT)

run-peer1: ## a peer sharing peer1/rfcs (HOST=localhost is the server), with nothing installed
	cd peer1 && python3 ../peer.py $(HOST)

run-peer2: ## a peer sharing peer2/rfcs
	cd peer2 && python3 ../peer.py $(HOST)

run-peer3: ## a peer sharing peer3/rfcs
	cd peer3 && python3 ../peer.py $(HOST)

screenshots: $(DEV) ## render the pictures of the README from real runs
	@$(BIN)/python screenshots/render.py
	@$(BIN)/python screenshots/pages.py

lock: ## write requirements/*.txt anew from pyproject.toml, with uv (ARGS=--upgrade for newer versions)
	@command -v uv >/dev/null 2>&1 || { echo "make lock needs uv on PATH." >&2; exit 1; }
	$(COMPILE) $(ARGS) --extra web --group build -o requirements/run.txt pyproject.toml
	$(COMPILE) $(ARGS) --all-extras --group dev -c requirements/run.txt -o requirements/dev.txt pyproject.toml
	@if grep -n '://' requirements/run.txt requirements/dev.txt; then \
		echo "A lock file names an address; it must hold names, versions and hashes alone." >&2; exit 1; fi

clean: ## remove .venv, caches and built files (not the documents that peers downloaded)
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find __pycache__ src tests tools bench screenshots -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(DEV): $(SETUP_NEEDS) requirements/dev.txt
	@PYTHON="$(PYTHON)" sh tools/setup.sh dev
	@touch $@

$(RUN): $(SETUP_NEEDS) requirements/run.txt
	@PYTHON="$(PYTHON)" sh tools/setup.sh run
	@touch $@

FORCE:
