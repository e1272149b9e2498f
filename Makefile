# riskradar: everything a newcomer needs, from a machine with Python 3.11+, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup demo serve test test-slow lint types bench clean lock

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## the virtual environment with pinned, hashed dependencies

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "riskradar needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.11.")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup  ## simulate a shop, learn, prove, promote, and print the top-risk list
	$(BIN)/riskradar demo

serve: setup  ## serve what was trained
	$(BIN)/riskradar serve

test: setup lint types  ## lint, types and every test under ten minutes
	$(BIN)/python -m pytest -n 2

test-slow: setup  ## many kills, many simulated shops
	$(BIN)/python -m pytest -m slow -n 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

bench: setup  ## every budget of docs/architecture.md, as ratios in one run
	$(BIN)/python -m benchmarks

lock: setup  ## renew the lock files (needs uv); no index address is written into them
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra train --extra dev pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -c requirements.lock pyproject.toml -o requirements-serve.lock

clean:  ## removes the environment and caches, never a riskradar home
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build *.egg-info
