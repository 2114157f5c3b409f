# `make rate` and `make chat` for a demo, `make check` after a change, `make test` for everything.

PYTHON ?= python3
PHOTO ?= examples/astronaut.jpg
VENV := .venv
BIN := $(VENV)/bin
# These files say for what packages are installed. Each goes on from the one above.
FOR_RATE := $(VENV)/.for-rate
FOR_CHAT := $(VENV)/.for-chat
FOR_TEST := $(VENV)/.for-test
# Python compiles what it imports, which is far less than pip would compile.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt

# Tests run in several processes with one OpenMP thread each: threads that spin while others wait
# for a core make everything many times slower. Bytecode is kept, because tests start attrai a
# hundred times. Long tests start first; the tests of a file run in one process and share fixtures.
PYTEST := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --dist loadfile --no-loadscope-reorder

.PHONY: rate chat check test lint types quick all programs bench format clean

rate: $(FOR_RATE)
	$(BIN)/attrai rate "$(PHOTO)"

chat: $(FOR_CHAT)
	$(BIN)/attrai sandbox --bot

check: $(FOR_TEST)
	@$(MAKE) --no-print-directory --jobs lint types quick

test: $(FOR_TEST) programs
	@$(MAKE) --no-print-directory --jobs lint types all

lint:
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types:
	$(BIN)/mypy

quick:
	$(PYTEST) --dist worksteal -q -n "$$(( 2 * $$(nproc) ))" --hypothesis-profile quick --ignore tests/training -m "not (servers or browser or engine or training or slow)"

# More processes than cores, here and above, because many tests mostly wait.
all:
	$(PYTEST) -n "$$(( $$(nproc) + 2 ))" --durations=20 --cov --cov-fail-under=94

# Installs the servers, the browser and the Docker engine that the tests start.
programs:
	@PATH="/usr/lib/rabbitmq/bin:$$PATH"; \
	missing=; for program in rabbitmq-server redis-server chromium dockerd debootstrap ip prometheus; do \
	  command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || \
	  missing="$$missing docker-compose"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	packages="rabbitmq-server redis-server chromium fonts-dejavu-core docker.io docker-compose \
	  debootstrap iproute2 prometheus"; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "Tests that need$$missing are skipped: apt-get install $$packages"; exit 0; fi; \
	echo "Installing $$packages for the tests"; \
	policy=/usr/sbin/policy-rc.d; \
	if [ ! -e $$policy ]; then \
	  printf '#!/bin/sh\nexit 101\n' >$$policy; chmod +x $$policy; trap "rm $$policy" EXIT; fi; \
	log=$$(mktemp); { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	  --no-install-recommends $$packages; } >$$log 2>&1 || { cat $$log; exit 1; }

bench: $(FOR_TEST)
	$(PIP) --group bench
	$(BIN)/python -m bench.stages
	$(BIN)/python -m bench.parts
	$(BIN)/python -m bench.isolation

format: $(FOR_TEST)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf $(VENV) dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(FOR_RATE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "attrai needs Python 3.11 or newer; name one with PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory venv-module
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(FOR_CHAT): $(FOR_RATE)
	$(PIP) -e '.[sandbox]'
	@touch $@

$(FOR_TEST): $(FOR_CHAT)
	$(PIP) --upgrade pip  # older ones know no dependency groups
	$(PIP) -e '.[api,charts,metrics,s3,sandbox,socks,training,webhook]' --group dev
	@touch $@

# Debian and Ubuntu package this part of Python separately.
.PHONY: venv-module
venv-module:
	@command -v apt-get >/dev/null || \
	  { echo "$(PYTHON) lacks the modules venv and ensurepip: install them first"; exit 1; }
	@echo "Installing python3-venv, which $(PYTHON) needs to make a virtual environment"
	@if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  $$sudo apt-get update -qq && \
	  $$sudo apt-get install -y -qq "$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
