# The contributor's house: everything one needs to remember.

CARGO ?= cargo
# Where `make run` keeps its data and listens.
DATA ?= vekha-data
LISTEN ?= 127.0.0.1:8480

.PHONY: help run test ci bench new check fmt clean

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

run: ## builds and starts the product with demo data; needs only cargo and a C compiler
	$(CARGO) run --profile quick --package app --bin vekha -- demo --virtual-clock --data "$(DATA)" --listen "$(LISTEN)"

test: ## installs what is missing and runs every test
	bash scripts/test.sh

ci: ## what the server runs for every change
	CI=true bash .ci/run

bench: ## prints speed and memory as ratios in one run
	$(CARGO) bench --package app
	$(CARGO) bench --package store --bench million

new: ## make new KIND=robot NAME=call_back: the one file and the one line of a new trigger, robot or provider
	@bash scripts/new.sh "$(KIND)" "$(NAME)"

check: ## the quick part of the tests: lints and licences
	bash scripts/test.sh check

fmt: ## formats the code
	$(CARGO) fmt --all

clean: ## removes what was built and installed here; the data of `make run` stays
	$(CARGO) clean
	rm -rf .peers tests/browser/node_modules
