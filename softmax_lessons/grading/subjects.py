"""The functions for a learner's test, in a separate process.

A test that could look at them would know from their names or their code which ones are wrong. So
its process has a stand-in, the same for all of them, which sends its arguments to the other process
and returns what the function did in there: results, gradients, errors, and changes to its tensor
arguments. Only the grader tells that process which function to be.
"""

import builtins
import select
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from softmax_lessons.attempts.messages import LARGEST_ANSWER, pack, read, unpack, write
from softmax_lessons.attempts.run import LONGEST_ERROR, does_nothing
from softmax_lessons.checker.hunt import as_attempt

Ask = Callable[[dict[str, object]], dict[str, object]]
SEQUENCES = {"list": list, "tuple": tuple, "iterator": iter}


def tested(test: Callable[..., object], calls: int, results: int) -> Callable[..., object]:
    """Return a function that says whether a test passes the function at the other end of two files.

    Args:
        test: a learner's test.
        calls: where to write a call's arguments.
        results: where to read its results.
    """
    if does_nothing(test):
        return test

    def ask(message: dict[str, object]) -> dict[str, object]:
        write(calls, pack(message))
        reply = unpack(read(results, LARGEST_ANSWER))
        if reply["error"]:
            kind, _, text = reply["error"].partition(": ")
            known = getattr(builtins, kind, None)
            is_error = isinstance(known, type) and issubclass(known, Exception)
            raise known(text) if is_error else RuntimeError(reply["error"])
        return reply

    def function(*arguments: object, **named: object) -> object:
        given: list[Tensor] = []
        tree = _flat([arguments, named], given)
        graded = [torch.is_grad_enabled() and x.requires_grad for x in given]
        reply = ask({"call": tree, "tensors": [x.detach() for x in given], "graded": graded})
        with torch.no_grad():
            for x, after in zip(given, reply["after"], strict=True):
                if after is not None:
                    x.copy_(after)
        values = reply["tensors"]
        if any(reply["graded"]):
            values = _Remote.apply(ask, reply["number"], reply["graded"], values, *given)
        values = [
            value if same is None else given[same]
            for value, same in zip(values, reply["same"], strict=True)
        ]
        return _rebuilt(reply["result"], values)

    return as_attempt(test, (function,))


class _Remote(torch.autograd.Function):
    """A result from the other process, which also computes the gradients."""

    @staticmethod
    def forward(ctx, ask: Ask, number: int, graded: Sequence[bool], values, *given: Tensor):
        ctx.ask, ctx.number = ask, number
        ctx.mark_non_differentiable(*(x for x, g in zip(values, graded, strict=True) if not g))
        return tuple(values)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *gradients: Tensor):
        reply = ctx.ask({"backward": ctx.number, "gradients": [g.detach() for g in gradients]})
        return (None, None, None, None, *reply["gradients"])


def serve(
    functions: Sequence[Callable[..., object]], requests: int, answers: int, calls: int, done: int
) -> None:
    """Be one of these functions after another, as the grader asks, until it hangs up."""
    subject = _Subject(functions[0])
    listening = [requests, calls]
    while True:
        ready, _, _ = select.select(listening, [], [])
        if requests in ready:
            if not (body := read(requests)):
                return
            subject = _Subject(functions[unpack(body)["subject"]])
            write(answers, pack({}))
        elif body := read(calls, LARGEST_ANSWER):
            try:
                reply = {"error": "", **subject.answer(unpack(body))}
            except Exception as error:
                reply = {"error": f"{type(error).__name__}: {error}"[:LONGEST_ERROR]}
            write(done, pack(reply))
        else:
            listening.remove(calls)


class _Subject:
    """One function, and the calls that may need gradients."""

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function
        self._calls: list[tuple[list[Tensor], list[Tensor]]] = []

    def answer(self, message: dict[str, object]) -> dict[str, object]:
        if "backward" in message:
            return {"gradients": self._gradients(message["backward"], message["gradients"])}
        given = message["tensors"]
        before = [x.clone() for x in given]
        for x, graded in zip(given, message["graded"], strict=True):
            x.requires_grad_(graded)
        arguments, named = _rebuilt(message["call"], given)
        with torch.set_grad_enabled(any(message["graded"])):
            result = self._function(*arguments, **named)
        values: list[Tensor] = []
        tree = _flat(result, values)
        self._calls.append((given, values))
        return {
            "number": len(self._calls) - 1,
            "result": tree,
            "tensors": values,
            "graded": [x.requires_grad for x in values],
            "same": [next((i for i, x in enumerate(given) if x is v), None) for v in values],
            "after": [
                None if _bytes(x) == _bytes(old) else x
                for x, old in zip(given, before, strict=True)
            ],
        }

    def _gradients(self, number: int, gradients: Sequence[Tensor]) -> list[Tensor | None]:
        given, values = self._calls[number]
        pairs = [(v, g) for v, g in zip(values, gradients, strict=True) if v.requires_grad]
        wanted = [x for x in given if x.requires_grad]
        outputs, seeds = zip(*pairs, strict=True)
        found = torch.autograd.grad(outputs, wanted, seeds, retain_graph=True, allow_unused=True)
        by_input = dict(zip(map(id, wanted), found, strict=True))
        return [by_input.get(id(x)) for x in given]


def _bytes(x: Tensor) -> bytes:
    return x.detach().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes()


def _flat(value: object, tensors: list[Tensor]) -> object:
    """Return a value in JSON's types, with its tensors moved to a list."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return {"tensor": len(tensors) - 1}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {"dict": [[_flat(k, tensors), _flat(v, tensors)] for k, v in value.items()]}
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    for name, kind in (("list", list), ("tuple", tuple), ("iterator", Iterator)):
        if isinstance(value, kind):
            return {name: [_flat(entry, tensors) for entry in value]}
    raise TypeError(f"a {type(value).__name__} can't be passed to the tested function")


def _rebuilt(tree: object, tensors: Sequence[Tensor]) -> object:
    """Return the value that `_flat` got."""
    if not isinstance(tree, dict):
        return tree
    ((kind, held),) = tree.items()
    if kind == "tensor":
        return tensors[held]
    if kind == "dtype":
        return getattr(torch, held)
    if kind == "dict":
        return {_rebuilt(k, tensors): _rebuilt(v, tensors) for k, v in held}
    return SEQUENCES[kind]([_rebuilt(entry, tensors) for entry in held])
