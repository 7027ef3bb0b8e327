# The commands that people and CI use. On Windows, see the README for the same in plain pip.
PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
LESSONS := $(wildcard notebooks/source/*.md)

.PHONY: lab grade nbgrader test lint notebooks publish test-published bundle classroom bench bench-speed clean

lab: .venv/.lab ## open the lessons
	$(BIN)/python -m softmax_lessons

grade: .venv/.grade ## grade the notebooks in FOLDER
	$(BIN)/python -m softmax_lessons grade $(FOLDER)

nbgrader: .venv/.grade ## write the lessons as a course for nbgrader, into build/nbgrader
	$(BIN)/python -m softmax_lessons.grading.export build/nbgrader

test: .venv/.test ## run every test
	$(BIN)/python -m pytest tests
	$(BIN)/python -m pytest $(NBVAL) notebooks

lint: .venv/.test ## style and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/typos

# one notebook at a time: kernels that start together may choose the same port and die of it
# (jupyter_client#487)
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=60 --nbval-sanitize-with=tests/nbval.cfg
test test-published: export OMP_NUM_THREADS = 1

publish: .venv/.publish publish/node_modules/.package-lock.json ## make copies, handouts, slides and the site, into build/
	$(BIN)/python -m publish

test-published: bundle .venv/.classroom classroom/node_modules/.package-lock.json ## look at all of it, pages in a browser
	$(BIN)/python -m pytest publish/checks
	$(BIN)/python -m pytest $(NBVAL) build/student build/student_without_outputs build/answers

bundle: publish ## make a folder for a USB stick, into build/bundle
	$(BIN)/python -m publish.bundle

classroom: .venv/.classroom classroom/node_modules/.package-lock.json ## one JupyterLab for each learner of a room
	$(BIN)/jupyterhub --config classroom/jupyterhub_config.py

notebooks: .venv/.test $(LESSONS:notebooks/source/%.md=notebooks/%.ipynb) ## rebuild what has changed

notebooks/%.ipynb: notebooks/source/%.md $(shell find softmax_lessons -name "*.py" -o -name "*.js")
	$(BIN)/python -m jupytext --quiet --to ipynb --update --output $@ $<
	$(BIN)/python -m nbconvert --log-level=WARN --to notebook --execute --inplace \
		--ExecutePreprocessor.record_timing=False --NotebookExporter.preprocessors=nbconvert.preprocessors.CoalesceStreamsPreprocessor $@

bench: .venv/.test ## print how long things take
	$(BIN)/python benchmarks/course.py
	$(BIN)/python benchmarks/grading.py

bench-speed: .venv/.test ## compare ways to compute softmax, and draw them; some minutes
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/file.py

clean: ## remove what was built, never what a learner wrote
	rm -rf .venv build dist publish/node_modules classroom/node_modules

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.lab: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable .
	touch $@

.venv/.grade: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable '.[grade]'
	touch $@ .venv/.lab

.venv/.publish: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable '.[publish]'
	touch $@ .venv/.lab .venv/.grade .venv/.test

.venv/.classroom: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable '.[classroom]'
	touch $@ .venv/.lab

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	npm ci --prefix $*
	touch $@

.venv/.test: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable '.[test]'
	touch $@ .venv/.lab .venv/.grade
