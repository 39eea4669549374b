# SPDX-License-Identifier: Apache-2.0
# make demo   see it work, with real programs and a throw-away PKI
# make check  everything that must hold before a change is shared
# make help   the rest

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints/tested.txt

GROUND_FLOOR       := src/ssm/envelope/*,src/ssm/protocols/*,src/ssm/records/*,src/ssm/names.py,src/ssm/errors.py
GROUND_FLOOR_TESTS := tests/unit/envelope tests/unit/protocols tests/unit/records tests/unit/test_names.py \
                      tests/unit/test_errors.py

.DEFAULT_GOAL := help
include servers.mk

$(VENV)/installed: pyproject.toml constraints/tested.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[report]'
	@touch $@

$(VENV)/installed-ams: $(VENV)/installed
	$(PIP) --editable '.[ams,report]'
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(PIP) --editable '.[test]'
	@touch $@

.PHONY: help install demo demo-all check fix format lint types imports test cover bench bench-records clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/installed ## make .venv with the program in it

demo: install ## the whole way, from a spool to a spool, with things going wrong
	@$(BIN)/ssm demo

demo-all: $(VENV)/installed-ams ## the same by every way in: SSM 1, SSM 2 over STOMP, SSM 2 over AMS
	@$(BIN)/ssm demo --all

format: $(VENV)/installed-test ## is everything formatted?
	$(BIN)/ruff format --check .

lint: $(VENV)/installed-test ## does it follow the rules?
	$(BIN)/ruff check .

types: $(VENV)/installed-test ## do the types hold?
	$(BIN)/mypy

imports: $(VENV)/installed-test ## do imports only go down?
	$(BIN)/lint-imports --no-cache

test: $(VENV)/installed-test ## all tests, with real servers where they are installed
	$(BIN)/pytest -q -n 2 --dist loadgroup

# Without the tests that draw their examples by chance, so that the figure is the same on every run.
cover: $(VENV)/installed-test ## does every branch of the ground floor have a unit test? (a minute)
	@mkdir -p build && rm -f build/.coverage*
	$(BIN)/coverage run --data-file=build/.coverage -m pytest -q -m 'not hypothesis' $(GROUND_FLOOR_TESTS)
	$(BIN)/coverage combine -q --data-file=build/.coverage build
	$(BIN)/coverage report --data-file=build/.coverage --include='$(GROUND_FLOOR)' --fail-under=100

check: format lint types imports test cover ## all of the above: the truth about a change

fix: $(VENV)/installed-test ## format, and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed-test ## measure, beside a real broker (a quarter of an hour)
	$(BIN)/python bench/run.py

bench-records: $(VENV)/installed-test ## measure reading, checking and writing of records (a few minutes)
	$(BIN)/python bench/records.py

clean: ## remove what make has made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
