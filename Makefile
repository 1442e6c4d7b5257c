# Everything here first makes the environment ready, which takes no time when it is.
#   VENV=path    where to make it (default .venv)
#   PYTHON=path  use the environment of this interpreter instead; only what is missing is added
.PHONY: help env demo test lint check

VENV ?= .venv
PYTHON ?=
PY := $(if $(PYTHON),$(PYTHON),$(VENV)/bin/python)

help:
	@echo 'make env    create $(VENV), or complete it, with everything that is needed'
	@echo 'make demo   train, test and draw a small network on synthetic people'
	@echo 'make test   the test suite and ruff'
	@echo 'make lint   ruff only'
	@echo 'make check  what is installed, what was tested, what to do'
	@echo 'Options: VENV=path (another place), PYTHON=path (an existing environment)'

env:
ifeq ($(PYTHON),)
	@for python in python3.11 python3; do \
	  $$python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || continue; \
	  exec $$python tools/install.py --venv '$(VENV)'; \
	done; \
	echo 'Missing: Python 3.11. On Debian and Ubuntu:'; \
	echo '  sudo apt-get install python3.11 python3.11-venv python3.11-dev g++ make'; \
	exit 1
else
	@$(PYTHON) tools/install.py
endif

demo: env
	$(PY) tools/demo.py

test: env
	$(PY) -m pytest -n auto
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

lint: env
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

check:
	@$(if $(wildcard $(PY)),$(PY),python3) tools/check_env.py
