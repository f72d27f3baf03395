# Two commands do all the set-up: `make demo` and `make test`. What is missing is fetched into
# .venv and .tools; versions on PATH are used where they fit.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.PHONY: demo test e2e check bench docs reference screenshots tools gitea browser secret-tools cluster-tools \
  more-tools clean help

help:
	@echo "make demo    build and publish the example, offline, on stand-in charts"
	@echo "make test    run every check and test"
	@echo "make e2e     run the tests in a real cluster; its parts are built once, in 20 minutes"
	@echo "make bench   run the benchmarks"
	@echo "make docs    build the documentation into build/site"

demo: $(VENV)/installed tools
	@$(BIN)/python -m tests.demo build/demo

test: $(VENV)/dev tools .tools/bin/registry gitea browser secret-tools
	@tools/install_crds.sh crds glua actionlint
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest -n auto $(PYTEST_ARGS)

e2e: $(VENV)/dev tools .tools/bin/registry gitea cluster-tools
	@$(BIN)/python -m tests.cluster $(PYTEST_ARGS)

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev tools browser
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

# Every warning fails it: a dead link or anchor, a page that no list names.
docs: $(VENV)/dev
	$(BIN)/sphinx-build -q -W --keep-going -E -b html -d build/doctrees -c docs . build/site
	@echo "build/site/index.html"

# The pages in docs/reference that are made of the code.
reference: $(VENV)/dev
	$(BIN)/python -m tests.documentation.reference

# The pictures of docs/report.md.
screenshots: $(VENV)/dev tools browser
	$(BIN)/python -m tests.screenshots docs/images

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: name one with PYTHON=..."; exit 3; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Python's venv module is needed: apt-get install python3-venv"; exit 3; }

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[tools,schemas]'
	@touch $@

$(VENV)/dev: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[tools,dev]'
	@touch $@

tools: $(VENV)/installed
	@tools/install.sh helm renderer

.tools/bin/registry: $(VENV)/installed
	@tools/install.sh registry

# Built once for each set of pins in tests/gitea. Its tests are skipped without it, but fail in CI.
gitea: $(VENV)/installed
	-@tools/install.sh gitea

# A headless Chromium: tests of pages are skipped without it, but fail in CI.
browser:
	-@tools/chromium.sh

# What encrypts Secrets; its tests are skipped without it, but fail in CI.
secret-tools: $(VENV)/installed
	-@tools/install.sh age-keygen sops kubeseal

# API server, engines and what they need, each built once for its pins in tests/cluster/pins. Tests
# that need a missing one are skipped, but fail in CI.
cluster-tools: $(VENV)/installed
	-@tools/cluster.sh

# Tests that need it are skipped without it: minutes to build, so never by itself.
more-tools: $(VENV)/installed
	@tools/install.sh cosign

clean:
	rm -rf build $(VENV) .tools
