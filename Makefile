# Every target prints what it does with `make help`. Nothing here needs more than Python >= 3.11, pip and apt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help setup service run demo test lint audit advisories types imports unit real chaos shifts bench models prompts doctor lock generate clean

help: ## show every target
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk 'BEGIN {FS = ":.*## "}; {printf "  make %-10s %s\n", $$1, $$2}'

setup: ## install everything the project needs (second time: under a second)
	@$(PYTHON) scripts/setup.py

service: ## the same for a machine that only runs it: nothing that only tests need
	@$(PYTHON) scripts/setup.py --service

run: setup ## start Asterisk and the hotline; prints the number to dial; Ctrl-C ends both
	@$(BIN)/ivr run --anyone --watch

demo: setup ## the same with simulated citizens and agents, so that the status page is alive
	@$(BIN)/ivr run --demo --watch

test: setup lint types imports ## all checks and all tests, with a real Postgres and a real Asterisk
	@$(BIN)/python -m scripts.run_tests

lint: setup audit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

audit: setup ## pins, licences and known advisories, offline; ONLINE=1 asks the advisory service first
	@$(BIN)/python -m scripts.audit_dependencies $(if $(ONLINE),--online)

advisories: setup ## known advisories out of a copy of an OSV database: make advisories FROM=all.zip
	@$(BIN)/python -m scripts.osv_advisories $(FROM)

types: setup
	@$(BIN)/mypy

imports: setup
	@$(BIN)/lint-imports

unit: setup ## only the tests without real peers (seconds)
	@$(BIN)/python -m pytest -m "not real"

real: setup ## only the tests with a real Asterisk, Postgres or SIP client
	@$(BIN)/python -m pytest -m "real and not chaos"

chaos: setup ## faults into real calls, one after the other: make chaos SEED=1 FAULTS=300 (about 20 minutes)
	@$(BIN)/python -m tests.chaos --seed $(or $(SEED),1) --faults $(or $(FAULTS),300)

shifts: setup ## drawn shifts with whatever may go wrong, on virtual time: make shifts SEED=1 MINUTES=10
	@$(BIN)/python -m tests.machine --seed $(or $(SEED),1) --minutes $(or $(MINUTES),10)

bench: setup ## every benchmark, quick form; each is also `.venv/bin/python -m bench.NAME`
	@for name in flow matcher dispatch scenarios replay events reload calls journal away transcripts plans waits queueing storm shift adoption known hurried reconcile asr asr_vosk asr_turns asr_throughput media accounts watching fuzz; do echo "== $$name"; $(BIN)/python -m bench.$$name --quick || exit 1; done

models: setup ## fetch and verify the speech models
	@$(BIN)/ivr models fetch

prompts: setup ## render every prompt that has no audio yet
	@$(BIN)/ivr prompts render

doctor: ## check this machine and say how to mend what is missing
	@if [ -x $(BIN)/ivr ]; then $(BIN)/ivr doctor; else $(PYTHON) scripts/setup.py --check; fi

lock: setup ## resolve pyproject.toml again into requirements.lock (no registry address in it)
	@$(BIN)/pip install --quiet pip-tools
	@$(BIN)/pip-compile --quiet --all-extras --generate-hashes --allow-unsafe --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --no-annotate --strip-extras --no-header \
		-o requirements.lock pyproject.toml

generate: setup ## generate what is generated: ARI models, the language's and the settings' pages
	@$(BIN)/python scripts/generate_ari.py
	@$(BIN)/python scripts/generate_flow_docs.py
	@$(BIN)/python scripts/generate_testing_docs.py
	@$(BIN)/python scripts/generate_settings.py
	@$(BIN)/python -m scripts.audit_dependencies --write

clean: ## remove the virtual environment and what runs left behind (the cache outside stays)
	@rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
