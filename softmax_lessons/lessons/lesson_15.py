"""Lesson 15: what a process sends for a loss across processes, and predictions about it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Probe
from softmax_lessons.checker.exercise import INF, Exercise, scores
from softmax_lessons.checker.judge import number
from softmax_lessons.checker.laws import Law
from softmax_lessons.checker.misconception import Misconception
from softmax_lessons.checker.parsons import Parsons
from softmax_lessons.lessons.misconceptions import TRACES
from softmax_lessons.lessons.no_result import NO_RESULT
from softmax_lessons.lessons.questions_15 import QUESTIONS

SHIFT = "`shifted = shard - largest[:, None]`, and use only `shifted` from then on."
PLACE = "`places = targets - first`, owned where `(places >= 0) & (places < shard.shape[1])`."
HIDE = "Replace it after the look-up: `picked.masked_fill(~owned, 0.0)`."
SUM = "`shifted.exp().sum(dim=1)` is the first row of the result."
STACK = "`torch.stack([sums, picked])`: sums first, shape (2, rows)."

Picked = Callable[[Tensor, Tensor], Tensor]


def _first_to_last(places: Tensor, columns: int) -> Tensor:
    return (places >= 0) & (places < columns)


@dataclass(frozen=True)
class PartsRecipe:
    """What a process sends for its shard; a misconception replaces some steps.

    Attributes:
        base: what is subtracted, given the shard and the agreed maximum.
        power: turns shifted logits into exps.
        total: reduces the exps to one number per row.
        places: where the targets are in this shard, given the targets and the first class.
        owned: tells which places are in a shard of so many columns.
        inside: turns any place into one that can be looked up.
        look: what the target is looked up in, given the shard and the shifted shard.
        hide: removes what was looked up for another shard's targets.
        join: computes the result from sums and target logits.
    """

    base: Callable[[Tensor, Tensor], Tensor] = lambda shard, largest: largest
    power: Callable[[Tensor], Tensor] = torch.exp
    total: Callable[[Tensor], Tensor] = lambda exps: exps.sum(1)
    places: Callable[[Tensor, int], Tensor] = lambda targets, first: targets - first
    owned: Callable[[Tensor, int], Tensor] = _first_to_last
    inside: Callable[[Tensor, int], Tensor] = lambda places, columns: places.clamp(0, columns - 1)
    look: Callable[[Tensor, Tensor], Tensor] = lambda shard, shifted: shifted
    hide: Picked = lambda picked, owned: picked.masked_fill(~owned, 0)
    join: Callable[[Tensor, Tensor], Tensor] = lambda sums, picked: torch.stack([sums, picked])

    def __call__(self, shard: Tensor, targets: Tensor, first: int, largest: Tensor) -> Tensor:
        """Return this recipe's result for a shard (rows, columns): shape (2, rows)."""
        shifted = shard - self.base(shard, largest)[:, None]
        places = self.places(targets, first)
        owned = self.owned(places, shard.shape[1])
        index = self.inside(places, shard.shape[1])[:, None]
        picked = self.look(shard, shifted).gather(1, index).squeeze(1)
        return self.join(self.total(self.power(shifted)), self.hide(picked, owned))


RIGHT = PartsRecipe()


def _not_guarded(shard: Tensor, largest: Tensor) -> Tensor:
    return shard.amax(1)


def _guarded(shard: Tensor, largest: Tensor) -> Tensor:
    own = shard.amax(1)
    return own.masked_fill(own == -INF, 0)


def _nothing(shard: Tensor, largest: Tensor) -> Tensor:
    return torch.zeros_like(largest)


def _logits(shard: Tensor, shifted: Tensor) -> Tensor:
    return shard


def _everything(picked: Tensor, owned: Tensor) -> Tensor:
    return picked


def _or_the_first(places: Tensor, columns: int) -> Tensor:
    return places.where(_first_to_last(places, columns), 0)


