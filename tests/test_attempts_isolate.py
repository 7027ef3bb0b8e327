"""Whatever an attempt does, it gets a verdict and nothing else changes, in a fork or a worker."""

import builtins
import contextlib
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings

import bank
import numpy as np
import psutil
import pytest
import torch

from softmax_lessons import check
from softmax_lessons.attempts import fork, isolate, messages, worker
from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.attempts.settings import in_plain_thread
from softmax_lessons.lessons import tasks

LINUX = sys.platform.startswith("linux")
needs_fork = pytest.mark.skipif(not LINUX, reason="no safe fork on this system")


class AlwaysEqual:
    def __eq__(self, other):
        return True

    __hash__ = None


class LyingTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True


def infinite(x, dim):
    while True:
        pass


def infinite_and_deaf(x, dim):
    while True:
        try:
            time.sleep(100)
        except BaseException:
            continue


def infinite_allocation(x, dim):
    kept = []
    while True:
        kept.append(torch.ones(10**6))


def recursion(x, dim):
    return recursion(x, dim)


def patches_torch_and_the_checker(x, dim):
    import softmax_lessons.checker.exercise as exercise
    import softmax_lessons.checker.judge as judge

    torch.softmax = torch.allclose = torch.isclose = torch.equal = lambda *a, **k: True
    judge.judge = lambda *a: None
    exercise.judge = lambda *a: None
    return x


def writes_to_every_file(x, dim):
    for fd in range(3, 64):
        try:
            os.write(fd, b"\x00\x00\x00\x02{}" * 50)
        except OSError:
            continue
    return x


def forks(x, dim):
    os.fork()
    return x


HOSTILE = [
    infinite,
    infinite_and_deaf,
    infinite_allocation,
    recursion,
    patches_torch_and_the_checker,
    writes_to_every_file,
    forks,
    lambda x, dim: sys.exit(0),
    lambda x, dim: os._exit(0),
    lambda x, dim: os.abort(),
    lambda x, dim: os.kill(os.getpid(), signal.SIGKILL),
    lambda x, dim: torch.ones(10**11),
    lambda x, dim: torch.ones(10**7),
    lambda x, dim: AlwaysEqual(),
    lambda x, dim: x.as_subclass(LyingTensor),
    lambda x, dim: bank.amax(x, dim).as_subclass(LyingTensor),
    lambda x, dim: bank.amax(x, dim).to_sparse(),
    lambda x, dim: torch.empty_like(x, device="meta"),
    lambda x, dim: torch.ones(3, dtype=torch.complex64),
    lambda x, dim: torch.quantize_per_tensor(x.float(), 0.1, 0, torch.quint8),
    lambda x, dim: (_ for _ in ()).throw(KeyboardInterrupt),
    lambda x, dim: input("password: "),
    lambda x, dim: exec("raise BaseException('bare')"),
]


def starts_a_session(x, dim):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            time.sleep(100)
        os._exit(0)
    return x


def starts_a_program(x, dim):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session=True)
    return x


def has_a_lock(x, dim, lock=threading.Lock()):  # noqa: B008
    lock.acquire()
    lock.acquire()


HOSTILE += [starts_a_session, starts_a_program, has_a_lock]


def left_behind(before):
    """Return the processes started since then, except for the waiting worker."""
    waiting = {process._process.pid for process in worker._spare}
    now = {p.pid for p in psutil.Process().children(recursive=True)}
    return now - before - waiting


def open_files():
    """Return how many files are open, not counting the two pipes of a waiting worker."""
    return len(os.listdir("/proc/self/fd")) - 2 * len(worker._spare)


def how_slow():
    """Return how many times longer things take than on an idle machine."""
    started = time.process_time(), time.monotonic()
    while time.process_time() - started[0] < 0.05:
        pass
    return max(1.0, (time.monotonic() - started[1]) / 0.05)


def test_a_busy_machine_gets_more_time(way, monkeypatch):
    def slow(x, dim):
        if x.numel() == 0:  # one of the inputs
            time.sleep(4)
        return torch.softmax(x, dim)

    for load, error in ((0.0, "TimeoutError: no answer within 3 s"), (1000.0, "")):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        (outcome,) = isolate.run_isolated(slow, [Probe(torch.zeros(0), 0)], ("x", "dim"), way)
        assert outcome.error == error


@needs_fork
def test_the_cpu_limit_leaves_room_for_a_busy_machine():
    import resource

    def allowed(x, dim):
        return torch.tensor(float(resource.getrlimit(resource.RLIMIT_CPU)[0]) - time.process_time())

    (outcome,) = isolate.run_isolated(allowed, [Probe(torch.zeros(1), 0)], ("x", "dim"), "fork")
    assert outcome.value > isolate.MOST_PATIENCE * isolate.SECONDS


