# Every target sets up what it needs in .venv; nothing outside this folder is touched.
# `make` alone lists the targets.

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
ARGS ?=
COVERAGE ?= --cov --cov-report=

# A .venv whose Python is gone (the checkout moved, Python was upgraded) is made anew.
$(shell [ ! -e .venv/.stamp ] || .venv/bin/python -c '' 2>/dev/null || rm -f .venv/.stamp .venv/.stamp-dev)

.DEFAULT_GOAL := help
.PHONY: help run test test-browser screens faults test-planted coverage lint lint-code lint-types bench wheel openapi requirements advisories clean
.SUFFIXES:
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: .venv/.stamp ## set up and start the whole service, deposit the sample case and verify its package; Ctrl-C stops it
	@exec $(RUN) -m sandbox.run $(ARGS)

test: .venv/.stamp-dev ## all tests, on SQLite or on the database of DATABASE_URL; ARGS="tests/tlog -k merkle" selects
	@$(RUN) -m pytest $(COVERAGE) $(ARGS)

test-browser: .venv/.stamp-dev ## the tests in Chromium against one live service: sign-in, passkeys, keyboard, axe on every page of every role
	@env -u DATABASE_URL -u CELERY_BROKER_URL CUNZHENG_BROWSER=all $(RUN) -m pytest tests/browser $(ARGS)

screens: .venv/.stamp-dev ## take the pictures of docs/screens in Chromium, from a service with the fictitious people of make run
	@$(RUN) -m tests.browser.screens

faults: .venv/.stamp-dev ## faults and proofs at full size, about an hour: 600 kills, every write failed, every pair of faults, every bit flipped, 10,000 garbled requests of each visitor, every hostile file taken in in every way by Chromium; DATABASE_URL as above
	@CUNZHENG_FAULTS=full $(RUN) -m pytest tests/faults tests/ledger/test_faults.py tests/ledger/test_races.py \
	    tests/tlog/test_merkle.py tests/vault/test_memory.py tests/witness/test_fuzz.py tests/hostile $(ARGS)
	@env -u DATABASE_URL -u CELERY_BROKER_URL CUNZHENG_FAULTS=full CUNZHENG_BROWSER=all $(RUN) -m pytest tests/browser/test_desk.py -k hostile

test-planted: .venv/.stamp-dev ## plant one known mistake at a time in a copy and show that the suite catches it; ARGS=--whole: the whole suite, hours
	@$(RUN) -m tests.planted $(ARGS)

coverage: .venv/.stamp-dev ## judge the branch coverage of the last `make test`
	@$(RUN) -m coverage report --include='tlog/*,witness/*' --fail-under=100
	@$(RUN) -m coverage report --omit='tlog/*,witness/*' --fail-under=95

lint: lint-code lint-types ## ruff, mypy, import contracts, size caps, migrations, production settings

lint-code: .venv/.stamp-dev
	$(RUN) -m ruff check .
	$(BIN)/lint-imports --no-logo
	$(RUN) -m pytest --quiet tests/test_architecture.py
	$(RUN) -W "ignore:Got an error checking:RuntimeWarning" manage.py makemigrations --check --dry-run
	$(RUN) -m tests.repository.production_check
	$(RUN) manage.py spectacular --validate --fail-on-warn | diff -u docs/api/openapi.yaml -

lint-types: .venv/.stamp-dev
	$(RUN) -m mypy .

bench: .venv/.stamp-dev ## every figure of the performance table, as ratios in one run
	@$(RUN) -m bench $(ARGS)

wheel: .venv/.stamp-dev ## the witness as a wheel, dist/cunzheng_witness-*.whl: tlog and witness, which need cryptography alone
	@cd witness/packaging && ../../$(RUN) -m hatchling build --target wheel --directory ../../dist

openapi: .venv/.stamp ## write docs/api/openapi.yaml from the code
	@mkdir -p docs/api
	@$(RUN) manage.py spectacular --validate --fail-on-warn --file docs/api/openapi.yaml

requirements: .venv/.stamp-dev ## compile the pinned requirements from the .in files (ARGS=--upgrade takes newer releases)
	@$(RUN) -m uv pip compile --quiet --python-version 3.11 --universal --no-strip-extras --generate-hashes $(ARGS) requirements.in -o requirements.txt
	@$(RUN) -m uv pip compile --quiet --python-version 3.11 --universal --no-strip-extras --generate-hashes $(ARGS) requirements-dev.in -o requirements-dev.txt
	@$(RUN) -m uv pip compile --quiet --python-version 3.11 --universal --no-strip-extras --generate-hashes $(ARGS) \
	    -c requirements.txt -c requirements-dev.txt requirements-decoders.in -o requirements-decoders.txt
	@$(RUN) -m uv pip compile --quiet --python-version 3.11 --universal --no-strip-extras --generate-hashes -c requirements.txt \
	    witness/packaging/pyproject.toml -o witness/packaging/requirements.txt

advisories: .venv/.stamp-dev ## hold every pinned version against the advisories that OSV publishes (needs the network; sends names and versions)
	@$(RUN) -m pip_audit --vulnerability-service osv --disable-pip --require-hashes --progress-spinner off --strict \
	    -r requirements.txt -r requirements-decoders.txt -r requirements-dev.txt $(ARGS)

clean: ## remove .venv and every cache; var/ holds evidence and stays
	@rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	@find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

# Set-up. The stamp is written last, so an interrupted installation is taken up again.
.venv/.stamp: requirements.txt requirements-decoders.txt
	@python=; \
	for candidate in '$(PYTHON)' python3.14 python3.13 python3.12 python3.11; do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    if command -v '$(PYTHON)' >/dev/null 2>&1; then found="'$(PYTHON)' is $$('$(PYTHON)' --version 2>&1)"; else found="there is no '$(PYTHON)'"; fi; \
	    echo "Python 3.11 or newer is needed, but $$found: install it (Debian, Ubuntu: apt install python3 python3-venv) or name yours with make PYTHON=/path/to/python3." >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	    echo "The venv module of $$python is missing: install it (Debian, Ubuntu: apt install python3-venv) and run make again." >&2; exit 1; \
	fi; \
	if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then \
	    echo "Making .venv with $$("$$python" --version)"; \
	    "$$python" -m venv --clear .venv || { echo "The virtual environment .venv could not be made: see the lines above." >&2; exit 1; }; \
	fi
	@echo "Installing the dependencies (the first time takes a minute)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.txt -r requirements-decoders.txt \
	    || { echo "The dependencies could not be installed: see the lines above, mend what they say (often the network) and run make again." >&2; exit 1; }
	@touch $@

.venv/.stamp-dev: .venv/.stamp requirements-dev.txt
	@echo "Installing the tools for tests and checks"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.txt -r requirements-dev.txt \
	    || { echo "The development tools could not be installed: see the lines above, mend what they say (often the network) and run make again." >&2; exit 1; }
	@touch $@
