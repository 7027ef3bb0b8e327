"""Print how long the things take that a learner or an author waits for.

    make bench

Times vary from machine to machine and hour to hour: quote medians, compare within one run.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from softmax_lessons import check, naive_softmax, stable_softmax

ROOT = Path(__file__).parents[1]


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


def other_dim(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Make two mistakes at once, so that pairs of misconceptions are searched."""
    exps = (x - x.max()).exp()
    return exps / exps.sum(dim)


def main() -> None:
    alone, ours = importing("torch"), importing("softmax_lessons")
    row("import torch", alone)
    row("import softmax_lessons (torch with it)", ours)
    ratio = statistics.median(ours) / statistics.median(alone)
    print(f"{'  ratio, at most 1.10 wanted':52} {ratio:8.2f}")

    attempts = {
        "right": stable_softmax,
        "one mistake": naive_softmax,
        "two mistakes": other_dim,
        "no name for it": lambda x, dim: torch.sigmoid(x),
    }
    for name, attempt in attempts.items():
        row(
            f"check, {name} (at most 0.3 wanted)",
            seconds(lambda a=attempt: check("stable_softmax", a), 5),
        )

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    tests = ["make", "-C", str(ROOT), "test"]
    row(
        "make test, set-up aside (at most 180 wanted)",
        seconds(
            lambda: subprocess.run(tests, check=True, stdout=subprocess.DEVNULL, env=environment), 1
        ),
    )


if __name__ == "__main__":
    main()
