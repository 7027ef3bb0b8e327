"""A class of three as each learning system packs it: file names to contents."""

import io
import json
import zipfile

import submissions as bank

# what each learner handed in: two notebooks; in some downloads, the stub or older one is first
ADA, LIN, OLU = "Ada Lovelace", "林 小雨", "Olúwaṣeun Adé-Ọ̀ṣọ́"
RIGHT = {"softmax_1d": bank.RIGHT["softmax_1d"], "softmax_dim": bank.RIGHT["softmax_dim"]}
ANSWERS = {
    ADA: RIGHT,
    LIN: {**RIGHT, "softmax_dim": bank.WRONG["softmax_dim"]},
    OLU: {**RIGHT, "softmax_1d": bank.STUBS["softmax_1d"]},
}
FIRST, SECOND = "01 scores (1).ipynb", "03_any.dim.ipynb"


def one(exercise, source):
    return json.dumps(bank.answers(**{**dict.fromkeys(bank.FUNCTIONS), exercise: source}))


def notebooks(learner):
    own = ANSWERS[learner]
    return {
        FIRST: one("softmax_1d", own["softmax_1d"]),
        SECOND: one("softmax_dim", own["softmax_dim"]),
    }


def squashed(name):
    first, last = name.split()
    return "".join(c for c in f"{last}{first}".lower() if c.isalnum() or ord(c) > 127)


def plain():
    return {f"{who}/{file}": text for who in ANSWERS for file, text in notebooks(who).items()}


def canvas():
    files = {}
    for number, who in enumerate(ANSWERS, start=7001):
        late = "_LATE" if who == OLU else ""
        for upload, (file, text) in enumerate(notebooks(who).items(), start=80_000 + number):
            files[f"{squashed(who)}{late}_{number}_{upload}_{file}"] = text
    files["roejane_7009_text.html"] = "<p>I could not do it.</p>"
    return files


def canvas_anonymous():
    files = {}
    for number, (who, code) in enumerate(zip(ANSWERS, ("Zk3a9", "1x", "42"), strict=True)):
        for file, text in notebooks(who).items():
            files[f"anon_{code}_{9000 + number}_{file}"] = text
    return files


def moodle():
    return {
        f"{who}_{number}_assignsubmission_file/{file}": text
        for number, who in enumerate(ANSWERS, start=501)
        for file, text in notebooks(who).items()
    }


def moodle_flat():
    return {path.replace("file/", "file_"): text for path, text in moodle().items()}


def moodle_blind():
    return {
        f"Participant_{number}_assignsubmission_file/{file}": text
        for number, who in enumerate(ANSWERS, start=501)
        for file, text in notebooks(who).items()
    }


def blackboard():
    files = {}
    for name, who in zip(("ada_l", "lin2", "olu"), ANSWERS, strict=True):
        start = f"Week_1_{name}_attempt_2026-11-27-15-30-0{len(files) % 9}"
        for file, text in notebooks(who).items():
            files[f"{start}_{file}"] = text
        files[f"{start}.txt"] = f"Name: {who} ({name})\nAssignment: Week_1\nDate Submitted: now\n"
    return files


def brightspace():
    files = {"index.html": "<html>"}
    for number, who in enumerate(ANSWERS, start=301):
        for file, text in notebooks(who).items():
            files[f"{number}-88 - {who} - Nov 27, 2026 926 PM/{file}"] = text
    return files


def brightspace_flat():
    return {path.replace(" PM/", " PM - "): text for path, text in brightspace().items()}


def github():
    return {
        f"softmax-week-1-submissions/softmax-week-1-{login}/{file}": text
        for login, who in zip(("ada-l", "lin", "olu"), ANSWERS, strict=True)
        for file, text in {**notebooks(who), "README.md": "# Week 1"}.items()
    }


def nbgrader():
    files = {"nbgrader_config.py": "", "source/week_1/a.ipynb": one("softmax_1d", "x = 1")}
    for login, who in zip(("ada", "lin", "olu"), ANSWERS, strict=True):
        for file, text in {**notebooks(who), "timestamp.txt": "2026-11-27 15:30:10 UTC"}.items():
            files[f"submitted/{login}/week_1/{file}"] = text
    return files


def zips_of_learners():
    """As Canvas packs the work of learners who had zipped it themselves."""
    files = {}
    for number, who in enumerate(ANSWERS, start=7001):
        files[f"{squashed(who)}_{number}_{number}_mine.zip"] = packed(
            {f"work/{file}": text for file, text in notebooks(who).items()}
        )
    return files


FORMS = (
    *(plain, canvas, canvas_anonymous, moodle, moodle_flat, moodle_blind, blackboard),
    *(brightspace, brightspace_flat, github, nbgrader, zips_of_learners),
)


def packed(files):
    """Return a zip of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return stream.getvalue()


def unpacked(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder
