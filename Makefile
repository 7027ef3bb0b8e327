# The commands that people and CI use. On Windows, see the README for the same in plain pip.
PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
ISSUES := .github/ISSUE_TEMPLATE
LESSONS := $(wildcard notebooks/source/*.md)

.PHONY: lab grade nbgrader test test-code test-notebooks test-online test-versions lint notebooks publish test-published catalogues bundle classroom metadata release-check bench bench-speed clean

lab: .venv/.lab ## open the lessons
	$(BIN)/python -m softmax_lessons

grade: .venv/.grade ## grade the notebooks in FOLDER
	$(BIN)/python -m softmax_lessons grade $(FOLDER)

nbgrader: .venv/.grade ## write the lessons as a course for nbgrader, into build/nbgrader
	$(BIN)/python -m softmax_lessons.grading.export build/nbgrader

test: test-code test-notebooks ## run every test

test-code: .venv/.test
	$(BIN)/python -m pytest $(ON_ALL_CORES) tests

# both ways to run a learner's function; see softmax_lessons/attempts/isolate.py
test-notebooks: .venv/.test
	SOFTMAX_LESSONS_WAY=fork $(BIN)/python -m pytest $(NBVAL) notebooks
	SOFTMAX_LESSONS_WAY=worker $(BIN)/python -m pytest $(NBVAL) notebooks

test-online: test-notebooks # and the copies for the web; tests/versions.py makes them first
	$(BIN)/python -m pytest $(subst --nbval ,--nbval-lax ,$(NBVAL)) build/online # which have no outputs

test-versions: ## the same with the oldest and the newest PyTorch, and lessons as on Colab; in temporary environments or in FOLDER; some GB
	$(PYTHON) tests/versions.py $(if $(FOLDER),--folder $(FOLDER))

lint: .venv/.test ## style, spelling, types of the public names, and files that others read
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/typos
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config $(ISSUES)/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard $(ISSUES)/*.yml))

# in the order of their names: a file of few tests may be the one that takes longest
ON_ALL_CORES := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# one notebook at a time: kernels that start together may choose the same port and die of it
# (jupyter_client#487)
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=60 --nbval-sanitize-with=tests/nbval.cfg
test-code test-notebooks test-online test-published: export OMP_NUM_THREADS = 1

publish: .venv/.publish tools/publish/node_modules/.package-lock.json ## make copies, handouts, slides and the site, into build/
	$(BIN)/python -m tools.publish

test-published: bundle .venv/.classroom tools/classroom/node_modules/.package-lock.json ## look at all of it, pages in a browser
	$(BIN)/python -m pytest $(ON_ALL_CORES) tools/publish/checks
	$(BIN)/python -m pytest $(NBVAL) build/student

catalogues: .venv/.publish ## write what there is to translate, into build/catalogues
	$(BIN)/python -m tools.publish.catalogues

bundle: publish ## make a folder for a USB stick, into build/bundle
	$(BIN)/python -m tools.publish.bundle

classroom: .venv/.classroom tools/classroom/node_modules/.package-lock.json ## one JupyterLab for each learner of a room
	$(BIN)/jupyterhub --config tools/classroom/jupyterhub_config.py

notebooks: .venv/.test $(LESSONS:notebooks/source/%.md=notebooks/%.ipynb) ## rebuild what has changed

.SECONDEXPANSION: # so that what a lesson depends on is asked only when notebooks are built
notebooks/%.ipynb: notebooks/source/%.md $$(or $$(shell $(PYTHON) tools/lesson_files.py $$*),$$(error no files for $$*))
	$(BIN)/python -m jupytext --quiet --to ipynb --update --output $@ $<
	$(BIN)/python -m nbconvert --log-level=WARN --to notebook --execute --inplace \
		--ExecutePreprocessor.record_timing=False --NotebookExporter.preprocessors=nbconvert.preprocessors.CoalesceStreamsPreprocessor $@

metadata: .venv/.test ## rewrite CITATION.cff, codemeta.json and .zenodo.json from pyproject.toml
	$(BIN)/python -m tools.metadata

release-check: .venv/.release ## build the sdist and the wheel, and try them in empty environments; some GB
	$(BIN)/python -m tools.release --tag "$(TAG)" --address "$(ADDRESS)"

bench: .venv/.test ## print how long things take
	$(BIN)/python tools/benchmarks/course.py
	$(BIN)/python tools/benchmarks/grading.py

bench-speed: .venv/.test ## compare ways to compute softmax, and draw them; takes a few minutes
	$(BIN)/python tools/benchmarks/speed.py
	$(BIN)/python tools/benchmarks/file.py

clean: ## remove what was built, never what a learner wrote
	rm -rf .venv build dist tools/publish/node_modules tools/classroom/node_modules

.venv/bin/python:
	$(PYTHON) softmax_lessons/doctor.py --quiet
	$(PYTHON) -m venv .venv

.venv/.lab: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the course into .venv. The first time, this takes a few minutes."
	$(PIP_INSTALL) --editable '.[lab]'
	touch $@

.venv/.grade: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable '.[grade]'
	touch $@

.venv/.publish: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable '.[publish]'
	touch $@ .venv/.lab .venv/.grade .venv/.test

.venv/.release: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable '.[release,test]'
	touch $@ .venv/.lab .venv/.grade .venv/.test

.venv/.classroom: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable '.[classroom]'
	touch $@ .venv/.lab

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	npm ci --prefix $*
	touch $@

.venv/.test: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the course and its tests into .venv. The first time, this takes a few minutes."
	$(PIP_INSTALL) --editable '.[test]'
	touch $@ .venv/.lab .venv/.grade
