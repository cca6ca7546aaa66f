# make demo: set up and group the digits.  make test: set up and run the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint bench page page-check setup dev clean

demo: setup
	$(BIN)/unpool demo --no-open

test: dev
	$(BIN)/pytest

lint: dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Slow checks and measurements, on a quiet machine.
bench: dev
	$(BIN)/pytest -m slow
	$(BIN)/python benchmarks/embed_speed.py
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/vgg_flops.py

# The viewer's page, from web/ into the package. Needs Node.js; using unpool does not.
page: web/node_modules/.installed
	cd web && npm run check && npm test && npm run build

page-check: page
	git diff --exit-code --stat -- src/unpool/viewer/static
	test -z "$$(git status --porcelain -- src/unpool/viewer/static)"

web/node_modules/.installed: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	touch $@

setup: $(VENV)/.installed
dev: $(VENV)/.installed-dev

# The stamps make the second time quick; a change of pyproject.toml installs anew.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet --editable ".[heic,tiff]"
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --disable-pip-version-check --quiet --editable ".[heic,tiff,dev]"
	touch $@

clean:
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache demo.unpool
