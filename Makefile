# make demo: install, run the default study, print its matrix. make help lists the rest.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

LOCKED := $(if $(filter cpu,$(DEVICE)),envs/cpu.txt,requirements.lock)
#: PyTorch's builds for processors, of the locked versions; their index is uv's to know, and no hash of theirs is locked
TORCH := $(shell sed -n 's/^\(torch\|torchvision\)==\([^ ]*\) .*/\1==\2/p' requirements.lock)

.PHONY: help install demo check test test-unit test-all coverage soak fuzz lint format docs site release conformance bench rehearse calibration audit upgrade lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/installed ## make .venv with the locked packages; DEVICE=cpu without 6 GB that only GPUs need

.venv/installed: requirements.lock envs/uv.txt envs/cpu.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "CrossRay needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement envs/uv.txt
	.venv/bin/uv pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes $(LOCKED)
ifeq ($(DEVICE),cpu)
	.venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --no-deps --torch-backend cpu $(TORCH)
endif
	@touch $@

demo: install ## run the study of three simulated hospitals
	@snakemake --cores all

check: install ## check a study before it runs: make check STUDY=config/studies/NAME.yaml
	@snakemake check --cores 1 $(if $(STUDY),--configfile $(STUDY))

#: two workers; the lists of the slowest tests show what to make faster
PYTEST = python -m pytest --numprocesses 2 --no-loadscope-reorder --durations 25
#: what takes long and what few changes break: archives, faults, SLURM, browsers, whole studies
LONG = archive or browser or faults or slurm or whole

test: install ## run the tests of everything that a change of code can break, in minutes
	@$(PYTEST) tests/workflow tests/unit tests/gpu -m "not ($(LONG))"

test-unit: install ## run the tests of single functions and programs
	@$(PYTEST) tests/unit -m "not ($(LONG) or slow)"

test-all: install ## run the other tests: archives, faults, SLURM, browsers, whole studies
	@$(PYTEST) --numprocesses 3 tests/workflow tests/unit -m "$(LONG)"

coverage: install ## run the tests of make test and list the lines of the library that none of them runs; 95% must be
	@coverage erase
	@coverage run -m pytest --numprocesses 2 --no-loadscope-reorder tests/workflow tests/unit -m "not ($(LONG))"
	@coverage combine --quiet
	@coverage report

soak: install ## strike runs at random for MINUTES=40 and append the counts to docs/robustness.md
	@python tests/soak.py --minutes $(or $(MINUTES),40)

fuzz: install ## read FILES=10000 damaged DICOM files and CASES=2000 tables and studies; none may kill, hang or surprise
	@python tests/fuzz_dicom.py --files $(or $(FILES),10000)
	@python tests/fuzz_tables.py --cases $(or $(CASES),2000)

lint: install ## check style, types, architecture and the workflow
	@ruff check . && ruff format --check .
	@snakefmt --check Snakefile workflow
	@mypy
	@PYTHONPATH=workflow/scripts lint-imports
	@snakemake --lint

format: install ## mend style
	@ruff check --fix . && ruff format .
	@snakefmt Snakefile workflow

docs: install ## write the parts of the docs that come from the code
	@python docs/config_reference.py
	@python docs/table_reference.py
	@python docs/command_reference.py
	@python docs/label_comparison.py
	@python docs/third_party.py

site: install ## build the docs as a site, in the folder site; a link to nothing is an error
	@NO_MKDOCS_2_WARNING=1 mkdocs build --strict
	@echo "Open site/index.html, or, to search it: python -m http.server --directory site"

release: install ## set the version, build wheel and sdist in dist, commit and tag: make release VERSION=1.0.0
	@python envs/release.py $(VERSION)

conformance: install ## convert pydicom's test files, compare with other decoders, write docs/dicom-conformance.md
	@python docs/conformance.py --write

bench: install ## measure how fast everything is, write benchmarks/results, docs/performance.md and docs/cost-at-scale.md
	@status=0; python benchmarks/run.py $(SUBJECTS) || status=1; \
	python docs/performance.py && python docs/cost_at_scale.py && exit $$status

rehearse: install ## run what the paper's study needs on shards of its size, a tenth without a GPU; write docs/rehearsal.md
	@PYTHONPATH=workflow/scripts python benchmarks/rehearse.py $(REHEARSE)
	@python docs/rehearsal.py

calibration: install ## draw how often intervals cover and tests reject, DRAWS=2000 a cell; write docs/calibration.md
	@python docs/calibration.py --draws $(or $(DRAWS),2000)
	@python docs/verdicts.py
	@python docs/film_lists.py
	@python docs/planned_widths.py
	@python docs/decision_truth.py
	@python docs/monitoring_scores.py
	@python docs/adaptation_scores.py

audit: install ## compare requirements.lock with the public advisories about its packages (needs a network)
	@python docs/audit.py

upgrade: install ## take the newest packages that pyproject.toml allows; list what changes in pixels and numbers, and test
	@python envs/upgrade.py

lock: ## compile requirements.lock from pyproject.toml (needs uv)
	uv pip compile $(UPGRADE) --universal --generate-hashes --no-header --quiet --group pyproject.toml:dev pyproject.toml -o requirements.lock
	python envs/cpu.py
