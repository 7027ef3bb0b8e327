"""Compare how fast and how exact ways to compute softmax are, and draw it in build/.

    make bench-speed

Every method runs once a round, for many rounds in several sweeps through the shapes; its time
is the least of them, and ratios are of those. All is measured twice: *kept*, where malloc keeps
freed memory for the next result, and *fresh*, where each large result gets new pages from the
system, as in a first call. To fill new pages can take longer than softmax does: *fresh* is more
about memory than about arithmetic. Only glibc's malloc has the settings for this; elsewhere both
are what your system does. Other work on the machine spoils it: 2 threads wait for the slower one.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from plot_speed import draw_cost, draw_roofline
from torch import Tensor

from softmax_lessons import naive_softmax, stable_softmax

try:
    from softmax_lessons import online
except ImportError:
    online = None

Case = tuple[tuple[int, ...], int, torch.dtype]
Times = dict[str, float]  # seconds a call, by method

MALLOC = {
    "kept": {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)},
    "fresh": {"MALLOC_MMAP_THRESHOLD_": str(1 << 17), "MALLOC_TRIM_THRESHOLD_": str(1 << 17)},
}
SHAPES = [((3,), 0), ((128, 10), -1), ((1024, 1000), -1), ((32, 50257), -1), ((32, 50257), 0)]
LARGE = ((8, 12, 512, 512), -1)
TARGETS = [  # method, shape and dim in float32, how many times as long as torch.softmax at most
    ("stable_softmax", (1024, 1000), -1, 2.1),
    ("stable_softmax", (128, 10), -1, 0.5),
    ("compiled", (1024, 1000), -1, 1.5),
    ("compiled", (32, 50257), 0, 0.6),
]


def bare_steps(logits: Tensor, dim: int) -> Tensor:
    """Return softmax with one new tensor and no checks: the least that separate steps take."""
    probs = (logits - logits.amax(dim, keepdim=True)).exp_()
    return probs.div_(probs.sum(dim, keepdim=True))


def numpy_softmax(logits: Tensor, dim: int) -> np.ndarray:
    array = logits.numpy()
    exps = np.exp(array - array.max(axis=dim, keepdims=True))
    return exps / exps.sum(axis=dim, keepdims=True)


def methods(logits: Tensor, compiled: bool) -> dict[str, Callable[[Tensor, int], object]]:
    """Return what is timed on `logits`; a copy is the least that the memory allows."""
    out = logits.clone()
    found = {
        "copy into out": lambda logits, dim: out.copy_(logits),
        "torch.softmax": torch.softmax,
        "torch, out=": lambda logits, dim: torch.softmax(logits, dim, out=out),
        "naive_softmax": naive_softmax,
        "stable_softmax": stable_softmax,
        "bare steps, in place": bare_steps,
    }
    if logits.dtype == torch.float32:  # neither of these takes bfloat16
        found["numpy"] = numpy_softmax
        if online:
            found["online, by 8192"] = partial(online.softmax, chunk=8192)
    if compiled:
        torch.compiler.reset()  # a function may not be compiled for many shapes at once
        found["compiled"] = torch.compile(stable_softmax, dynamic=False)
    return found


def least_times(case: Case, compiled: bool, budget: float) -> Times:
    """Return the least time of each method, over the rounds that fit in `budget` seconds."""
    shape, dim, dtype = case
    logits = torch.randn(shape).to(dtype)
    timed = methods(logits, compiled)
    calls = max(1, 100_000 // logits.numel())
    for method in timed.values():
        method(logits, dim)
    least = dict.fromkeys(timed, math.inf)
    end, rounds = time.perf_counter() + budget, 0
    while rounds < 5 or time.perf_counter() < end:
        rounds += 1
        for name, method in timed.items():
            start = time.perf_counter()
            for _ in range(calls):
                method(logits, dim)
            least[name] = min(least[name], (time.perf_counter() - start) / calls)
    return least


def measure(memory: str, cases: list[Case], best: dict[Case, Times]) -> None:
    """Sweep once through the cases and keep what is less than `best`.

    This takes a separate process, since malloc reads its settings at the start.
    """
    command = [sys.executable, __file__, *sys.argv[1:], "--memory", memory]
    environment = {**os.environ, **MALLOC[memory]}
    child = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    for case, times in zip(cases, json.loads(child.stdout), strict=True):
        known = best.setdefault(case, times)
        best[case] = {name: min(least, known[name]) for name, least in times.items()}


def speed(case: Case, seconds: float) -> float:
    """Return GB/s, counting what no method can do without: one read and one write."""
    return 2 * math.prod(case[0]) * case[2].itemsize / seconds / 1e9


def table(case: Case, kept: Times, fresh: Times) -> None:
    shape, dim, dtype = case
    print(f"\n{shape}, dim={dim}, {str(dtype).removeprefix('torch.')}")
    print(f"{'':20}{'kept us':>12}{'/ torch':>9}{'GB/s':>8}{'fresh us':>13}{'/ torch':>9}")
    for name, least in kept.items():
        print(
            f"{name:20}{least * 1e6:12.1f}{least / kept['torch.softmax']:9.2f}"
            f"{speed(case, least):8.1f}"
            f"{fresh[name] * 1e6:13.1f}{fresh[name] / fresh['torch.softmax']:9.2f}"
        )


def judge(what: str, value: float, most: float, form: str = ".2f") -> None:
    said = "met" if value <= most else "missed"
    print(f"{said:7} {what}: {value:{form}} (at most {most:{form}} wanted)")


def compare_sums(lengths: list[int]) -> None:
    print("\nHow far the sum of float32 probabilities is from 1")
    worst = 0.0
    for length in lengths:
        logits = torch.randn(length)
        theirs, ours = (
            abs(function(logits, 0).sum(dtype=torch.float64).item() - 1)
            for function in (torch.softmax, stable_softmax)
        )
        print(f"{length:.0e} logits: torch.softmax {theirs:.1e}, stable_softmax {ours:.1e}")
        worst = max(worst, ours)
    judge("stable_softmax, sums", worst, 1.5e-7, ".1e")


def compare_bfloat16() -> None:
    print("\nWorst relative error in bfloat16, in eps")
    worst = 0.0
    for spread in (1, 10):
        logits = (spread * torch.randn(1024, 1000)).bfloat16()
        right = logits.double().softmax(dim=-1)
        normal = right >= torch.finfo(torch.bfloat16).tiny
        theirs, ours = (
            ((function(logits, -1) - right).abs() / right)[normal].max().item()
            / torch.finfo(torch.bfloat16).eps
            for function in (torch.softmax, stable_softmax)
        )
        print(f"{spread:2} * randn: torch.softmax {theirs:.4f}, stable_softmax {ours:.4f}")
        worst = max(worst, ours)
    judge("stable_softmax, bfloat16", worst, 0.5, ".4f")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--large", action="store_true", help="larger tensors too (3 GB of memory)")
    parser.add_argument("--compile", action="store_true", help="compiled too (needs a compiler)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--sweeps", type=int, default=3, help="more on a busy machine")
    parser.add_argument("--seconds", type=float, default=1, help="a shape and dtype in a sweep")
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder for the figures")
    parser.add_argument("--memory", choices=MALLOC, help=argparse.SUPPRESS)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    shapes = SHAPES + [LARGE] * args.large
    cases = [(*shape, dtype) for dtype in (torch.float32, torch.bfloat16) for shape in shapes]
    rows = [((10**power,), 0, torch.float32) for power in range(1, 8 + args.large)]
    if args.memory:
        times = [least_times(case, args.compile and case in cases, args.seconds) for case in cases]
        times += [least_times(row, False, args.seconds) for row in rows]
        print(json.dumps(times))
        return

    minutes = 2 * (len(cases) + len(rows)) * args.sweeps * args.seconds / 60
    print(f"{args.threads} threads; GB/s counts one read and one write of each element")
    print(f"Measuring for {minutes:.0f} minutes, and more to compile", flush=True)
    if not online:
        print("softmax_lessons.online is missing, and so left out")
    kept: dict[Case, Times] = {}
    fresh: dict[Case, Times] = {}
    for _ in range(args.sweeps):
        measure("kept", cases + rows, kept)
        measure("fresh", cases + rows, fresh)
    for case in cases:
        table(case, kept[case], fresh[case])
    print("\nTimes of torch.softmax, float32")
    for method, shape, dim, most in TARGETS:
        for memory, found in (("kept", kept), ("fresh", fresh)):
            times = found[shape, dim, torch.float32]
            if method in times:
                ratio = times[method] / times["torch.softmax"]
                judge(f"{method} at {shape}, dim={dim}, {memory} memory", ratio, most)
    compare_sums([10**6, 10**7] + [10**8] * args.large)
    compare_bfloat16()

    args.out.mkdir(parents=True, exist_ok=True)
    wide = [case for case in cases[: len(shapes)] if math.prod(case[0]) > 1e6]
    copies = [speed(case, kept[case]["copy into out"]) for case in wide]
    titles = [
        f"{shape}, dim={dim}\ncopy: {copy:.0f} GB/s"
        for (shape, dim, _), copy in zip(wide, copies, strict=True)
    ]
    draw_roofline(args.out / "speed_roofline.png", titles, [(kept[c], fresh[c]) for c in wide])
    lengths = [row[0][0] for row in rows]
    draw_cost(args.out / "speed_cost.png", lengths, [(kept[r], fresh[r]) for r in rows])
    print(f"\nFigures: {args.out}/speed_roofline.png and {args.out}/speed_cost.png")


if __name__ == "__main__":
    main()
