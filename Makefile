# Every task of the project. `make demo` and `make test` need Python 3.11, make and a C compiler, nothing else:
# they create .venv and install under constraints.txt, once, and then run.
.PHONY: help demo shipped test lint types imports docs bench fuzz gate constraints clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
RUN := .venv/.installed
DEV := .venv/.installed-dev
PIP := $(BIN)/python -m pip install --quiet
TORCH := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:            ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

# Torch goes first and alone: by its exact version pip takes a processor build where the machine has one in its
# wheel folders; left to the resolver it would be the newest, with gigabytes of GPU libraries. Modules are
# compiled afterwards, on all cores, where pip would use one; some packages carry files that do not compile.
$(RUN): pyproject.toml constraints.txt
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@echo "Installing into .venv under constraints.txt; the first time takes a few minutes" >&2
	$(PIP) --no-compile '$(TORCH)'
	$(PIP) --no-compile -c constraints.txt -e .
	@$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' .venv/lib >/dev/null 2>&1 || true
	@touch $(RUN)

$(DEV): $(RUN)
	$(PIP) -c constraints.txt -e '.[dev]'
	@touch $(DEV)

demo: $(RUN)   ## three verdicts, then the whole loop on a small real corpus
	$(BIN)/tain demo

# One more than there are cores, as some tests wait for processes and pages.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

test: $(DEV)   ## the whole suite, offline, a process for each core and one more
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lint: $(DEV)   ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)  ## static types, strict
	$(BIN)/mypy

imports: $(DEV)  ## the direction of the layers
	$(BIN)/lint-imports --no-cache

docs: $(DEV)   ## remake docs/cli.md, docs/settings.md and docs/openapi.json from the program, then check the documents
	$(BIN)/python scripts/make_cli_docs.py
	$(BIN)/python scripts/make_settings_docs.py
	$(BIN)/python scripts/make_openapi.py
	$(BIN)/python -m pytest tests/docs

shipped: $(RUN)  ## train, calibrate and measure the detector that ships: make shipped DATA=../shared/data
	scripts/shipped/make.sh $(DATA)

bench: $(DEV)  ## measure; every benchmark writes its own results folder
	@for run in benchmarks/*/run.py; do echo "== $$run"; $(BIN)/python $$run || exit 1; done

fuzz: $(DEV)   ## requests that schemathesis makes up, against the real server
	$(BIN)/python benchmarks/fuzz/run.py

gate: lint types imports test  ## everything that must pass before a commit

constraints:     ## resolve every version anew
	scripts/make_constraints.sh

clean:           ## remove the environment and what tools left behind
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