@pytest.mark.parametrize("attempt", HOSTILE, ids=lambda f: f.__name__)
def test_a_hostile_attempt_gets_a_verdict_in_time_and_never_passes(attempt, way, monkeypatch):
    waited = []  # a new worker takes as long as it takes to load PyTorch

    def take(usual=worker.take):
        started = time.monotonic()
        taken = usual()
        waited.append(time.monotonic() - started)
        return taken

    monkeypatch.setattr(worker, "take", take)
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    files, threads = open_files(), threading.active_count()
    slow = max(how_slow(), isolate.patience())
    started = time.process_time(), time.monotonic()
    verdict = check("stable_softmax", attempt, way=way)
    assert time.process_time() - started[0] < 5
    took = time.monotonic() - started[1] - sum(waited)
    assert took < 5 * max(slow, how_slow())
    assert verdict.status in ("wrong", "unusable")
    assert verdict.example is not None or verdict.status == "unusable"
    assert (open_files(), threading.active_count()) == (files, threads)
    assert not left_behind(before)
    assert check("stable_softmax", bank.amax, way=way).passed


def test_an_infinite_loop_is_reported_with_its_likely_causes(way):
    verdict = check("stable_softmax", infinite, way=way)
    assert verdict.misconceptions == ("takes-too-long",)
    assert "after 3 s. Is there an infinite loop, a plot or a download?" in verdict.says


@needs_fork
def test_no_process_is_left_behind():
    in_plain_thread(lambda gone: worker._end_all())
    check("stable_softmax", infinite, way="fork")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def outcomes_of(attempt, way="fork"):
    probes = tasks()["stable_softmax"].fixed
    outcomes = in_plain_thread(
        lambda gone: isolate.run_isolated(attempt, probes, ("x", "dim"), way, gone)
    )
    assert len(outcomes) == len(probes)
    return outcomes


def test_a_crash_on_one_input_does_not_affect_the_others(way):
    def dies_on_half_precision(x, dim):
        if x.dtype == torch.float16 and x.dim() == 2:
            os._exit(1)
        return bank.amax(x, dim)

    outcomes = outcomes_of(dies_on_half_precision, way)
    assert {o.error for o in outcomes if o.error} == {"Your function's process ended itself"}
    assert sum(bool(o.error) for o in outcomes) == 1
    assert {"exp", "amax"} <= set(outcomes[-1].called)


def test_inputs_that_fill_a_pipe_get_their_answers_in_order(way):
    sizes = [3, 100_000, 5, 200_000, *range(6, 60)]
    probes = [Probe(torch.full((size,), float(size)), 0, others=(0,)) for size in sizes]
    outcomes = in_plain_thread(
        lambda gone: isolate.run_isolated(lambda x, dim: x + 1, probes, ("x", "dim"), way, gone)
    )
    assert [outcome.error for outcome in outcomes] == [""] * len(sizes)
    assert [len(outcome.value) for outcome in outcomes] == sizes
    assert [outcome.value[0].item() for outcome in outcomes] == [size + 1 for size in sizes]


def test_an_input_that_takes_too_long_is_cut_off_and_earlier_results_are_kept(way):
    def slow_on_a_cube(x, dim):
        while x.shape == (2, 2, 2):
            pass
        return bank.amax(x, dim)

    errors = [outcome.error for outcome in outcomes_of(slow_on_a_cube, way)]
    first = next(
        i for i, p in enumerate(tasks()["stable_softmax"].fixed) if p.logits.shape == (2, 2, 2)
    )
    late = "TimeoutError: no answer within 3 s"
    assert errors == [""] * first + [late] * (len(errors) - first)


@needs_fork
def test_after_a_few_deaths_no_more_processes_are_started(monkeypatch):
    started = []
    start = fork.start
    monkeypatch.setattr(fork, "start", lambda *args: started.append(1) or start(*args))
    probes = [Probe(torch.ones(size), 0) for size in range(1, 9)]
    last = isolate.MOST_DEATHS["fork"]
    outcomes = isolate.run_isolated(
        lambda x, dim: os._exit(0) if len(x) == last else os.abort(), probes, ("x", "dim"), "fork"
    )
    ends = ["crashed (SIGABRT)"] * (last - 1) + ["ended itself"] * (len(probes) - last + 1)
    assert [o.error.removeprefix("Your function's process ") for o in outcomes] == ends
    assert len(started) == last


