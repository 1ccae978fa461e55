# Every target sets up what it needs: a virtual environment, the front end, a browser. Only Python and make must be there.
# PYTHON=python3.12 chooses the Python, ARGS="..." goes to the program that a target runs.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BROWSER := $(VENV)/.browser
KERNELS := $(VENV)/.kernels
WIDGET := ipyflow/notebook/static/widget.js
FRONTEND := $(shell find labextension -type d \( -name node_modules -o -path labextension/lib \) -prune -o -type f -print 2>/dev/null)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

# The default address, so that the one that is printed leads to the notebook too.
LAB_FLAGS := --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=notebooks --LabApp.default_url=/lab/tree/index.ipynb --ServerApp.log_level=WARN
ifeq ($(shell id -u),0)
LAB_FLAGS += --allow-root
endif
ifeq ($(shell uname)$(DISPLAY)$(WAYLAND_DISPLAY),Linux)
LAB_FLAGS += --no-browser
endif

.PHONY: help demo test matrix check bench docs clean
.DELETE_ON_ERROR:

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' Makefile | while IFS=: read -r name text; do printf '  make %-7s%s\n' "$$name" "$$text"; done

demo: $(INSTALLED) $(WIDGET) ## open JupyterLab on the index of the lessons (prints the URL)
	@echo "JupyterLab starts; open the address below. Ctrl-C, twice, ends it."
	@$(BIN)/jupyter lab $(LAB_FLAGS) $(ARGS)

test: $(INSTALLED) $(WIDGET) $(BROWSER) $(KERNELS) ## run every test: views (vitest), Python, kernels, browser (ARGS="-k name" for pytest)
	$(BIN)/python scripts/frontend.py npm test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

matrix: $(INSTALLED) $(WIDGET) $(BROWSER) $(KERNELS) ## test the views on every supported Python, JupyterLab and ipykernel (ARGS="3.13-4.6" for one)
	$(BIN)/python scripts/matrix.py $(ARGS)

check: $(INSTALLED) ## check style and types, Python and TypeScript
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python scripts/frontend.py npm run check

bench: $(INSTALLED) $(WIDGET) ## measure: each figure is a ratio to the bare executor in the same run
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(INSTALLED) ## write docs/api/ from the docstrings
	$(BIN)/python -m scripts.api $(ARGS)

clean: ## remove everything that make built
	rm -rf $(VENV) .matrix labextension/node_modules labextension/lib ipyflow/notebook/static ipyflow/labextension test-artifacts dist .mypy_cache .ruff_cache .pytest_cache

# The front end has a rule of its own below, so pip need not build it (and fetch Node) a second time.
$(INSTALLED): pyproject.toml hatch_build.py scripts/venv.sh
	sh scripts/venv.sh $(VENV)
	IPYFLOW_FRONTEND=skip $(BIN)/python -m pip install --quiet --editable '.[dev]'
	$(BIN)/jupyter labextension disable --level=sys_prefix '@jupyterlab/apputils-extension:announcements' 2>/dev/null # asks about news
	@touch $@

$(WIDGET): $(FRONTEND) | $(INSTALLED)
	$(BIN)/python scripts/frontend.py build
	$(BIN)/python scripts/frontend.py link
	@touch $@

$(BROWSER): | $(INSTALLED)
	$(BIN)/python scripts/chromium.py
	@touch $@

# Other ipykernels that tests run on: here, so that no test waits for the network.
$(KERNELS): tests/kernels.py | $(INSTALLED)
	$(BIN)/python -m tests.kernels
	@touch $@
