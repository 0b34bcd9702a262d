# Each target calls one script or module; nothing is decided here.
.PHONY: help setup setup-advise demo demo-down test test-fast check lock

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## make .venv from the hashed lock files; leaves .venv/bin/wideep
	@sh scripts/setup.sh

setup-advise: setup ## add NVIDIA's estimator for `wideep advise` (850 MB)
	@sh scripts/setup-advise.sh

demo: setup ## from nothing to an answered chat completion, on a simulated GPU cluster
	@.venv/bin/python -m sim.demo up

demo-down: setup ## destroy the demo's stack, then the simulated cluster
	@.venv/bin/python -m sim.demo down

test: setup ## fast tests, then end to end on the simulated cluster
	@sh scripts/test.sh

test-fast: setup ## the tests that need no cluster
	@.venv/bin/python -m pytest -q -m "not cluster"

check: setup ## lint, types, import rules
	@sh scripts/check.sh

lock: setup ## write the lock files anew from the *.in files
	@sh scripts/lock.sh