def test_a_child_has_no_input_and_its_output_goes_nowhere(way, capfd):
    def looks_around(x, dim):
        assert input("your name? ") == input() == ""
        assert sys.stdin.read() == ""
        sys.stdout.write("nothing")
        sys.stderr.flush()
        os.write(1, b"raw")
        return bank.amax(x, dim)

    assert {outcome.error for outcome in outcomes_of(looks_around, way)} == {""}
    assert capfd.readouterr() == ("", "")


def test_a_child_inherits_no_open_files(way, tmp_path):
    def looks_around(x, dim):
        kept = {}
        for fd in os.listdir("/proc/self/fd"):
            with contextlib.suppress(FileNotFoundError):  # the one opened for this listing
                kept[int(fd)] = os.readlink(f"/proc/self/fd/{fd}")
        assert {kept.pop(fd) for fd in range(3)} == {"/dev/null"}
        pipes = [name for name in kept.values() if name.startswith("pipe:")]
        assert len(pipes) == 2  # the one for requests, and the one for answers
        assert {*kept.values()} == {"/dev/null", *pipes}
        return bank.amax(x, dim)

    with contextlib.ExitStack() as stack:
        for i in range(20):
            stack.enter_context(open(tmp_path / f"{i}", "w"))
        assert {outcome.error for outcome in outcomes_of(looks_around, way)} == {""}


def test_a_check_works_with_many_files_open_or_a_standard_stream_closed(way):
    with contextlib.ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(open(os.devnull))
        assert check("stable_softmax", bank.amax, way=way).passed
    standard_input = os.dup(0)
    try:
        os.close(0)
        assert check("stable_softmax", bank.amax, way=way).passed
    finally:
        os.dup2(standard_input, 0)
        os.close(standard_input)


