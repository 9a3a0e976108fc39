# `make help` lists what this can do. Everything here runs on a fresh Debian or Ubuntu with
# Python 3.11 or later; tools/bootstrap.sh installs the rest, once.

PYTHON := .venv/bin/python
FOR_RUN := .venv/.installed-for-run
FOR_TEST := .venv/.installed-for-test
FOR_PACKAGE := .venv/.installed-for-package

.DEFAULT_GOAL := help
.PHONY: help run test check proof golden bench bench-peers vulkan-proof evaluate model lock clean package package-lint package-test package-deb package-appimage

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(FOR_RUN) ## Install what is missing and open Ponder (PONDER_ARGS="ask 'What is 47 * 36?'")
	@$(PYTHON) -m ui $(PONDER_ARGS)

test: $(FOR_TEST) ## Run all tests, without a network (PYTEST_ARGS="tests/app -k settings")
	@tools/test.sh $(PYTEST_ARGS)

check: $(FOR_TEST) ## Lint, formatting, types, and who may import whom
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

proof: $(FOR_TEST) ## Run the property tests for thousands of new examples, and every spoilt model file
	@PONDER_PROOF=1 tools/test.sh -m "hypothesis or proof" --timeout 3600 $(PYTEST_ARGS)

golden: $(FOR_TEST) ## Make the pictures anew that the window is compared with (GOLDEN_ARGS="find loop")
	@$(PYTHON) -m tests.golden.remake $(GOLDEN_ARGS)

bench-peers: $(FOR_TEST) ## Measure the engine against llama-server (builds it once, outside the tree)
	@tools/bench_peers.sh

bench: $(FOR_TEST) ## Measure: one JSON object a line
	@$(PYTHON) -m tests.bench

vulkan-proof: $(FOR_TEST) ## Build llama.cpp's Vulkan backend, outside the tree, and run it on a software device
	@tools/vulkan_proof.sh

evaluate: $(FOR_TEST) ## Measure how well the model in the box calculates
	@$(PYTHON) -m tools.ponder_mini.evaluate

model: $(FOR_TEST) ## Train the model in the box anew (up to two hours)
	@tools/train.sh

package: $(FOR_PACKAGE) ## Make the packages for Linux in dist/ (the first time builds llama.cpp: half an hour)
	@packaging/package.sh

package-deb: $(FOR_PACKAGE) ## Only the .deb anew, of what `make package` froze
	@packaging/deb.sh

package-appimage: ## An AppImage of what `make package` froze, where appimagetool is there
	@packaging/appimage.sh

package-lint: ## Check the packages in dist/ with lintian and the desktop's validators
	@packaging/lint.sh

package-test: $(FOR_PACKAGE) ## Install the .deb on a clean Debian, use it without a network, remove it (as root)
	@packaging/test/package_test.sh

lock: ## Write requirements/*.txt anew after a change of the dependencies
	@tools/lock.sh

clean: ## Delete what the tools left behind (.venv stays)
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

$(FOR_RUN): requirements/build.txt requirements/run.txt pyproject.toml
	@tools/bootstrap.sh run

$(FOR_PACKAGE): $(FOR_RUN) requirements/package.txt
	@tools/bootstrap.sh package

$(FOR_TEST): $(FOR_RUN) requirements/dev.txt requirements/smollm2.txt
	@tools/bootstrap.sh test
