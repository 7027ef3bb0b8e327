"""Whatever an attempt does, there is a verdict, and nothing else has changed."""

import contextlib
import os
import signal
import sys
import threading
import time
import warnings

import bank
import pytest
import torch

from softmax_lessons import check
from softmax_lessons.attempts import isolate
from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker import engine
from softmax_lessons.checker.exercises import exercises

needs_fork = pytest.mark.skipif(not isolate.CAN_ISOLATE, reason="no safe fork on this system")


class AlwaysEqual:
    def __eq__(self, other):
        return True

    __hash__ = None


class LyingTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True


def endless(x, dim):
    while True:
        pass


def endless_and_deaf(x, dim):
    while True:
        try:
            time.sleep(100)
        except BaseException:
            continue


def endless_allocation(x, dim):
    kept = []
    while True:
        kept.append(torch.ones(10**6))


def recursion(x, dim):
    return recursion(x, dim)


def patches_torch_and_the_checker(x, dim):
    import softmax_lessons.checker.judge as judge

    torch.softmax = torch.allclose = torch.isclose = torch.equal = lambda *a, **k: True
    judge.judge = lambda *a: None
    engine.judge = lambda *a: None
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
    endless,
    endless_and_deaf,
    endless_allocation,
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


@needs_fork
@pytest.mark.parametrize("attempt", HOSTILE, ids=lambda f: f.__name__)
def test_a_hostile_attempt_gets_a_verdict_in_time_and_never_passes(attempt):
    files, started = len(os.listdir("/proc/self/fd")), time.monotonic()
    verdict = check("stable_softmax", attempt)
    assert time.monotonic() - started < 5
    assert not verdict.passed
    assert "came:" in verdict.message
    assert len(os.listdir("/proc/self/fd")) == files
    assert check("stable_softmax", bank.amax).passed


@needs_fork
def test_an_endless_loop_is_named():
    assert check("stable_softmax", endless).misconceptions == ("endless-loop",)


@needs_fork
def test_no_process_stays_behind():
    check("stable_softmax", endless)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@needs_fork
def test_a_crash_on_one_input_leaves_the_others():
    def dies_on_a_cube(x, dim):
        if x.shape == (2, 2, 2):
            os._exit(1)
        return bank.amax(x, dim)

    verdict = check("stable_softmax", dies_on_a_cube)
    assert not verdict.passed
    assert "process ended itself" in verdict.message


def outcomes_of(attempt):
    probes = exercises()["stable_softmax"].probes
    outcomes, called = isolate.run_isolated(attempt, probes, ("x", "dim"))
    assert len(outcomes) == len(probes)
    return outcomes, called


@needs_fork
def test_after_a_few_deaths_no_more_processes_are_started(monkeypatch):
    started = []
    fork = isolate._fork
    monkeypatch.setattr(isolate, "_fork", lambda *args: started.append(1) or fork(*args))
    probes = [Probe(torch.ones(size), 0) for size in range(1, 9)]
    last = isolate.MOST_DEATHS
    outcomes, _ = isolate.run_isolated(
        lambda x, dim: os._exit(0) if len(x) == last else os.abort(), probes, ("x", "dim")
    )
    ends = ["crashed (SIGABRT)"] * (last - 1) + ["ended itself"] * (len(probes) - last + 1)
    assert [o.error.removeprefix("Your function's process ") for o in outcomes] == ends
    assert len(started) == last


@needs_fork
def test_a_death_costs_one_answer_and_the_names_are_known_all_the_same():
    def dies_on_a_cube(x, dim):
        if x.shape == (2, 2, 2):
            os.abort()
        return bank.amax(x, dim)

    outcomes, called = outcomes_of(dies_on_a_cube)
    errors = [outcome.error for outcome in outcomes if outcome.error]
    assert set(errors) == {"Your function's process crashed (SIGABRT)"}
    cubes = [p for p in exercises()["stable_softmax"].probes if p.logits.shape == (2, 2, 2)]
    assert len(errors) == len(cubes)
    assert {"exp", "amax"} <= called


