.PHONY: demo test check docs nightly bench
PYTHON ?= python3

demo: ; $(PYTHON) bootstrap.py demo
test: ; $(PYTHON) bootstrap.py test
check: ; $(PYTHON) bootstrap.py check
docs: ; $(PYTHON) bootstrap.py docs
nightly: ; HYPOTHESIS_PROFILE=nightly $(PYTHON) bootstrap.py test -m "not benchmark"
bench: ; $(PYTHON) bootstrap.py bench
