.PHONY: demo test tier2 check docs nightly mutants bench probe
PYTHON ?= python3

demo: ; $(PYTHON) bootstrap.py demo
test: ; $(PYTHON) bootstrap.py test
tier2: ; $(PYTHON) bootstrap.py tier2
check: ; $(PYTHON) bootstrap.py check
docs: ; $(PYTHON) bootstrap.py docs
nightly: ; HYPOTHESIS_PROFILE=nightly $(PYTHON) bootstrap.py test -m "not benchmark" && $(MAKE) probe && $(MAKE) mutants
mutants: ; $(PYTHON) bootstrap.py mutants
bench: ; $(PYTHON) bootstrap.py bench
probe: ; $(PYTHON) bootstrap.py probe
