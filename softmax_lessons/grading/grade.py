"""Grade every exercise of every learner, each in a process of its own."""

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm.auto import tqdm

from softmax_lessons.attempts.isolate import run_in_children
from softmax_lessons.checker import engine
from softmax_lessons.checker.exercises import exercises
from softmax_lessons.checker.hunts import hunts
from softmax_lessons.checker.verdict import Verdict
from softmax_lessons.grading.submissions import Answer, Submission, tasks
from softmax_lessons.grading.zygote import Zygote

STATE = "grades.jsonl"
MEMORY = 2 << 30  # bytes for one submission


@dataclass(frozen=True)
class Mark:
    """What one learner got for one exercise.

    Attributes:
        learner: who.
        exercise: what.
        points: 1 or 0.
        misconceptions: the slugs of the mistakes found.
        says: what the learner is told, without the hint.
        key: tells this answer from any other, for a second run.
    """

    learner: str
    exercise: str
    points: int
    misconceptions: tuple[str, ...]
    says: str
    key: str


def grade(
    submissions: Sequence[Submission], out: Path, seconds: float = 3.0, workers: int = 0
) -> list[Mark]:
    """Grade all submissions, and keep each mark in `out` as soon as it is known.

    A second run goes on where the first one ended, and takes an answer that hasn't changed from
    there.

    Args:
        submissions: what `submissions.find` found.
        out: the folder for the marks.
        seconds: what one exercise of one learner may take.
        workers: how many are run at once; 0 means one for each core.

    Returns:
        A mark for each learner and exercise, exercises that nobody answered left out.
    """
    known = _known(out / STATE)
    answered = {name for submission in submissions for name in submission.answers}
    names = [name for name in tasks() if name in answered]
    marks, jobs = [], []
    for submission in submissions:
        for name in names:
            answer = submission.answers.get(name)
            if answer is None:
                says = f"{name}: no answer found"
                marks.append(Mark(submission.learner, name, 0, (), says, ""))
                continue
            key = _key(submission.learner, name, answer)
            if key in known:
                marks.append(known[key])
            else:
                jobs.append((submission.learner, name, answer, key))
    out.mkdir(parents=True, exist_ok=True)
    # the functions that learners' tests are to test are answers to other exercises
    zygotes = {
        tests: Zygote(seconds, MEMORY, tests)
        for tests in {name in hunts() for _, name, _, _ in jobs}
    }
    writing = threading.Lock()

    def work(job: tuple[str, str, Answer, str]) -> Mark:
        learner, name, answer, key = job
        verdict = _verdict(zygotes[name in hunts()], name, answer, seconds)
        says = verdict.message.partition("\n\nHint:")[0]
        mark = Mark(learner, name, int(verdict.passed), verdict.misconceptions, says, key)
        with writing, (out / STATE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(mark)) + "\n")
        return mark

    try:
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            marks += tqdm(pool.map(work, jobs), total=len(jobs), desc="grading", unit="answer")
    finally:
        for zygote in zygotes.values():
            zygote.close()
    return marks


def _verdict(zygote: Zygote, name: str, answer: Answer, seconds: float) -> Verdict:
    if name in hunts():
        probes = engine.hunt_probes(hunts()[name])
        outcomes, _ = run_in_children(
            lambda *pipes: zygote.start(answer, ("nothing", "i"), name, *pipes), probes, seconds
        )
        return engine.hunt_verdict(name, hunts()[name], probes, outcomes)
    task = exercises()[name]
    probes = engine.task_probes(task)
    outcomes, called = run_in_children(
        lambda *pipes: zygote.start(answer, task.parameters, "", *pipes), probes, seconds
    )
    return engine.task_verdict(name, task, probes, outcomes, called)


def _key(learner: str, name: str, answer: Answer) -> str:
    told = json.dumps([learner, name, answer.statements, answer.function])
    return hashlib.sha256(told.encode()).hexdigest()


def _known(file: Path) -> dict[str, Mark]:
    """Return the marks of an earlier run; a line cut off by a crash is left out."""
    known = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            fields = json.loads(line)
            fields["misconceptions"] = tuple(fields["misconceptions"])
            known[fields["key"]] = Mark(**fields)
        except (ValueError, TypeError, KeyError):
            continue
    return known
