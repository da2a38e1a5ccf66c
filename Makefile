# Every target sets itself up: Python 3.11+, git and make are all that must be there.
# WORKERS=1 runs the tests in one process; PYTHON=... names the interpreter for the environment.

VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# Evaluated only when the environment is made: the first interpreter that is new enough.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$p"; break; }; done)
# pyspark is a 400 MB download and useless without Java.
SPARK = $(shell java -version >/dev/null 2>&1 && echo ,spark)
PIP_INSTALL = $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -c constraints.txt
# The published benchmark set is measured where the benchmark data are.
BEAUTY = $(if $(UNSUNG_DATA),--beauty $(UNSUNG_DATA)/amazon_beauty_2014_5core)
EXACT_ROOMS := */unsung/popularity/*,*/unsung/statistics/*,*/unsung/evaluation/*

.PHONY: help demo test check docs long
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed-demo ## From a real shop's order lines to lists and a report in demo-out/
	$(BIN)/unsung demo --out demo-out

test: $(VENV)/.installed-dev ## Run the tests with branch coverage (at least 90 %)
	@$(BIN)/coverage erase
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile \
		--cov --cov-branch --cov-report=term:skip-covered --cov-fail-under=90
	@$(BIN)/coverage report --include='$(EXACT_ROOMS)' --fail-under=100 --format=total >/dev/null \
		|| { echo "popularity, statistics and evaluation must be covered to 100 %:" >&2; \
		$(BIN)/coverage report --include='$(EXACT_ROOMS)' --skip-covered --show-missing >&2; exit 1; }

check: $(VENV)/.installed-dev ## Style, types and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-dev ## Build the documentation into site/
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "Open site/index.html"

long: $(VENV)/.installed-dev ## Measure what the docs say, into long-out/ (hours; each line stands alone)
	@mkdir -p long-out
	$(BIN)/unsung demo --out long-out/demo
	$(BIN)/python benchmarks/recommend.py long-out/demo/bundle | tee long-out/recommend.json
	$(BIN)/python benchmarks/latency.py long-out/demo/bundle | tee long-out/latency.json
	$(BIN)/python benchmarks/sizing.py | tee long-out/sizing.json
	$(BIN)/python benchmarks/console.py long-out/demo/bundle | tee long-out/console.json
	$(BIN)/python benchmarks/service.py all long-out/demo/bundle | tee long-out/service.json
	$(BIN)/python benchmarks/service.py kills long-out/demo/bundle --kills 200 | tee long-out/service-kills.json
	$(BIN)/python benchmarks/service.py leaks long-out/demo/bundle --seconds 1800 | tee long-out/service-leaks.json
	$(BIN)/python benchmarks/prepare_rows.py --rows 10000000 | tee long-out/prepare_rows.json
	$(BIN)/python benchmarks/reproduce.py $(BEAUTY) | tee long-out/reproduce.json
	$(BIN)/python benchmarks/finetune.py | tee long-out/finetune.json
	$(BIN)/python benchmarks/weighing.py | tee long-out/weighing.json
	$(BIN)/python benchmarks/local_linear.py | tee long-out/local_linear.json
	$(BIN)/python benchmarks/forget.py | tee long-out/forget.json
	$(BIN)/python benchmarks/ranker.py | tee long-out/ranker.json
	$(BIN)/python benchmarks/certificate.py | tee long-out/certificate.json
	$(BIN)/python benchmarks/dial.py | tee long-out/dial.json
	$(BIN)/python benchmarks/rerank.py speed | tee long-out/rerank.json
	$(BIN)/python benchmarks/frontier.py --pools long-out/frontier-pools | tee long-out/frontier.json
	$(BIN)/python benchmarks/simulation.py --months 4 | tee long-out/simulation.json
	$(BIN)/python benchmarks/experiment.py | tee long-out/experiment.json
	$(BIN)/python benchmarks/warm_up.py | tee long-out/warm_up.json
	$(BIN)/python benchmarks/gems.py online_retail --encoder | tee long-out/gems.json
	$(BIN)/python benchmarks/interest.py --shops online_retail | tee long-out/interest.json
	$(BIN)/python benchmarks/outlook.py online_retail | tee long-out/outlook.json
	$(BIN)/python benchmarks/durability.py all | tee long-out/durability.json

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "Unsung needs Python 3.11 or newer, and none was found \
	(python3 is `python3 --version 2>&1`). Install it, or name it: make PYTHON=/path/to/python3.12" \
	>&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Unsung needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "$(PYTHON) can't make environments; \
	on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed-demo: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing Unsung and what it trains with (a few minutes the first time)"
	$(PIP_INSTALL) -e '.[train]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing Unsung and its tools (a few minutes the first time)"
	$(PIP_INSTALL) -e '.[train,dev$(SPARK)]'
	@touch $@ $(VENV)/.installed-demo