@needs_fork
def test_what_takes_too_long_is_cut_off_and_what_came_before_is_kept():
    def slow_on_a_cube(x, dim):
        while x.shape == (2, 2, 2):
            pass
        return bank.amax(x, dim)

    outcomes, called = outcomes_of(slow_on_a_cube)
    errors = [outcome.error for outcome in outcomes]
    late = "TimeoutError: no answer within 3 s. Is there an endless loop?"
    first = next(
        i for i, p in enumerate(exercises()["stable_softmax"].probes) if p.logits.shape == (2, 2, 2)
    )
    assert errors == [""] * first + [late] * (len(errors) - first)
    assert called == set()


@needs_fork
def test_a_child_has_no_file_and_no_input_of_its_parent(tmp_path):
    def looks_around(x, dim):
        assert input("your name? ") == input() == ""
        assert sys.stdin.read() == ""
        assert sys.__stdin__.read() == ""
        sys.stdout.write("nothing")
        sys.stderr.flush()
        kept = {}
        for fd in os.listdir("/proc/self/fd"):
            with contextlib.suppress(FileNotFoundError):  # that of the list itself
                kept[int(fd)] = os.readlink(f"/proc/self/fd/{fd}")
        assert {kept.pop(fd) for fd in range(3)} == {"/dev/null"}
        pipes = [name for name in kept.values() if name.startswith("pipe:")]
        assert len(pipes) == 2  # the one for requests, and the one for answers
        assert {*kept.values()} == {"/dev/null", *pipes}
        return bank.amax(x, dim)

    with contextlib.ExitStack() as stack:
        for i in range(20):
            stack.enter_context(open(tmp_path / f"{i}", "w"))
        standard_input = os.dup(0)
        stack.callback(os.close, standard_input)
        stack.callback(os.dup2, standard_input, 0)
        os.dup2(stack.enter_context(open(__file__)).fileno(), 0)
        outcomes, _ = outcomes_of(looks_around)
    assert {outcome.error for outcome in outcomes} == {""}