def _times_one_hot(shard: Tensor, targets: Tensor, first: int, largest: Tensor) -> Tensor:
    shifted = shard - largest[:, None]
    hot = targets[:, None] == torch.arange(first, first + shard.shape[1])
    return torch.stack([shifted.exp().sum(1), (shifted * hot).sum(1)])


PARTS = (
    Misconception(
        "place-outside-the-shard",
        "You look up a column that this shard doesn't have: that row's target is in another shard.",
        (
            "Print `targets - first` and the number of columns.",
            "For such a target, look up any column you have, and discard what you find.",
            PLACE,
        ),
        error=r"index -?\d+ is out of bounds|out of bounds for dim|index out of range",
    ),
    Misconception(
        "local-max",
        "You subtract the shard's own maximum. The other processes subtract `largest`, so the sums "
        "can't be added.",
        ("Which maximum do you subtract?", "All processes must subtract the same one.", SHIFT),
        variants=(
            {"base": _not_guarded},
            {"base": _guarded},
            {"base": _not_guarded, "look": _logits},
            {"base": _guarded, "look": _logits},
        ),
    ),
    Misconception(
        "no-shift",
        "You take exp of the raw logits without subtracting anything, so large logits overflow.",
        ("What is exp(1000) in float32?", "Subtract `largest` first: it's there for that.", SHIFT),
        variants=({"base": _nothing}, {"base": _nothing, "look": lambda shard, shifted: shard}),
    ),
    Misconception(
        "forgets-first",
        "You look up the class number itself in the shard. Its columns start at class `first`.",
        ("Which class is column 0 of this shard?", "It's class `first`.", PLACE),
        variants=({"places": lambda targets, first: targets},),
    ),
    Misconception(
        "wraps-around",
        "For a target in another shard, the column number is below 0 or past the end. You let it "
        "wrap around into this shard, and send the logit you find.",
        ("What is column -1?", "Send 0 where the target isn't yours.", PLACE),
        variants=(
            {"inside": lambda places, columns: places % columns, "hide": _everything},
            {
                "inside": lambda places, columns: places % columns,
                "owned": lambda places, columns: (places >= -columns) & (places < columns),
            },
            {
                "inside": lambda places, columns: places % columns,
                "owned": lambda places, columns: places < columns,
            },
        ),
    ),
    Misconception(
        "target-not-masked",
        "You send a logit for targets of other shards, too. Each target has one owner; all the "
        "other processes send 0.",
        ("Who sends something for a target?", "Only the process that has its column.", HIDE),
        variants=(
            {"hide": _everything},
            {"inside": lambda places, columns: 0 * places, "hide": _everything},
            {"inside": _or_the_first, "hide": _everything},
            {"owned": lambda places, columns: places >= 0},
            {"owned": lambda places, columns: places < columns},
        ),
    ),
    Misconception(
        "off-by-one",
        "Your test of who has the target is off by one, at one end of the shard.",
        ("Try the first and the last column.", "Columns run from 0 to columns - 1.", PLACE),
        variants=(
            {"owned": lambda places, columns: (places >= 0) & (places <= columns)},
            {"owned": lambda places, columns: (places > 0) & (places < columns)},
            {"owned": lambda places, columns: (places >= 0) & (places < columns - 1)},
            {"owned": lambda places, columns: (places > 0) & (places <= columns)},
        ),
    ),
    Misconception(
        "target-not-shifted",
        "You send the raw logit of the target; the exercise asks for the logit minus `largest`.",
        ("What do you subtract from the target's logit?", "`largest`, as for the exps.", SHIFT),
        variants=({"look": _logits},),
    ),
    Misconception(
        "shifts-what-is-absent",
        "Where the target isn't in the shard, you send minus `largest`, not 0: you hide first and "
        "subtract afterwards.",
        ("What do you send for a target elsewhere?", "Subtract first, hide afterwards.", HIDE),
        variants=(
            lambda shard, targets, first, largest: (
                RIGHT(shard, targets, first, largest)
                - torch.stack([0 * largest, largest])
                * ~_first_to_last(targets - first, shard.shape[1])
            ),
        ),
    ),
    Misconception(
        "zero-times-infinity",
        "You multiply by a mask, and 0 times -inf is nan. A column that isn't the target's may "
        "hold -inf.",
        ("Print what you look up for another shard's target.", "Replace, don't multiply.", HIDE),
        variants=(
            {"hide": lambda picked, owned: picked * owned},
            {"inside": _or_the_first, "hide": lambda picked, owned: picked * owned},
            _times_one_hot,
        ),
    ),
    Misconception(
        "absent-is-minus-inf",
        "Where the target isn't in the shard, you send -inf. All the numbers sent are added up, "
        "and -inf plus anything is -inf.",
        ("What does your number do to a sum?", "Adding 0 changes nothing.", HIDE),
        variants=({"hide": lambda picked, owned: picked.masked_fill(~owned, -INF)},),
    ),
    Misconception(
        "exp-of-the-target",
        "You send exp of the target's logit, not the logit.",
        ("What does the loss need from the target?", "The logit; its exp is in the sum.", SHIFT),
        variants=({"look": lambda shard, shifted: shifted.exp()},),
    ),
    Misconception(
        "logarithm-too-early",
        "You send the log of the sum. Sums can be added across processes; their logs can't.",
        ("What does SUM do with what you send?", "log a + log b isn't log(a + b).", SUM),
        variants=({"total": lambda exps: exps.sum(1).log()},),
    ),
    Misconception(
        "mean-instead-of-sum",
        "You send a mean of the exps, not their sum.",
        ("What do you divide by?", "The shards' sums add up to the row's sum.", SUM),
        variants=({"total": lambda exps: exps.mean(1)},),
    ),
    Misconception(
        "divided-too-early",
        "You divide the exps by their sum in the shard before you add them up, so each of your "
        "sums is 1.",
        ("Print your sums.", "Send the sum, and don't divide.", SUM),
        variants=({"total": lambda exps: (exps / exps.sum(1, keepdim=True)).sum(1)},),
    ),
    Misconception(
        "parts-swapped",
        "You send the right numbers in the wrong order: the sums come first.",
        ("Which row of the result is which?", "Row 0 holds the sums.", STACK),
        variants=({"join": lambda sums, picked: torch.stack([picked, sums])},),
    ),
    Misconception(
        "stacked-the-other-way",
        "You put the two numbers of each row side by side: shape (rows, 2). It should be (2, "
        "rows).",
        ("Print the shape of your result.", "Two rows, one of sums and one of logits.", STACK),
        variants=(
            {"join": lambda sums, picked: torch.stack([sums, picked], dim=1)},
            {"join": lambda sums, picked: torch.cat([sums, picked])},
        ),
    ),
    Misconception(
        "sign-error",
        "The sign of the target's logit is flipped. The loss subtracts it later.",
        ("Is your second row above 0?", "A logit minus the maximum is at most 0.", SHIFT),
        variants=({"look": lambda shard, shifted: -shifted},),
    ),
)


