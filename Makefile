# Every target sets up what it needs: `make run` and `make test` work on a fresh checkout with python3, python3-venv and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
ECRIN := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

.PHONY: run setup tpm test check coverage bench faults clean

run: setup
	$(BIN)/ecrin serve

setup: .venv/.server

# Built from source, against libtss2-dev; without it the tests of the TPM skip themselves by name.
tpm: .venv/.tpm

test: .venv/.dev tests/clients/js/node_modules/.ready
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: .venv/.dev tests/clients/js/node_modules/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/docs

# Every branch of the pure rules and of the cryptography; a fixed seed, so that no branch is met by luck.
coverage: .venv/.dev
	$(BIN)/coverage run -m pytest -q -p no:cacheprovider --hypothesis-seed=0 -k "not postgres" \
		tests/crypto tests/updates --ignore tests/updates/fleet \
		$$(find tests -name 'test_*rules.py' -not -path '*/node_modules/*' -not -path 'tests/updates/*')
	$(BIN)/coverage report --include='*/rules.py,*/crypto/*' --fail-under=100 --show-missing --skip-covered

bench: .venv/.bench
	$(BIN)/python -m benchmarks $(ARGS)

faults: .venv/.dev
	$(BIN)/python -m pytest tests/faults --faults $(ARGS)

clean:
	rm -rf .venv tests/clients/js/node_modules benchmarks/peer/node_modules

.venv/.server: requirements/server.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements/server.txt
	$(ECRIN)
	touch $@

.venv/.dev: requirements/dev.txt .venv/.server
	$(PIP) -r requirements/dev.txt
	touch $@

.venv/.bench: requirements/bench.txt .venv/.dev
	$(PIP) -r requirements/bench.txt
	touch $@

.venv/.tpm: requirements/tpm.txt .venv/.server
	$(PIP) -r requirements/tpm.txt
	touch $@

# Without Node the tests that need it skip themselves by name.
tests/clients/js/node_modules/.ready: tests/clients/js/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix tests/clients/js --no-audit --no-fund --silent && touch $@; \
	else echo "npm is not installed: the tests that drive the JavaScript SDKs will be skipped"; fi
