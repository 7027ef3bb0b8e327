"""Grade a folder of learners' notebooks: `python -m softmax_lessons grade FOLDER`.

`submissions` finds the learners' functions and what each of them needs; `forkserver` makes a
sandboxed process for each (`sandbox`), which never sees an expected value; `grade` compares the
results by the checker's own rules; `report` writes the tables.
"""
