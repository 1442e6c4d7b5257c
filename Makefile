# Everything here first makes the environment ready, which takes no time when it is.
#   VENV=path    where to make it (default .venv)
#   PYTHON=path  use the environment of this interpreter instead; only what is missing is added
#   OPS=1        compile mmcv's operators, which the networks of this project do not use
#   TORCH=cpu    torch without CUDA, from PyTorch's own index

# Where it is set, every process compiles what it imports anew, torch and all.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help env demo test lint check soak

VENV ?= .venv
PYTHON ?=
OPS ?=
TORCH ?=
# Not every shell puts the home folder there.
override VENV := $(patsubst ~/%,$(HOME)/%,$(VENV))
override PYTHON := $(patsubst ~/%,$(HOME)/%,$(PYTHON))
PY := $(if $(PYTHON),$(PYTHON),$(VENV)/bin/python)
# mmcv's setup.py runs on no newer one.
LAST := $(if $(OPS),12,14)
PYTHONS := $(if $(OPS),,python3.14 python3.13) python3.12 python3.11 python3
OPTIONS := $(if $(OPS),--ops) $(if $(TORCH),--torch $(TORCH))

help:
	@echo 'make env    create $(VENV), or complete it, with everything that is needed'
	@echo 'make demo   train, test and draw a small network on synthetic people'
	@echo 'make test   the test suite and ruff'
	@echo 'make lint   ruff only'
	@echo 'make soak   kill a training at many moments; KILLS=12 random ones'
	@echo 'make check  what is installed, what was tested, what to do'
	@echo 'Options: VENV=path (another place), PYTHON=path (an existing environment),'
	@echo "         OPS=1 (mmcv's operators, compiled), TORCH=cpu (torch without CUDA)"

# The first Python of a tested version that can make environments, or any, which says what it lacks.
env:
ifeq ($(PYTHON),)
	@for python in $(PYTHONS); do \
	  $$python -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $(LAST)))' \
	    2>/dev/null || continue; \
	  exec $$python tools/install.py --venv '$(VENV)' $(OPTIONS); \
	done; \
	for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	  $$python -c '' 2>/dev/null || continue; \
	  exec $$python tools/install.py --venv '$(VENV)' $(OPTIONS); \
	done; \
	echo 'Missing: Python 3.11, 3.12, 3.13 or 3.14'; \
	echo 'On Debian and Ubuntu: sudo apt-get install python3 python3-venv'; \
	echo 'On Fedora: sudo dnf install python3; on macOS: brew install python@3.14'; \
	exit 1
else
	@'$(PYTHON)' tools/install.py $(OPTIONS)
endif

demo: env
	'$(PY)' tools/demo.py

test: env
	'$(PY)' -m pytest -n auto
	'$(PY)' -m ruff check .
	'$(PY)' -m ruff format --check .

# Kills the training of a small MSSH at 14 chosen moments and at KILLS random ones, every fourth
# in the writing of a checkpoint.
KILLS ?= 12
soak: env
	MSSH_SOAK=1 MSSH_KILLS=$(KILLS) '$(PY)' -m pytest -q -s -k kills tests/test_interruptions.py

lint: env
	'$(PY)' -m ruff check .
	'$(PY)' -m ruff format --check .

check:
ifeq ($(PYTHON),)
	@if test -x '$(PY)'; then exec '$(PY)' tools/check_env.py; else exec python3 tools/check_env.py; fi
else
	@'$(PYTHON)' tools/check_env.py
endif