def sums_count_from_the_largest(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The first row holds the sums of exp(logit - largest)."""
    off = (~torch.isclose(value[0], expected[0], rtol=1e-3, atol=1e-6)).nonzero().flatten()
    if not off.numel():
        return ""
    i = int(off[0])
    shifted = (probe.logits[i] - probe.rest[2][i]).tolist()
    terms = ", ".join(number(x) for x in shifted[:6])
    return (
        f"Row {i} of the shard, minus `largest`, is {terms}. The exps sum to "
        f"{number(expected[0, i].item())}, but you send {number(value[0, i].item())}."
    )


def one_owner_sends(probe: Probe, value: Tensor, expected: Tensor) -> str:
    """The second row holds the target's logit minus the maximum, or 0 if another shard has it."""
    off = (~torch.isclose(value[1], expected[1], rtol=1e-3, atol=1e-3)).nonzero().flatten()
    if not off.numel():
        return ""
    i = int(off[0])
    targets, first, _ = probe.rest
    last = first + probe.logits.shape[1] - 1
    return (
        f"The shard has the classes {first} to {last}. For row {i}, with target "
        f"{targets[i].item()}, it should send {number(expected[1, i].item())}, but you send "
        f"{number(value[1, i].item())}."
    )


def _probe(whole: Tensor, shards: int, rank: int, targets: list[int], grad: bool = False) -> Probe:
    """Return the input of the process with this rank."""
    columns = whole.shape[1] // shards
    shard = whole[:, rank * columns : (rank + 1) * columns].clone()
    given = (torch.tensor(targets), rank * columns, whole.amax(1))
    return Probe(shard, 1, grad, others=given, rounding="absolute")


def _probes() -> tuple[Probe, ...]:
    two = torch.tensor([[2.0, 1, 0.5, 3, 0.5, 2.5], [1, 4, 2, 0, 3, 1]])
    ends = scores(4, 9)
    masked = scores(3, 6)
    masked[0, :3] = -INF
    masked[1, 0] = masked[1, 5] = -INF
    masked[2, 2] = masked[2, 3] = -INF
    return (
        _probe(two, 2, 0, [4, 1]),
        _probe(two, 2, 1, [4, 1]),
        *(_probe(ends, 3, rank, [2, 3, 5, 6], rank == 1) for rank in range(3)),
        *(_probe(scores(5, 8) + 1, 2, rank, [0, 3, 4, 7, 5]) for rank in range(2)),
        *(_probe(masked, 2, rank, [4, 2, 1]) for rank in range(2)),
        *(_probe(masked, 2, rank, [3, 4, 5]) for rank in range(2)),
        _probe(1000 + scores(2, 6), 2, 0, [1, 5]),
        _probe(torch.full((2, 6), 1e8), 2, 1, [1, 5]),
        _probe(scores(3, 6) - 200, 2, 1, [1, 5, 4]),
        _probe(scores(3, 6, dtype=torch.float64), 3, 1, [1, 2, 5], True),
    )


def _fresh(generator: torch.Generator) -> tuple[Probe, ...]:
    whole = 6 * torch.rand(6, 12, generator=generator) - 3
    targets = torch.randint(0, 12, (6,), generator=generator).tolist()
    return tuple(_probe(scale * whole, 3, rank, targets) for scale in (1, 100) for rank in (1, 2))


EXERCISES = {
    "loss_parts": Exercise(
        "f(shard, targets, first, largest)",
        _probes(),
        _fresh,
        reference=RIGHT,
        right=(RIGHT,),
        misconceptions=(
            *NO_RESULT,
            *PARTS,
            # the shape has its own record here
            *(m for m in TRACES if m.slug != "returns-wrong-shape"),
        ),
        laws=(
            Law(
                "sums-off",
                sums_count_from_the_largest,
                (
                    "Print `shard - largest[:, None]`.",
                    "Take exp of that, and sum over the row.",
                    SUM,
                ),
            ),
            Law(
                "target-logit-off",
                one_owner_sends,
                ("Print who has which target.", "The owner sends its logit; others send 0.", HIDE),
            ),
        ),
    )
}

PARSONS = (
    Parsons(
        "loss_parts",
        """
        def my_parts(shard, targets, first, largest):
            shifted = shard - largest[:, None]
            places = targets - first
            owned = (places >= 0) & (places < shard.shape[1])
            picked = shifted.gather(1, places.masked_fill(~owned, 0)[:, None]).squeeze(1)
            return torch.stack([shifted.exp().sum(dim=1), picked.masked_fill(~owned, 0.0)])
        """,
        wrong="owned = places < shard.shape[1]",
        mistake="place-outside-the-shard",
    ),
)

TASKS = {**EXERCISES, **QUESTIONS}
