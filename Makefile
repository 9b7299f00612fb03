# What each target is for: `make help`. The environment is made when it is first needed.

VENV := .venv
PYTHON := $(VENV)/bin/python
CLUSTER_DIR ?= $(CURDIR)/.cluster
export CLUSTER_DIR

ARGS ?=
BENCH ?=
N ?=
ONLY ?=
SEED ?=
KILLS ?= 300
TASKS ?= 200

# The cluster's own programs, else the machine's; on the cluster that CRONWRIGHT_TEST_KUBECONFIG or
# KUBECONFIG names, the first of them first, else ours.
ON_CLUSTER = PATH="$(CLUSTER_DIR)/bin:$$PATH" \
  KUBECONFIG="$${CRONWRIGHT_TEST_KUBECONFIG:-$${KUBECONFIG:-$(CLUSTER_DIR)/kubeconfig}}"

.DEFAULT_GOAL := help
.PHONY: help install cluster down run demo test soak chaos lint format docs crds kubectl helm bench

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/installed ## the environment, in .venv

# uv installs in seconds what takes pip a minute, and pip brings it; where uv can't reach the
# package index, as behind a proxy that only pip is set up for, pip does it all.
$(VENV)/installed: pyproject.toml constraints.txt
	@echo "installing the environment into $(VENV)"
	@test -x $(PYTHON) || python3 -m venv $(VENV)
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@$(VENV)/bin/uv pip install --quiet --python $(PYTHON) -c constraints.txt -e '.[dev]' || \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

cluster: install ## a local Kubernetes in the background; its kubeconfig is .cluster/kubeconfig
	@$(PYTHON) -m dev.cluster up

down: ## stop what `cluster` and `demo` started
	@if test -x $(PYTHON); then $(PYTHON) -m dev.cluster down; fi

run: install ## operator and API in the foreground, the API on 127.0.0.1:8080
	@$(PYTHON) -m dev.run

demo: install ## see it work: cluster, operator, API and examples, left running
	@$(PYTHON) -m dev.demo

test: install ## the whole suite, the cluster tests included
	@$(PYTHON) -m dev.cluster up --unless-named
	@$(VENV)/bin/pytest -n 4 --dist loadfile $(ARGS)

soak: install ## the tests that take longer; ONLY=name one of them
	@$(PYTHON) -m dev.cluster up --unless-named
	@$(VENV)/bin/pytest -m soak $(if $(ONLY),-k '$(ONLY)') $(ARGS)

chaos: install ## the large chaos run; SEED=1 KILLS=300 TASKS=200
	@SEED=$(SEED) KILLS=$(KILLS) TASKS=$(TASKS) $(VENV)/bin/pytest -s -m soak \
	  tests/faults/test_chaos.py $(ARGS)

lint: install ## style, types and layers
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

format: install ## formats the code
	@$(VENV)/bin/ruff check --fix --quiet
	@$(VENV)/bin/ruff format --quiet

crds: install ## the CRD, from the models
	@$(VENV)/bin/cronwright crd > crds/cronwright.dev_scheduledtasks.yaml
	@cp crds/cronwright.dev_scheduledtasks.yaml charts/cronwright/files/

docs: install ## what is made from the code: the reference, tables of metrics, logs and values
	@$(PYTHON) -c 'from cronwright.model.reference import reference; print(reference(), end="")' > docs/reference.md
	@$(PYTHON) -m dev.docs.tables
	@$(PYTHON) -m dev.chart.readme

kubectl: ## the cluster's kubectl: make kubectl ARGS="get stask"
	@$(ON_CLUSTER) kubectl $(ARGS)

helm: ## the cluster's helm: make helm ARGS="list -A"
	@$(ON_CLUSTER) helm $(ARGS)

bench: install ## every benchmark; BENCH=adopt one of them, N=1000 its size
	@$(PYTHON) -m tests.bench $(BENCH) $(if $(N),--n $(N)) $(ARGS)
