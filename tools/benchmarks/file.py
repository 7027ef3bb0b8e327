"""Compare the softmax of a file with reading that file twice and writing it once.

    python tools/benchmarks/file.py [--millions 200]

Before each part, the file leaves the page cache, so that the disk is in the measurement; with
everything in memory, exp takes longer than the copies do.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from softmax_lessons.online import softmax_file

CHUNK = 1 << 20


def chunks(count: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]


def forget(path: Path) -> None:
    """Take a file out of the page cache."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=int, default=200)
    count = parser.parse_args().millions * 10**6
    torch.set_num_threads(1)
    buffer = np.empty(CHUNK, "float32")
    with tempfile.TemporaryDirectory(dir=".") as folder:
        source, target = Path(folder, "logits"), Path(folder, "probs")
        logits = np.memmap(source, "float32", "w+", shape=(count,))
        for part in chunks(count):
            logits[part] = np.arange(part.start, part.stop) * 0.618 % 1 * 6 - 3
        del logits  # what is mapped stays in the page cache

        def read() -> None:
            logits = np.memmap(source, "float32", "r")
            for part in chunks(count):
                buffer[: part.stop - part.start] = logits[part]

        def write() -> None:
            probs = np.memmap(target, "float32", "w+", shape=(count,))
            for part in chunks(count):
                probs[part] = buffer[: part.stop - part.start]
            probs.flush()

        def softmax() -> None:
            logits = np.memmap(source, "float32", "r")
            probs = np.memmap(target, "float32", "w+", shape=(count,))
            softmax_file(logits, probs, CHUNK)
            probs.flush()

        ratios = []
        for _ in range(5):
            plain = 0.0
            for work in (read, read, write):
                forget(source)
                plain += timed(work)
            forget(source)
            ratios.append(timed(softmax) / plain)
    median = statistics.median(ratios)
    print(f"{count / 1e6:.0f} million logits: softmax_file takes {median:.2f} times as long")
    print(f"(from {min(ratios):.2f} to {max(ratios):.2f}; at most 1.5: {median <= 1.5})")


if __name__ == "__main__":
    main()