@needs_fork
def test_a_check_works_when_child_processes_are_reaped_elsewhere():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert check("stable_softmax", bank.amax, way="fork").passed
        assert not check("stable_softmax", lambda x, dim: os.abort(), way="fork").passed
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.fixture
def ctrl_c():
    """Make Ctrl-C raise KeyboardInterrupt: a process in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@needs_fork
@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_stops_a_check_and_leaves_nothing_behind(way):
    check("stable_softmax", bank.amax, way=way)
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    files, threads = open_files(), threading.active_count()
    for wait in (0.0, 0.005, 0.02, 0.05, 0.2):
        with contextlib.suppress(KeyboardInterrupt):
            threading.Timer(wait, signal.raise_signal, [signal.SIGINT]).start()
            check("stable_softmax", infinite, way=way)
            time.sleep(10)  # the signal came before the check
            pytest.fail("nothing was interrupted")
    end = time.monotonic() + 30
    while time.monotonic() < end and (left_behind(before) or threading.active_count() > threads):
        time.sleep(0.1)  # a worker may be on its way
    assert not left_behind(before)
    assert threading.active_count() <= threads
    assert open_files() <= files


class Liar:
    """A process that answers whatever it likes; `answer` makes the reply from the request.

    It waits for `first` requests before it answers any.
    """

    def __init__(self, answer, first=1):
        self.answer, self.first = answer, first

    def __call__(self, requests, answers):
        requests, answers = os.dup(requests), os.dup(answers)  # these are closed by the caller

        def serve():
            waiting = [messages.read(requests) for _ in range(self.first)]
            while all(waiting):
                for request in waiting:
                    os.write(answers, messages.pack(self.answer(messages.unpack(request))))
                waiting = [messages.read(requests)]
            os.close(requests)
            os.close(answers)

        threading.Thread(target=serve, daemon=True).start()
        return self

    def ending(self):
        return "ended itself"

    def kill(self):
        pass


PROBE = Probe(torch.tensor([1.0, 2.0]), 0)
TRUTH = vars(Outcome(value=PROBE.logits.softmax(0), kind="Tensor", after=(PROBE.logits,)))


def told(change):
    """Return the outcome of one probe when its answer is changed in this way."""

    def answer(request):
        return {**TRUTH, "nonce": request["nonce"], **change}

    (outcome,) = isolate.run_in_processes(lambda: isolate.through_pipes(Liar(answer)), [PROBE])
    return outcome


def test_the_next_inputs_are_sent_before_the_first_is_answered():
    liar = Liar(lambda request: {**TRUTH, "nonce": request["nonce"]}, first=5)
    outcomes = isolate.run_in_processes(lambda: isolate.through_pipes(liar), [PROBE] * 6)
    assert [outcome.error for outcome in outcomes] == [""] * 6


def test_a_valid_answer_is_accepted():
    outcome = told({"called": ["exp", "sum"]})
    assert torch.equal(outcome.value, TRUTH["value"])
    assert (outcome.error, outcome.kind, outcome.grad) == ("", "Tensor", None)
    assert outcome.called == ("exp", "sum")


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": None},  # the attempt may write to the pipe, but doesn't know what was asked
        {"error": 1},
        {"kind": None},
        {"grad_error": [""]},
        {"after": "x"},
        {"after": []},
        {"after": [1.0]},
        {"value": 0.5},
        {"value": None},
        {"grad": "none"},
        {"grad": True},
        {"passed": True},
        {"called": "exp"},
        {"called": [1]},
        {"called": None},
        {"value": {"dtype": "torch.float32", "shape": [3], "bytes": 4}},
        {"value": {"dtype": "torch.softmax", "shape": [1], "bytes": 4}},
        {"value": {"dtype": "torch.float32", "shape": [1], "bytes": -4}},
    ],
    ids=str,
)
def test_an_invalid_answer_is_rejected(change):
    assert told(change) == Outcome(error="Your function's process sent something unreadable")


ALL_DTYPES = sorted({x for x in vars(torch).values() if isinstance(x, torch.dtype)}, key=str)


@pytest.mark.filterwarnings("ignore:ComplexHalf", "ignore:.* support is experimental")
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 3)])
def test_a_tensor_of_any_dtype_arrives_as_it_was_sent(shape):
    sent = 0
    for dtype in ALL_DTYPES:
        try:
            count = torch.Size(shape).numel() * dtype.itemsize
            x = torch.arange(count, dtype=torch.uint8).view(dtype).reshape(shape)
            message = messages.pack({"x": x, "last": [x.mT if x.dim() > 1 else x]})
        except (RuntimeError, NotImplementedError):
            continue  # PyTorch itself can't make one
        assert int.from_bytes(message[:4], "big") == len(message) - 4
        arrived = messages.unpack(message[4:])
        assert arrived["x"].dtype == dtype
        for got, was in ((arrived["x"], x), (arrived["last"][0], x.mT if x.dim() > 1 else x)):
            assert got.shape == was.shape
            assert messages.pack({"x": got}) == messages.pack({"x": was})
        sent += 1
    assert sent >= 20


def test_a_result_in_an_odd_dtype_is_reported_as_a_dtype_mistake(way):
    verdict = check(
        "half_softmax", lambda x, dim: bank.amax(x.float(), dim).to(torch.float8_e5m2), way=way
    )
    assert (verdict.status, verdict.misconceptions) == ("wrong", ("upcasts-and-changes-dtype",))


def test_a_giant_result_is_reported_by_its_size(way):
    (outcome,) = isolate.run_isolated(lambda x, dim: torch.ones(10**7), [PROBE], ("x", "dim"), way)
    assert outcome.error == "Your function's process returned 38 MB"


def test_a_slow_answer_is_waited_for(way):
    def slow(x, dim):
        time.sleep(2.2)
        return x

    (outcome,) = isolate.run_isolated(slow, [PROBE], ("x", "dim"), way)
    assert outcome.error == ""


def settings():
    return (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.get_rng_state().tolist(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_anomaly_enabled(),
        random.getstate(),
        np.random.get_state()[1].tolist(),
        np.geterr(),
        list(warnings.filters),
        os.getcwd(),
        torch.exp,
        builtins.sum,
    )


def test_settings_names_and_output_are_left_unchanged(way, capfd, tmp_path):
    mine = {"value": 1}

    def meddles(x, dim):
        mine["value"] = 2
        print("x" * 10**6)
        os.write(1, b"raw")
        warnings.warn("oh", stacklevel=1)
        warnings.simplefilter("error")
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(7)
        torch.manual_seed(7)
        random.seed(7)
        np.random.seed(7)
        np.seterr(all="raise")
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(True)
        torch.autograd.set_detect_anomaly(True)
        torch.exp = builtins.sum = None
        os.chdir(tmp_path)
        return torch.ones_like(x)

    before = settings()
    assert not check("softmax_dim", meddles, way=way).passed
    assert settings() == before
    assert mine == {"value": 1}
    assert capfd.readouterr() == ("", "")
    assert check("softmax_dim", bank.plain, way=way).passed  # the next attempt is unaffected


@contextlib.contextmanager
def changed(change, back):
    change()
    try:
        yield
    finally:
        back()


LEARNERS_SETTINGS = {
    "default dtype": lambda: changed(
        lambda: torch.set_default_dtype(torch.float64),
        lambda: torch.set_default_dtype(torch.float32),
    ),
    "default device": lambda: torch.device("meta"),
    "no grad": torch.no_grad,
    "inference mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "deterministic": lambda: changed(
        lambda: torch.use_deterministic_algorithms(True),
        lambda: torch.use_deterministic_algorithms(False),
    ),
    "anomaly detection": torch.autograd.detect_anomaly,
    "flushed denormals": lambda: changed(
        lambda: torch.set_flush_denormal(True), lambda: torch.set_flush_denormal(False)
    ),
    "warnings as errors": lambda: (
        warnings.catch_warnings(action="error")
        if sys.version_info >= (3, 11)
        else contextlib.nullcontext()
    ),
    "numpy raises": lambda: np.errstate(all="raise"),
}


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.parametrize("name", LEARNERS_SETTINGS)
def test_a_learners_settings_do_not_change_the_verdict(way, name):
    with LEARNERS_SETTINGS[name]():
        verdicts = [
            check("stable_softmax", bank.amax, way=way),
            check("softmax_1d", bank.row_plain, way=way),
            check("softmax_1d", bank.row_numpy_on_tensor, way=way),
            check("stable_softmax", bank.naive, way=way),
        ]
    assert [v.status for v in verdicts] == ["right", "right", "right", "wrong"], verdicts
    assert verdicts[-1].misconceptions == ("no-max-subtraction",)


def test_printing_does_not_stop_an_answer_from_passing(way, capfd):
    def prints(x, dim):
        print("x" * 10**6)
        return bank.amax(x, dim)

    assert check("stable_softmax", prints, way=way).passed
    assert capfd.readouterr() == ("", "")


def test_an_answer_that_memorises_the_inputs_does_not_pass(way):
    answers = [
        (p.logits, p.dim, torch.softmax(p.logits, p.dim)) for p in tasks()["stable_softmax"].fixed
    ]

    def by_heart(x, dim):
        for logits, d, probs in answers:
            if torch.equal(logits, x.detach()) and d == dim:
                return probs
        return torch.softmax(x, dim) if x.requires_grad else torch.ones_like(x)

    assert not check("stable_softmax", by_heart, way=way).passed


def test_a_worker_is_kept_while_it_behaves_and_replaced_when_it_does_not():
    def pid_of(attempt):
        check("softmax_1d", attempt, way="worker")
        (spare,) = worker._spare
        return spare._process.pid

    first = pid_of(bank.row_plain)
    assert pid_of(bank.row_numpy) == first
    assert pid_of(lambda x: x / 0 * undefined) == first  # noqa: F821
    second = pid_of(lambda x: torch.set_default_dtype(torch.float64))
    assert second != first
    assert pid_of(lambda x: setattr(torch, "softmax", None)) != second


@pytest.mark.parametrize(
    "held",
    [threading.Lock(), (i for i in range(3)), sys._getframe()],
    ids=lambda held: type(held).__name__,
)
def test_a_function_that_cannot_be_sent_to_a_worker_gets_an_explanation(held):
    def holds(x):
        assert held is not None
        return bank.row_plain(x)

    verdict = check("softmax_1d", holds, way="worker")
    assert (verdict.status, verdict.passed) == ("unusable", False)
    assert "can't be sent to the process that runs it" in verdict.says
    if LINUX:
        assert check("softmax_1d", holds, way="fork").passed


def test_a_worker_gets_the_current_version_of_a_learners_module(tmp_path, monkeypatch):
    import importlib

    file = tmp_path / "my_answers.py"
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file.write_text("def answer(x):\n    return x\n")
    import my_answers

    assert not check("softmax_1d", my_answers.answer, way="worker").passed
    file.write_text(
        "def helper(x):\n    return x.exp()\n\n\ndef answer(x):\n"
        "    return helper(x) / helper(x).sum()\n"
    )
    importlib.reload(my_answers)
    assert check("softmax_1d", my_answers.answer, way="worker").passed


@needs_fork
def test_two_hundred_checks_leave_nothing_behind(way):
    def once():
        check("softmax_1d", bank.row_plain, way=way)
        check("softmax_1d", lambda x: x, way=way)

    for _ in range(5):
        once()
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss, process.num_fds(), process.num_threads()
    for _ in range(100):
        once()
    gc.collect()
    after = process.memory_info().rss, process.num_fds(), process.num_threads()
    assert after[1:] == before[1:]
    assert after[0] - before[0] < 20 << 20
