# Every target sets up what it needs. Where that was done before, it takes no time.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
CODE := $(wildcard src tests bench scripts)

export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup setup-test test-faces demo test interop check reference fuzz bench lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: .venv/.synced ## environment and face models
	@$(BIN)/verifeye-oidc models install

setup-test: setup test-faces ## setup, a Chromium, openly licensed test faces
	@bash scripts/ensure-chromium.sh

test-faces: .venv/.synced
	@$(BIN)/python -m tests.support.open_faces

demo: .venv/.synced ## sign in with your face on http://localhost:8080 (ARGS="--port 9000 ...")
	@exec $(BIN)/verifeye-oidc demo $(ARGS)

test: setup-test ## every test (ARGS="-k name ...")
	@$(BIN)/python -m pytest --ignore=tests/interop $(ARGS)

interop: setup ## real relying parties, and nginx with TLS (ARGS="-k name ...")
	@bash scripts/ensure-interop.sh
	@$(BIN)/python -m pytest tests/interop $(ARGS)

check: .venv/.synced ## lint, format, types, import rules, generated documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.errors_reference --check
	$(BIN)/python -m scripts.commands_reference --check
	$(BIN)/python -m scripts.conformance_reference --check

reference: .venv/.synced ## write the generated documents in docs/reference
	@$(BIN)/python -m scripts.errors_reference
	@$(BIN)/python -m scripts.commands_reference
	@$(BIN)/python -m scripts.conformance_reference

fuzz: .venv/.synced ## every parser on hostile input, for two minutes
	@$(BIN)/python -m scripts.fuzz

bench: setup test-faces ## time and memory on this machine
	@$(BIN)/python -m bench $(ARGS)

lock: .uv/.ready ## resolve the dependencies anew
	.uv/bin/uv lock --upgrade

clean: ## forget the environment (models, data and caches stay)
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.uv/.ready: scripts/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "==> uv, the package installer"
	@$(PYTHON) -m venv --clear .uv || \
	  { echo "This Python has no venv module. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@.uv/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r scripts/uv.txt
	@touch $@

.venv/.synced: uv.lock pyproject.toml | .uv/.ready
	@echo "==> dependencies (about 650 MB on disk)"
	@.uv/bin/uv sync --frozen --python $(PYTHON)
	@touch $@
