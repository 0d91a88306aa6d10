# Everything is set up on first use: a target makes .venv from the pinned constraints and brings
# it up to date whenever they or pyproject.toml change.
#   make run ARGS="--quick_run"     make test ARGS="tests/splits -k purged"     make help

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help run test oldest oracles lint style layers types docs check traps battery insights error_rates bench foresight comparison gallery site dist constraints clean

SUPPORTED := (3, 11) <= sys.version_info[:2] <= (3, 14)
supports = $(1) -c 'import sys; sys.exit(not $(SUPPORTED))' 2>/dev/null
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
PYTHON ?= $(firstword $(foreach name,$(CANDIDATES),$(shell $(call supports,$(name)) && echo $(name))))
JOBS ?= 2

BIN := .venv/bin
RUN := .venv/catboost.stamp
DEV := .venv/dev.stamp
ORACLES := .venv/oracles
OLDEST := .venv/oldest
# What pyproject.toml promises to run with; Ray and the tools of development are not among it.
PROMISED := catboost duckdb mlflow pandas s3 test
LEFT_OUT := house oracles benchmarks report/browser watch/test_in_a_browser.py \
    judge/test_luck.py judge/test_confidence_set.py
RIVALS := .venv/rivals
FORESIGHT := $(patsubst benchmarks/foresight/environments/%.txt,.rivals/%/stamp,\
    $(wildcard benchmarks/foresight/environments/*.txt))

# The build backend is pinned too: one name for older pips, one for newer.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Nothing is compiled when it is installed, so what is imported must be kept compiled.
unexport PYTHONDONTWRITEBYTECODE

help:  ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: $(RUN)  ## the main job on the embedded data; options in ARGS
	$(BIN)/python scripts/run_model_pipeline.py $(ARGS)

test: $(DEV)  ## the tests, on JOBS processes (2); pytest options in ARGS
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

oldest: $(OLDEST)/stamp  ## the tests with the oldest versions that pyproject.toml allows
	$(OLDEST)/bin/pytest -n $(JOBS) --dist worksteal $(LEFT_OUT:%=--ignore tests/%) $(ARGS)

oracles: $(ORACLES)/stamp  ## weekly: our splits against skfolio and tscv, our models in skore, in a venv of their own
	$(ORACLES)/bin/pytest tests/oracles/weekly $(ARGS)

lint: style layers types  ## style, layers and types

style: $(DEV)  ## ruff
	$(BIN)/ruff check .

layers: $(DEV)  ## imports point down only
	$(BIN)/lint-imports

types: $(DEV)  ## mypy, strict
	$(BIN)/mypy

docs: $(DEV)  ## the docstrings: their shape, and their examples run
	$(BIN)/numpydoc lint $$(find src/outlast -name '*.py')
	$(BIN)/pytest -n $(JOBS) --dist worksteal --doctest-modules --doctest-glob='*.md' \
	    src docs README.md CONTRIBUTING.md

check: test lint docs  ## all of the above

gallery: $(DEV) .rivals/tables/stamp  ## reports of public tables in short; writes docs/gallery.md
	$(BIN)/python -m benchmarks.gallery $(ARGS)

site: $(DEV)  ## the documentation as a site, in site/
	rm -rf docs/_reference
	$(BIN)/python -m sphinx --builder html --quiet --fail-on-warning --keep-going docs site

traps: $(DEV)  ## tables of noise on which common mistakes look like skill; writes docs/traps.md
	$(BIN)/python -m benchmarks.traps --write docs/traps.md $(ARGS)

battery: $(DEV)  ## features of known worth, and how often the verdicts are right; writes docs/verdicts.md
	$(BIN)/python -m benchmarks.battery --write docs/verdicts.md $(ARGS)

insights: $(DEV)  ## worlds in which every rule must fire or must not; writes docs/insights.md
	$(BIN)/python -m benchmarks.insights --write docs/insights.md $(ARGS)

error_rates: $(DEV)  ## how often "A is better than B" is wrong, and how often found; writes docs/error_rates.md
	$(BIN)/python -m benchmarks.error_rates --write docs/error_rates.md $(ARGS)

bench: $(DEV) $(RIVALS)/stamp  ## ratios against rivals, with their bars; half an hour; options in ARGS
	$(BIN)/python -m benchmarks $(ARGS)

foresight: $(DEV) $(FORESIGHT)  ## what outlast and its rivals promise, and what the future says; hours; options in ARGS
	$(BIN)/python -m benchmarks.foresight $(ARGS)

comparison: $(DEV) $(FORESIGHT) .rivals/outlast/stamp  ## what tools promise on noise and what they weigh; half an hour; writes docs/comparison.md
	$(BIN)/python -m benchmarks.comparison --write docs/comparison.md $(ARGS)

soak: $(DEV)  ## faults again and again: kills at random, thousands of jobs; half an hour
	$(BIN)/pytest -m soak $(ARGS)

dist: $(DEV)  ## wheel and sdist, in dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation

constraints: $(DEV)  ## choose the newest versions anew, for every supported Python
	$(BIN)/uv pip compile --universal --upgrade --quiet --extra dev --python-version 3.11 \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    --output-file constraints.txt pyproject.toml
	$(BIN)/uv pip compile --resolution lowest-direct --upgrade --quiet --python-version 3.11 \
	    $(PROMISED:%=--extra %) \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    --output-file tests/oldest.txt pyproject.toml
	$(BIN)/uv pip compile --upgrade --quiet --python-version 3.11 \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    --output-file benchmarks/rivals/constraints.txt benchmarks/rivals/requirements.txt
	for name in $(basename $(wildcard benchmarks/foresight/environments/*.in)); do \
	    $(BIN)/uv pip compile --upgrade --quiet --python-version 3.11 \
	        --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	        --output-file $$name.txt $$name.in || exit 1; done
	printf 'skfolio\nskore\ntscv\n' | $(BIN)/uv pip compile --universal --upgrade --quiet \
	    --constraint constraints.txt --python-version 3.11 \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    --output-file tests/oracles/weekly/constraints.txt -

clean:  ## remove what make made (results in reports/ stay)
	rm -rf .venv .rivals .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One rule for both: the stem names the extra. Left uncompiled, as pip would compile for half
# the time what a run never imports.
.venv/%.stamp: pyproject.toml constraints.txt
	@$(if $(PYTHON),$(call supports,$(PYTHON)),false) || { \
	    echo "outlast is set up with Python 3.11 to 3.14; got $(if $(PYTHON),'$(PYTHON)' ($$($(PYTHON) --version 2>&1 | head -n 1)),none of: $(CANDIDATES))." >&2; \
	    echo "Name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --quiet --no-compile --editable '.[$*]'
	@touch $@

# The oldest numpy has no wheel for Python 3.13 and later.
$(OLDEST)/stamp: $(DEV) tests/oldest.txt
	$(BIN)/uv venv --quiet --clear --python 3.11 $(OLDEST)
	$(BIN)/uv pip install --quiet --python $(OLDEST)/bin/python --constraint tests/oldest.txt \
	    --requirement pyproject.toml $(PROMISED:%=--extra %) --editable .
	@touch $@

$(ORACLES)/stamp: $(DEV) tests/oracles/weekly/constraints.txt
	$(BIN)/python -m venv $(ORACLES)
	$(ORACLES)/bin/pip install --quiet --quiet --no-compile \
	    --constraint tests/oracles/weekly/constraints.txt \
	    --editable '.[pandas]' hypothesis pytest skfolio skore tscv
	@touch $@

$(RIVALS)/stamp: $(DEV) benchmarks/rivals/constraints.txt
	$(BIN)/python -m venv $(RIVALS)
	PIP_CONSTRAINT= $(RIVALS)/bin/pip install --quiet --quiet \
	    --requirement benchmarks/rivals/constraints.txt
	@touch $@

.rivals/outlast/stamp: dist
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/pip install --quiet --quiet dist/*.whl
	@touch $@

# One environment per rival, as their needs exclude each other, and one for the packages of tables.
.rivals/%/stamp: benchmarks/foresight/environments/%.txt $(DEV)
	$(BIN)/python -m venv $(@D)
	PIP_CONSTRAINT= $(@D)/bin/pip install --quiet --quiet --requirement $<
	@touch $@
