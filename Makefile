# make demo   install, and run the whole road on a made-up world
# make test   install, and run the tests that take seconds
# make slow   also the slow tests and those that read real checkpoints
# make demo-android  the same, and both models into the Android app
# make android  test the app and pack it, where Google's Maven is out of reach
# make check  lint, types and dependency rules

PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo demo-android android test slow check clean

demo: .venv/installed-export
	$(BIN)/albert-tf demo --out runs/demo

demo-android: demo
	$(BIN)/albert-tf export runs/demo/answerer --android android_demo \
		--validation runs/demo/world/held_out.json --validation-limit 400
	$(BIN)/albert-tf export runs/demo/classifier --android android_demo \
		--validation runs/demo/world/held_out.tsv

android: demo-android
	mvn --quiet --batch-mode --file android_demo/offline verify
	$(BIN)/python android_demo/offline/apk/make_apk.py
	$(BIN)/python android_demo/offline/apk/check_apk.py android_demo/offline/apk/target/albert_tf.apk

test: .venv/installed-dev
	$(BIN)/pytest --numprocesses auto --dist loadfile

# Those of the app build in one folder, so they take turns; what tests measured is printed at the end.
slow: .venv/installed-dev
	$(BIN)/pytest -m slow tests/android
	$(BIN)/pytest --numprocesses auto --dist loadfile -rP -m "slow or parity" --ignore tests/android

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Installs the package, editable, with one of its extras.
.venv/installed-%: setup.py constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check \
		--constraint constraints.txt --editable '.[$*]'
	touch $@

clean:
	rm -rf .venv runs *.egg-info
