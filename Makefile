# What a fresh machine needs: Python 3.11 or newer (with its venv module) and make.
# Another Python than `python3`: make PYTHON=python3.13 ...

PYTHON ?= python3
PORT ?= 8000
# How many processes run the tests: a number, or auto for one a core.
WORKERS ?= auto
# Handed on to pytest: make test TESTS="tests/oauth -k sliding"
TESTS ?=

# One environment to run the server, one to work on it: each holds exactly what its file locks.
RUN := .venv
DEV := .venv-dev
CLI := .venv-cli
IN_DEV := $(DEV)/bin/python -m
UV := build/uv/bin/uv
# Client libraries in JavaScript, for the tests that drive them; npm writes the second file.
CLIENTS := tests/browser/node
INSTALLED_CLIENTS := $(CLIENTS)/node_modules/.package-lock.json

LOCK := $(UV) pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --no-header --no-strip-extras

.DEFAULT_GOAL := help
.PHONY: help run cli test check checklist bench screenshots package format lock clean

help:
	@echo 'make run        serve on http://127.0.0.1:$(PORT) with everything in this process'
	@echo 'make cli        install the grantline command into $(CLI)'
	@echo 'make test       run the whole suite'
	@echo 'make check      lint, types, layers, coverage of the last test run, security'
	@echo 'make checklist  lines of the security checklist that no test names'
	@echo 'make bench      CPU, AWS calls and units of the token path'
	@echo 'make screenshots  the pictures of the console in docs/screenshots'
	@echo 'make package    the Lambda package and its template'
	@echo 'make format     format the code'
	@echo 'make lock       compile the requirements files from pyproject.toml'
	@echo 'make clean      remove everything that the above made'

run: $(RUN)/ready
	@PORT='$(PORT)' exec $(RUN)/bin/python -m chalicelib.local

# Not an editable install: the command must not change while files are edited.
cli: $(CLI)/ready
	@rm -rf build/cli && mkdir -p build/cli
	@cp -R pyproject.toml README.md LICENSE chalicelib build/cli
	@$(CLI)/bin/python -m pip install --quiet --no-input --disable-pip-version-check \
		--no-deps --no-build-isolation --force-reinstall build/cli
	@rm -rf build/cli
	@echo 'Installed: $(CLI)/bin/grantline --help'

test: $(DEV)/ready $(INSTALLED_CLIENTS)
	$(IN_DEV) pytest -rs -n $(WORKERS) -p tests.plugins.groups -p tests.plugins.skips \
		-p tests.plugins.checklist --cov --cov-report= --cov-fail-under=0 $(TESTS)

check: $(DEV)/ready
	$(IN_DEV) ruff check .
	$(IN_DEV) ruff format --check .
	$(IN_DEV) mypy --strict chalicelib app.py infra
	$(DEV)/bin/lint-imports
	$(IN_DEV) coverage report
	$(IN_DEV) bandit --quiet --configfile pyproject.toml --recursive chalicelib app.py infra
	$(DEV)/bin/python .ci/audit.py requirements-lambda.txt requirements-local.txt \
		requirements-cli.txt

checklist: $(DEV)/ready
	@$(IN_DEV) tests.plugins.checklist

bench: $(DEV)/ready
	@$(IN_DEV) tests.bench

screenshots: $(DEV)/ready
	@$(IN_DEV) tests.browser.screenshots

package: $(DEV)/ready
	@$(IN_DEV) infra.package

format: $(DEV)/ready
	$(IN_DEV) ruff check --select I --fix .
	$(IN_DEV) ruff format .

lock: $(UV)
	$(LOCK) -o requirements-lambda.txt pyproject.toml
	$(LOCK) --extra cli -o requirements-cli.txt pyproject.toml
	$(LOCK) --extra local -o requirements-local.txt pyproject.toml
	$(LOCK) --extra cli --extra local --extra package --extra test \
		-o requirements-dev.txt pyproject.toml

clean:
	rm -rf $(RUN) $(DEV) $(CLI) build .local .coverage .coverage.* htmlcov .hypothesis \
		.mypy_cache .pytest_cache .ruff_cache .import_linter_cache .chalice/deployments
	rm -rf $(CLIENTS)/node_modules
	find chalicelib tests infra -type d -name __pycache__ -prune -exec rm -rf {} +

$(CLI)/ready: requirements-cli.txt
$(RUN)/ready: requirements-local.txt
$(DEV)/ready: requirements-dev.txt

# Made anew whenever its requirements change, so that nothing of an older set stays behind.
%/ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; name one: make PYTHON=python3.13'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'This Python cannot make virtual environments:' \
		'install python3-venv (Debian, Ubuntu) or name another: make PYTHON=python3.13'; exit 1; }
	@echo 'Setting up $* from $<: the first time takes a minute.'
	@$(PYTHON) -m venv --clear $*
	@$*/bin/python -m pip install --quiet --no-input --disable-pip-version-check \
		--require-hashes -r $<
	@touch $@

# Without Node.js the tests that need it say so and are skipped.
$(INSTALLED_CLIENTS): $(CLIENTS)/package.json $(CLIENTS)/package-lock.json $(CLIENTS)/.npmrc
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		cd $(CLIENTS) && npm ci --loglevel=error && touch node_modules/.package-lock.json; \
	fi

$(UV):
	@$(PYTHON) -m venv build/uv
	@build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
