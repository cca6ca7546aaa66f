# make demo: set up and group the digits.  make test-fast: the inner loop.  make test: what must pass before a change lands.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two processes of one thread each; on a larger machine: make test JOBS=8
JOBS ?= 2
# Images for containers set it; then every process that a test starts compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/pytest -n $(JOBS) --dist worksteal

.PHONY: demo test test-fast test-slow test-all coverage house lint bench page page-check docs reference setup dev clean

demo: setup
	$(BIN)/unpool demo --no-open

# No processes, no browser, no whole runs.
test-fast: dev
	$(PYTEST) -m "not slow and not heavy and not integration"

test: dev
	$(PYTEST)

# What takes longest and is guarded in part by the others: every kill, every long training.
test-slow: dev
	$(PYTEST) -m "slow or heavy"

test-all: dev
	$(PYTEST) -m ""

# Lines of src/unpool that the tests run, those run in processes that they start included.
coverage: dev
	mkdir -p .coverage
	$(PYTEST) --cov --cov-report=term --cov-report=html:.coverage/html

# Sizes, signatures and tests of the source, counted.
house: dev
	$(BIN)/python tests/support/house.py

lint: dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# unpool beside other programs and the limits of the machine: docs/peers.md. On a quiet machine, about 40 minutes.
# make bench DATA=FOLDER takes images from FOLDER; make bench BENCH="--quick --out quick.json" sees whether everything runs.
bench: dev
	$(BIN)/python -m benchmarks.peers $(if $(DATA),--data $(DATA)) $(BENCH)

# The viewer's page, from web/ into the package. Needs Node.js; using unpool does not.
page: web/node_modules/.installed dev
	$(BIN)/python web/generate_types.py
	cd web && npm run check && npm test && npm run build

page-check: page
	git diff --exit-code --stat -- src/unpool/viewer/static web/src/data/api.ts
	test -z "$$(git status --porcelain -- src/unpool/viewer/static)"

web/node_modules/.installed: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	touch $@

# The pages of docs/ as HTML in docs/_build/html; a warning is an error.
docs: $(VENV)/.installed-docs reference
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

# docs/reference/ from the commands, public names and registries; a test compares them.
reference: dev
	$(BIN)/python docs/generate_reference.py

setup: $(VENV)/.installed
dev: $(VENV)/.installed-dev

# The stamps make the second time quick; a change of pyproject.toml installs anew.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet --editable ".[heic]"
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --disable-pip-version-check --quiet --editable ".[heic,dev]"
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed-dev
	$(BIN)/pip install --disable-pip-version-check --quiet --editable ".[heic,dev,docs]"
	touch $@

clean:
	rm -rf $(VENV) dist docs/_build .coverage .mypy_cache .pytest_cache .ruff_cache demo.unpool
