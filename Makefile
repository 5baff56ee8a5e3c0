# k8slab: `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DIR ?= tests/reference
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help lab test check bench lite lite-panel lite-site lines reference fuzz notebooks format clean browser serve

help:  ## Say what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[lab,server,test,check]'
	@touch $@

browser: $(STAMP)  ## Find or install a Chromium for the browser tests
	@$(BIN)/python scripts/ensure_browser.py

lab: $(STAMP)  ## Open JupyterLab on the first tutorial (prints the URL where there is no browser)
	$(BIN)/python scripts/open_lab.py notebooks/01-statefulset.ipynb

test: $(STAMP) check browser  ## Everything that must pass: check, unit, golden, property, notebook and browser tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests
	$(BIN)/python -m pytest --nbval -n 2 --dist loadfile notebooks
	$(BIN)/python scripts/build_notebooks.py --check

check: $(STAMP)  ## ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) browser  ## Measure, beside the recorded figures of a real control plane
	$(BIN)/python -m benchmarks

lite: $(STAMP)  ## Run the lab in the Python of JupyterLite (fetches Pyodide; needs node and npm)
	npm install --silent --no-save --no-audit --no-fund --prefix build/lite pyodide
	$(BIN)/python -m pytest lite/test_lite.py

LITE := build/lite/python
$(LITE)/.installed: pyproject.toml
	$(PYTHON) -m venv $(LITE)
	$(LITE)/bin/python -m pip install --quiet '.[lite]'
	@touch $@

lite-site: $(LITE)/.installed  ## Build a JupyterLite site of the tutorials, to be published: build/lite/published
	$(LITE)/bin/python scripts/build_lite.py build/lite/published

lite-panel: $(STAMP) $(LITE)/.installed browser  ## Build a JupyterLite site that carries Pyodide, and use its panel in a browser
	npm install --silent --no-save --no-audit --no-fund --prefix build/lite/kernel \
		pyodide@$$($(LITE)/bin/python -c 'import jupyterlite_pyodide_kernel.constants as known; print(known.PYODIDE_VERSION)')
	$(LITE)/bin/python scripts/build_lite.py --pyodide build/lite/kernel/node_modules/pyodide
	$(BIN)/python -m pytest lite/test_panel.py

reference: $(STAMP)  ## Compare with recorded facts: make reference DIR=… [OVER=http] [VERBOSE=1] [CATEGORIES=…]
	$(BIN)/python -m k8slab.reference $(DIR) $(CATEGORIES)

fuzz: $(STAMP)  ## Send a served lab 20,000 requests with something wrong in them
	K8SLAB_FUZZ_REQUESTS=20000 $(BIN)/python -m pytest -n 2 tests/server/test_fuzz.py

lines: $(STAMP)  ## Give every command line there is to the kubectl binary and to the in-process one, and compare
	K8SLAB_LINES=all $(BIN)/python -m pytest tests/server/test_command_lines.py

crowd: $(STAMP) browser  ## Make a picture of 150,000 Pods on 5,000 nodes, and look into it down to one Pod
	K8SLAB_CROWD="5000 150000" $(BIN)/python -m pytest --durations=0 tests/scene/test_large.py tests/panel/test_crowd.py

e2e: $(STAMP)  ## Run upstream's end-to-end tests on a served lab: make e2e E2E=path/to/e2e.test [FOCUS=…] [SKIP=…]
	$(BIN)/python scripts/run_e2e.py $(E2E) --focus '$(or $(FOCUS),\[sig-apps\].*\[Conformance\])' $(if $(SKIP),--skip '$(SKIP)')

notebooks: $(STAMP)  ## Run the tutorials' sources and write the notebooks with their outputs
	$(BIN)/python scripts/build_notebooks.py

format: $(STAMP)  ## Format the code
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

clean:  ## Remove what was built
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
