# Each target calls one script or module; nothing is decided here. Variables reach them by the environment, where no
# shell reads their values as commands. The live- targets act on a stack's own cluster: see docs/ci.md.
.PHONY: help setup setup-advise setup-bench setup-policy setup-release demo shell demo-down test test-fast test-long test-faults test-wheels mutants tools check audit bench sbom lock preview plan comment need-stack \
	live-preview live-drift live-up live-verify live-destroy

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## make .venv from the hashed lock files; leaves .venv/bin/wideep
	@sh scripts/setup.sh

setup-advise: setup ## add NVIDIA's estimator for `wideep advise` (850 MB)
	@sh scripts/setup.sh advise

setup-bench: setup ## add NVIDIA's load generator for `wideep bench`, in .venv-bench (1.1 GB)
	@sh scripts/setup.sh bench

demo: setup ## from nothing to an answered chat completion, on a simulated GPU cluster; DIFF=1, RELEASE=0.6.0
	@.venv/bin/python -m sim.demo up

shell: setup ## a shell in the demo's simulated cluster
	@.venv/bin/python -m sim shell

demo-down: setup ## destroy the demo's stacks, then the simulated cluster
	@.venv/bin/python -m sim.demo down

test: setup ## fast tests, then end to end on the simulated cluster
	@sh scripts/test.sh

test-fast: setup ## the tests that need no cluster
	@sh scripts/test.sh fast

tools: setup
	@.venv/bin/python -m sim tools

test-long: tools ## every example of the property tests, then the modules that take minutes each, on fresh clusters
	@HYPOTHESIS_PROFILE=full sh scripts/test.sh fast
	@for file in $$(grep -l "pytest\.mark\.long" tests/sim/test_*.py); do \
		.venv/bin/python -m pytest -q -m long $$file || exit 1; done

test-faults: tools ## every fault on the simulated cluster; writes docs/reliability.md
	@FAULTS=all .venv/bin/python -m pytest -q -m cluster tests/faults

test-wheels: setup ## what is known of each engine's flags, against its own wheel (pip downloads 125 MB, once)
	@.venv/bin/python -m pytest -q -m wheels tests/wheels

mutants: setup ## what the tests of a PART notice when one operator or value is wrong: memory, rules, graph, engine
	@sh scripts/setup.sh mutants
	@.venv-mutants/bin/python -m tests.mutants

check: setup ## lint, types, import rules
	@sh scripts/check.sh

bench: setup ## what the command and a plan cost here, as Markdown; BENCH="--cluster --graphs 1,10" for more
	@.venv/bin/python -m bench $$BENCH

plan: setup ## the plan of each stack as Markdown; with BASE=COMMIT, what has changed since
	@sh scripts/plan.sh "$$BASE"

preview: setup setup-policy ## preview STACK="dev prod" on the simulated cluster; OFFLINE=1: on none; OUTPUT=FOLDER
	@.venv/bin/python -m ci.preview $${STACK:-dev prod} $${OFFLINE:+--offline} $${OUTPUT:+--output "$$OUTPUT"}

setup-policy: setup
	@sh scripts/setup.sh policy

need-stack: # before anything is set up for it
	@stack="$$STACK" sh ci/need-stack.sh

live-preview live-drift live-up live-verify live-destroy: need-stack setup setup-policy
	@sh ci/live.sh $(@:live-%=%) "$$STACK" "$${OUTPUT:-previews}"

comment: need-stack setup
	@sh ci/comment.sh "$$STACK" "$$BASE" "$${OUTPUT:-previews}"

setup-release: setup
	@sh scripts/setup.sh release

audit: setup-release ## ask PyPI for known vulnerabilities of what the lock files pin
	@sh scripts/audit.sh

sbom: setup-release ## a bill of materials (CycloneDX) of each lock file, in build/sbom
	@sh scripts/sbom.sh

lock: setup ## write the lock files anew from the *.in files
	@sh scripts/lock.sh
