"""Print how long the things take that a learner or an author waits for.

    make bench

Times vary from machine to machine and hour to hour: quote medians, compare within one run.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from softmax_lessons import check, naive_softmax
from softmax_lessons.attempts.isolate import WAYS


def seconds(action: Callable[[], object], rounds: int) -> list[float]:
    """Return the times of several rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return times


def row(name: str, times: list[float]) -> None:
    median, least, most = statistics.median(times), min(times), max(times)
    print(f"{name:52} {median:8.3f} s   ({least:.3f} to {most:.3f}, {len(times)} rounds)")


def importing(module: str) -> list[float]:
    command = [sys.executable, "-c", f"import {module}"]
    return seconds(lambda: subprocess.run(command, check=True), rounds=7)


def one_maximum_and_no_keepdim(x, dim):
    exps = (x - x.max()).exp()
    return exps / exps.sum(dim)


def mean_and_no_keepdim(logits, targets):
    shifted = logits - logits.mean(1, keepdim=True)
    return -(shifted - shifted.exp().sum(1).log())[range(len(targets)), targets].sum()


def other_function(x, dim):
    """Be wrong in a way that has no name, so that all the candidates are looked at."""
    weights = 1 / (1 + (x.amax(dim, keepdim=True) - x) ** 3)
    return weights / weights.sum(dim, keepdim=True)


def other_row(x):
    return (x / 3).tan().abs() / (x / 3).tan().abs().sum()


CHECKS = {
    "right": [("stable_softmax", lambda x, dim: naive_softmax(x - x.amax(dim, True), dim))],
    "one mistake": [
        ("stable_softmax", lambda x, dim: x.exp() / x.exp().sum(dim, keepdim=True)),
        ("softmax_1d", lambda x: x / x.sum()),
        ("masked_softmax", lambda scores, mask: (scores * mask).softmax(-1)),
    ],
    "two mistakes": [
        ("stable_softmax", one_maximum_and_no_keepdim),
        ("softmax_dim", one_maximum_and_no_keepdim),
        ("cross_entropy", mean_and_no_keepdim),
    ],
    "no name for it": [
        ("stable_softmax", other_function),
        ("softmax_dim", other_function),
        ("softmax_1d", other_row),
        ("log_softmax", lambda x, dim: other_function(x, dim).log()),
        ("cross_entropy", lambda logits, targets: other_function(logits, 1).log().abs().mean()),
    ],
}


def main() -> None:
    alone, ours = importing("torch"), importing("softmax_lessons")
    row("import torch", alone)
    row("import softmax_lessons (torch with it)", ours)
    ratio = statistics.median(ours) / statistics.median(alone)
    print(f"{'  ratio, at most 1.10 wanted':52} {ratio:8.2f}")

    print("check, at most 0.3 s wanted; the first of each exercise builds its table of pairs:")
    for kind, attempts in CHECKS.items():
        for way in WAYS:
            check("softmax_1d", other_row, way=way)  # a worker is there, the modules are loaded
            times = [
                time_of
                for name, attempt in attempts
                for time_of in seconds(lambda n=name, a=attempt, w=way: check(n, a, way=w), 5)
            ]
            row(f"  {kind}, by a {way}", times)


if __name__ == "__main__":
    main()
