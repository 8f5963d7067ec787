PYTHON ?= python3
BIN := .venv/bin
SCENARIO ?= success
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml

.PHONY: setup demo test check e2e bench docs lock format

setup: .venv/.ready

# --no-deps: the lock files are complete, and every file is checked against its hash.
.venv/.ready: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  -r requirements.txt -r requirements-dev.txt
	touch $@

lock: setup
	$(LOCK) --output-file requirements.txt
	$(LOCK) --group dev --constraint requirements.txt --output-file requirements-dev.txt
	$(LOCK) --only-group bench --output-file requirements-bench.txt