class Liar:
    """A process that says what it likes; `answer` makes it of what was asked."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, requests, answers):
        requests, answers = os.dup(requests), os.dup(answers)  # these are closed by the caller

        def serve():
            while header := isolate._read_exactly(requests, 4):
                request = isolate._read_exactly(requests, int.from_bytes(header, "big"))
                os.write(answers, isolate._pack(self.answer(isolate._unpack(request))))
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


def told(run, names):
    """Return what comes of one probe, if its answer is changed in this way."""

    def answer(request):
        if request["question"] == "run":
            return {**TRUTH, "nonce": request["nonce"], **run}
        return {"names": names, "nonce": request["nonce"]}

    (outcome,), called = isolate.run_in_children(Liar(answer), [PROBE])
    return outcome, called


@needs_fork  # elsewhere a pipe can't be waited for
def test_a_sound_answer_is_taken():
    outcome, called = told({}, ["exp", "sum"])
    assert torch.equal(outcome.value, TRUTH["value"])
    assert (outcome.error, outcome.kind, outcome.grad, called) == (
        "",
        "Tensor",
        None,
        {"exp", "sum"},
    )


@needs_fork
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
        {"passed": True},
        {"value": {"dtype": "torch.float32", "shape": [3], "bytes": 4}},
    ],
    ids=str,
)
def test_an_answer_that_is_none_is_not_taken(change):
    outcome, called = told(change, ["exp"])
    assert outcome == Outcome(error="Your function's process sent something unreadable")
    assert called == set()


@needs_fork
@pytest.mark.parametrize("names", ["exp", [1], None, [["exp"]], {"exp": 1}], ids=str)
def test_names_that_are_none_are_not_taken(names):
    outcome, called = told({}, names)
    assert torch.equal(outcome.value, TRUTH["value"])
    assert called == set()


@pytest.mark.parametrize("dtype", isolate.DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 3)])
def test_a_tensor_arrives_as_it_was_sent(shape, dtype):
    x = torch.arange(6).reshape(2, 3).T.to(dtype)
    x = x.T if shape == (2, 3) else torch.empty(shape, dtype=dtype).fill_(1)
    message = isolate._pack({"x": x, "last": [x.mT if x.dim() > 1 else x]})
    assert int.from_bytes(message[:4], "big") == len(message) - 4
    arrived = isolate._unpack(message[4:])
    assert arrived["x"].dtype == dtype
    assert torch.equal(arrived["x"], x)
    assert torch.equal(arrived["last"][0], x.mT if x.dim() > 1 else x)


@needs_fork
def test_a_process_without_a_group_of_its_own_is_ended_as_well():
    process = isolate._Fork(os.posix_spawnp("sleep", ["sleep", "60"], os.environ))
    process.kill()
    process.kill()
    assert process.ending() == "crashed (SIGKILL)"


@needs_fork
def test_a_giant_result_is_told_by_its_size():
    (outcome,), _ = isolate.run_isolated(lambda x, dim: torch.ones(10**7), [PROBE], ("x", "dim"))
    assert outcome.error == "Your function's process returned 38 MB"


@needs_fork
def test_a_slow_answer_is_waited_for():
    def slow(x, dim):
        time.sleep(2.2)
        return x

    (outcome,), called = isolate.run_isolated(slow, [PROBE], ("x", "dim"))
    assert outcome.error == ""
    assert called == set()  # there is no time left to ask for them


def settings():
    return (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.get_rng_state().tolist(),
        list(warnings.filters),
        os.getcwd(),
        torch.exp,
    )


@needs_fork
def test_settings_names_and_output_stay_as_they_were(capfd, tmp_path):
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
        torch.set_grad_enabled(False)
        torch.exp = None
        os.chdir(tmp_path)
        return torch.ones_like(x)

    before = settings()
    assert not check("softmax_dim", meddles).passed
    assert settings() == before
    assert mine == {"value": 1}
    assert capfd.readouterr() == ("", "")


@needs_fork
def test_a_learners_printing_does_not_cost_the_pass(capfd):
    def prints(x, dim):
        print("x" * 10**6)
        return bank.amax(x, dim)

    assert check("stable_softmax", prints).passed
    assert capfd.readouterr() == ("", "")


@needs_fork
def test_an_answer_learnt_by_heart_does_not_pass():
    answers = [
        (p.logits, p.dim, torch.softmax(p.logits, p.dim))
        for p in exercises()["stable_softmax"].probes
    ]

    def by_heart(x, dim):
        for logits, d, probs in answers:
            if torch.equal(logits, x.detach()) and d == dim:
                return probs
        return torch.softmax(x, dim) if x.requires_grad else torch.ones_like(x)

    assert not check("stable_softmax", by_heart).passed


def test_without_a_fork_the_verdict_says_so(monkeypatch, capsys):
    monkeypatch.setattr(isolate, "CAN_ISOLATE", False)
    monkeypatch.setattr(engine, "CAN_ISOLATE", False)

    def prints(x, dim):
        print("hello")
        torch.set_default_dtype(torch.float64)
        return bank.amax(x, dim)

    verdict = check("stable_softmax", prints)
    assert verdict.passed
    assert "notebook's own process" in verdict.message
    assert torch.get_default_dtype() == torch.float32
    assert capsys.readouterr().out == ""
    nudged = check("stable_softmax", torch.softmax)
    assert nudged.misconceptions == ("uses-torch-softmax",)
    naive = check("stable_softmax", bank.naive)
    assert naive.misconceptions == ("no-max-subtraction",)
    assert "notebook's own process" in naive.message
