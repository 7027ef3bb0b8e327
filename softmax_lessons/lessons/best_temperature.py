"""Which of several temperatures fits a model's logits best to the targets."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import Exercise, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.lessons.misconceptions import OTHER_TRACES
from softmax_lessons.lessons.no_result import NO_RESULT


def _divided(logits: Tensor, temperature: Tensor) -> Tensor:
    return logits / temperature


def _result(temperatures: Tensor, losses: Tensor, i: Tensor) -> Tensor:
    return temperatures[i]


@dataclass(frozen=True)
class Fit:
    """The right choice of a temperature; a misconception replaces some of its steps.

    Attributes:
        at: applies a temperature to the logits.
        loss: how badly the result fits the targets.
        best: which of the losses wins.
        result: what is returned, given the temperatures, the losses and the winner's position.
    """

    at: Callable[[Tensor, Tensor], Tensor] = _divided
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
    best: Callable[[Tensor], Tensor] = torch.argmin
    result: Callable[[Tensor, Tensor, Tensor], Tensor] = _result

    def __call__(self, logits: Tensor, targets: Tensor, temperatures: Tensor) -> Tensor:
        """Return the best of `temperatures`, shape ()."""
        losses = torch.stack([self.loss(self.at(logits, t), targets) for t in temperatures])
        return self.result(temperatures, losses, self.best(losses))


RIGHT = Fit()
LOSS = "Compute `F.cross_entropy(logits / temperature, targets)` for each temperature."
PICK = "Return `temperatures[losses.argmin()]`."


def _errors(logits: Tensor, targets: Tensor) -> Tensor:
    return (logits.argmax(1) != targets).double().mean()


def _gap(logits: Tensor, targets: Tensor) -> Tensor:
    """Return how far the mean confidence is from the accuracy."""
    confidence = logits.softmax(1).amax(1).mean()
    return (confidence - (logits.argmax(1) == targets).to(confidence.dtype).mean()).abs()


def _entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return torch.distributions.Categorical(logits=logits).entropy().mean()


def _squares(logits: Tensor, targets: Tensor) -> Tensor:
    y = F.one_hot(targets, logits.shape[1]).to(logits.dtype)
    return ((logits.softmax(1) - y) ** 2).sum(1).mean()


MISTAKES = (
    Misconception(
        "inverse-temperature",
        "You multiply the logits by the temperature. A temperature divides them.",
        (
            "Should a high temperature make the model more sure, or less?",
            "softmax(logits / T) is flatter for a larger T.",
            LOSS,
        ),
        variants=({"at": torch.mul},),
    ),
    Misconception(
        "accuracy-is-flat",
        "Your first or last temperature wins, whatever the logits are. That happens if you choose "
        "by accuracy, which is the same at every temperature: the largest logit stays the largest.",
        (
            "Print what you compare, for each temperature.",
            "Being right is one thing; being as sure as you should be is another.",
            LOSS,
        ),
        variants=(
            {"loss": _errors},
            {"loss": _errors, "best": lambda losses: len(losses) - 1 - losses.flip(0).argmin()},
        ),
    ),
    Misconception(
        "worst-wins",
        "You choose the temperature with the largest loss.",
        (
            "Print the losses. Which one do you take?",
            "Where the model fits well, a loss is small and a log-probability is large.",
            PICK,
        ),
        variants=({"best": torch.argmax},),
    ),
    Misconception(
        "returns-position",
        "You return the temperature's position. The exercise asks for the temperature itself.",
        (
            "What does `argmin` return?",
            "A position in a list, counted from 0.",
            PICK,
        ),
        variants=({"result": lambda temperatures, losses, i: i},),
        symptom=lambda probe, outcome: (
            outcome.value is not None and outcome.value.dtype == torch.int64
        ),
        causes=("int-dtype", "upcasts-and-changes-dtype"),
    ),
    Misconception(
        "returns-loss",
        "You return the smallest loss. The exercise asks for the temperature that has it.",
        (
            "What does `min` return, and what does `argmin`?",
            "The loss says how good the best temperature is, not which one it is.",
            PICK,
        ),
        variants=({"result": lambda temperatures, losses, i: losses[i]},),
    ),
    Misconception(
        "temperature-after-softmax",
        "You apply the temperature to probabilities. It belongs to the logits, before softmax.",
        (
            "What do you divide?",
            "`F.cross_entropy` takes logits, and takes their softmax itself.",
            LOSS,
        ),
        variants=(
            {"at": lambda x, t: x.softmax(1) / t},
            {"loss": lambda x, y: F.cross_entropy(x.softmax(1), y)},
            {"at": lambda x, t: (x.softmax(1) / t).log()},
        ),
    ),
    Misconception(
        "mean-of-probabilities",
        "You compare the mean probability of the targets. The cross-entropy is the mean of minus "
        "its log.",
        (
            "What does one target with a probability of almost 0 cost in your mean?",
            "The log makes it cost a lot; a mean of probabilities hardly notices.",
            LOSS,
        ),
        variants=({"loss": lambda x, y: -x.softmax(1).gather(1, y[:, None]).mean()},),
    ),
    Misconception(
        "sums-logits",
        "You compare the mean logit of the targets, without a softmax.",
        (
            "Add 10 to all logits: what should change?",
            "`F.nll_loss` takes log-probabilities, which logits aren't.",
            LOSS,
        ),
        variants=({"loss": F.nll_loss}, {"loss": F.nll_loss, "best": torch.argmax}),
    ),
    Misconception(
        "log-of-softmax",
        "You take the log of a finished softmax. At a low temperature, a probability underflows to "
        "0, and its log is -inf.",
        (
            "Print the loss of each temperature.",
            "`log_softmax` and `cross_entropy` never compute the probability itself.",
            LOSS,
        ),
        variants=({"loss": lambda x, y: F.nll_loss(x.softmax(1).log(), y)},),
    ),
    Misconception(
        "forgets-the-targets",
        "Your choice doesn't depend on the targets: it takes the temperature at which the model is "
        "most sure, or least.",
        (
            "Where do the targets come in when you compare?",
            "A model may be sure when it's right, but should be unsure when it isn't.",
            LOSS,
        ),
        variants=(
            {"loss": _entropy},
            {"loss": _entropy, "best": torch.argmax},
            lambda x, y, temperatures: temperatures.min(),
            lambda x, y, temperatures: temperatures.max(),
        ),
    ),
    Misconception(
        "another-score",
        "You compare something other than the cross-entropy: the squared error, or how far the "
        "mean confidence is from the accuracy. Those may have a different best temperature.",
        (
            "Which loss was the model trained with?",
            "The exercise asks for the smallest mean cross-entropy.",
            LOSS,
        ),
        variants=({"loss": _gap}, {"loss": _squares}),
    ),
    Misconception(
        "one-example",
        "You look at one example only. The loss is the mean over all of them.",
        (
            "Which rows go into your loss?",
            "One example alone prefers T near 0 if it's right, and a high T if it's wrong.",
            LOSS,
        ),
        variants=(
            {"loss": lambda x, y: F.cross_entropy(x[0], y[0])},
            {"loss": lambda x, y: F.cross_entropy(x[-1], y[-1])},
        ),
    ),
    Misconception(
        "mean-of-the-best",
        "You choose a temperature for each example and average them. All examples share one "
        "temperature.",
        (
            "How many losses do you compare for each temperature?",
            "Take the mean over the examples first, then choose.",
            LOSS,
        ),
        variants=(
            lambda x, y, temperatures: temperatures[
                torch.stack(
                    [F.cross_entropy(x / t, y, reduction="none") for t in temperatures]
                ).argmin(0)
            ].mean(),
        ),
    ),
    Misconception(
        "result-has-dims",
        "You return more than one number; the result is one temperature, of shape ().",
        (
            "Print the shape of your result.",
            "`losses` has one number per temperature.",
            PICK,
        ),
        symptom=lambda probe, outcome: outcome.value is not None and outcome.value.dim() > 0,
    ),
)


def _smallest_loss(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """No other temperature in the list has a smaller loss."""
    targets, temperatures = probe.rest
    if value.dim() or value == expected:
        return ""
    wanted = F.cross_entropy(probe.logits.double() / expected, targets).item()
    if not (temperatures.double() - value).abs().lt(1e-6).any():
        return f"Your result is {number(value.item())}, which isn't one of the temperatures."
    got = F.cross_entropy(probe.logits.double() / value, targets).item()
    return (
        f"At your temperature, {number(value.item())}, the mean cross-entropy is {number(got)}; "
        f"at {number(expected.item())} it's {number(wanted)}."
    )


LAWS = (
    Law(
        "not-the-smallest-loss",
        _smallest_loss,
        ("Print the loss of each temperature.", LOSS, PICK),
    ),
)


def _at(logits: Tensor, targets: list[int] | Tensor, temperatures: list[float]) -> Probe:
    given = (torch.as_tensor(targets), torch.tensor(temperatures, dtype=logits.dtype))
    return Probe(logits, 1, others=given)


def _probes() -> tuple[Probe, ...]:
    # by hand: odds of 9 to 1, but right 7 times in 10: log 9 / log(7 / 3) = 2.593 is best
    nine = torch.tensor([[9.0, 1.0]]).log().expand(10, 2).contiguous()
    seven = [0] * 7 + [1] * 3
    targets = [2, 0, 1, 3, 0, 3, 2, 1]
    return (
        _at(nine, seven, [1.0, 2.0, 2.6, 4.0]),
        _at(nine, seven, [3.0, 0.5, 2.0]),
        _at(nine, [0] * 9 + [1], [0.25, 0.5, 1.0, 2.0, 4.0]),
        # the first one wrong; then all right, so that the least sure is the worst
        _at(nine, seven[::-1], [1.0, 2.0, 2.6, 4.0]),
        _at(nine, [0] * 10, [4.0, 1.0, 2.0]),
        _at(nine, [1] * 7 + [0] * 3, [1.0, 2.0, 4.0]),
        _at(0.2 * nine, seven, [0.25, 0.5, 1.0, 2.0]),
        _at(scores(8, 4), targets, [0.5, 1.0, 5.0, 10.0, 20.0]),
        _at(scores(8, 4, dtype=torch.float64), targets, [20.0, 5.0, 1.0, 10.0]),
        # far enough apart for probabilities of 0, with a clear second best
        _at(100 * nine, seven, [1.0, 50.0, 250.0, 700.0]),
        # a probability of 0 at every temperature
        _at(300 * nine, seven, [1.0, 2.0]),
        _at(nine + 1000, seven, [1.0, 2.5, 4.0]),
        _at(nine - 1000, seven, [1.0, 2.5, 4.0]),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    # as sure as it should be at 1, then several times as sure: far from every other temperature
    right = torch.randint(60, 90, (), generator=generator).item()
    factor = torch.randint(2, 5, (), generator=generator).item()
    logits = factor * torch.tensor([[right / (100 - right), 1.0]]).log().expand(100, 2).contiguous()
    targets = torch.cat([torch.zeros(right), torch.ones(100 - right)]).long()
    return (_at(logits, targets, [0.3, 1.0, float(factor), 9.0]),)


EXERCISE = Exercise(
    "f(logits, targets, temperatures)",
    _probes(),
    _fresh,
    reference=RIGHT,
    right=(RIGHT,),
    # the result is one of a few temperatures: two mistakes together may fit by chance
    misconceptions=(*NO_RESULT, *(replace(m, alone=True) for m in MISTAKES), *OTHER_TRACES),
    laws=LAWS,
)
