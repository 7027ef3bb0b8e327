"""Run a function in several local processes that talk to each other by `torch.distributed`."""

import datetime
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor


def run_processes(
    function: Callable[..., Tensor], shards: list[Tensor], seconds: float = 60
) -> list[Tensor]:
    """Call `function(shard)` in a process for each shard, all in one group, and return the results.

    The processes meet through a file (no port is needed), speak gloo over this machine's
    loopback, and end with this call, whatever happens.

    Args:
        function: importable by name, such as `online.softmax_sharded`; returns a tensor.
        shards: what each process gets.
        seconds: how long all of them have together.

    Returns:
        One tensor for each shard, in order.

    Raises:
        RuntimeError: if a process fails, with what it said.
        TimeoutError: if they have not ended in time; they are stopped then.
    """
    # spawn: a fork of a process whose torch has started threads may hang
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for rank, shard in enumerate(shards):
            torch.save(shard, Path(folder) / f"in_{rank}.pt")
        workers = [
            context.Process(
                target=_work, args=(function, rank, len(shards), folder, seconds), daemon=True
            )
            for rank in range(len(shards))
        ]
        try:
            for worker in workers:
                worker.start()
            _wait(workers, Path(folder), seconds)
            return [
                torch.load(Path(folder) / f"out_{rank}.pt", weights_only=True)
                for rank in range(len(shards))
            ]
        finally:
            for worker in workers:
                if worker.pid is not None:
                    worker.kill()
                    worker.join()


def _wait(workers: list, folder: Path, seconds: float) -> None:
    """Wait until all workers have ended well."""
    from multiprocessing.connection import wait
    from time import monotonic

    deadline = monotonic() + seconds
    running = {worker.sentinel: (rank, worker) for rank, worker in enumerate(workers)}
    while running:
        ended = wait(list(running), timeout=max(0.0, deadline - monotonic()))
        if not ended:
            ranks = sorted(rank for rank, _ in running.values())
            raise TimeoutError(f"processes {ranks} did not answer within {seconds:g} s")
        for sentinel in ended:
            rank, worker = running.pop(sentinel)
            worker.join()
            if worker.exitcode:
                said = folder / f"error_{rank}.txt"
                why = said.read_text() if said.exists() else f"exit code {worker.exitcode}"
                raise RuntimeError(f"process {rank} of {len(workers)} failed: {why}")


def _work(
    function: Callable[..., Tensor], rank: int, count: int, folder: str, seconds: float
) -> None:
    from torch import distributed

    loopback = {"linux": "lo", "darwin": "lo0"}
    if sys.platform in loopback:  # else gloo looks for a network, and there may be none
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback[sys.platform])
    torch.set_num_threads(1)
    # some versions of gloo print that they are connected
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        distributed.init_process_group(
            "gloo",
            init_method=f"file://{folder}/meeting",
            rank=rank,
            world_size=count,
            timeout=datetime.timedelta(seconds=seconds),
        )
        result = function(torch.load(f"{folder}/in_{rank}.pt", weights_only=True))
        torch.save(result, f"{folder}/out_{rank}.pt")
        distributed.barrier()
        distributed.destroy_process_group()
    except Exception as error:
        Path(folder, f"error_{rank}.txt").write_text(f"{type(error).__name__}: {error}")
        os._exit(1)
