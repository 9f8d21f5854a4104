# Every target sets up what it needs; a Python 3.11 or newer is all that has to be there.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test bench fixtures docs lock sbom vulnerabilities clean

demo: $(VENV)/ready  ## audit the recording that ships with the tool
	$(BIN)/audit demo --fail-on never

test: $(VENV)/ready-dev  ## everything that must pass: ruff, mypy, pytest
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(VENV)/ready-dev  ## measure time, memory and requests: docs/performance.md says what the figures mean
	$(BIN)/python -m benchmarks

fixtures: $(VENV)/ready-dev  ## write the recordings under fixtures/ again
	$(BIN)/python -m tests.arm.record

docs: $(VENV)/ready-dev  ## write the generated documents under docs/ again
	$(BIN)/python -m tests.documents

lock: $(VENV)/ready-dev  ## resolve the dependencies again, with hashes and without index lines
	$(BIN)/pip-compile $(LOCK) -o requirements.txt pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	$(BIN)/pip-compile $(filter-out --all-build-deps,$(LOCK)) -o requirements-supply.txt requirements-supply.in

LOCK := --quiet --upgrade --generate-hashes --all-build-deps --allow-unsafe --strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

sbom: $(VENV)-supply/ready  ## a CycloneDX bill of materials of what an installation gets, hashes included
	mkdir -p build
	$(VENV)-supply/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file build/sbom.cdx.json requirements.txt

vulnerabilities: $(VENV)-supply/ready  ## what is known against the locked packages; asks a public service
	$(VENV)-supply/bin/pip-audit --disable-pip --require-hashes -r requirements.txt
	$(VENV)-supply/bin/pip-audit --disable-pip --require-hashes -r requirements-dev.txt

$(VENV)/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(COMPILE)
	touch $@

$(VENV)/ready-dev: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(COMPILE)
	touch $@

$(VENV)-supply/ready: requirements-supply.txt
	$(PYTHON) -m venv $(VENV)-supply
	$(VENV)-supply/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-supply.txt
	touch $@

# As pip does with what it copies: else every run compiles it anew where PYTHONDONTWRITEBYTECODE is set.
COMPILE := $(BIN)/python -m compileall -q auditor collectors rules

clean:
	rm -rf $(VENV) $(VENV)-supply build dist *.egg-info
