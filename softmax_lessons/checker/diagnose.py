"""Find the fewest misconceptions that explain what an attempt did."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from softmax_lessons.attempts.run import Outcome, Probe, run
from softmax_lessons.checker.judge import Reference, close, close_gradient, expect, judge
from softmax_lessons.checker.misconception import Misconception, Variant

IN_PAIRS = 6  # how many variants of a misconception are tried together with another mistake


class Candidate:
    """A function that's wrong in a known way, and its outcomes for the inputs, once it has run."""

    def __init__(
        self,
        mistakes: tuple[Misconception, ...],
        function: Callable[..., Tensor],
        probes: Sequence[Probe],
    ) -> None:
        self.mistakes, self.function = mistakes, function
        self._probes = probes
        self._outcomes: dict[int, Outcome] = {}

    def outcome(self, i: int) -> Outcome:
        """Return its outcome for the i-th input."""
        if i not in self._outcomes:
            self._outcomes[i] = run(self.function, self._probes[i])
        return self._outcomes[i]

    def does(self, outcomes: Sequence[Outcome], order: Sequence[int]) -> bool:
        """Tell whether its outcomes are the same as these, input by input.

        This compares only results and gradients: errors may be worded in any way, and symptoms in
        the outcome itself (`Misconception.symptom`) are named separately.
        """
        return all(same_outcome(self.outcome(i), outcomes[i], self._probes[i]) for i in order)


class Candidates:
    """The candidates of an exercise."""

    def __init__(
        self,
        right: Sequence[Callable[..., Tensor]],
        misconceptions: Sequence[Misconception],
        probes: Sequence[Probe],
    ) -> None:
        self.right, self.misconceptions, self.probes = right, misconceptions, probes

    @cached_property
    def singles(self) -> list[Candidate]:
        """The right functions, for mistakes that only symptoms show, and each single mistake."""
        found = [Candidate((), function, self.probes) for function in self.right]
        for m in self.misconceptions:
            found += self.made_of(m, m.variants)
        return found

    @cached_property
    def table(self) -> "Table":
        """The singles, by their result for the first input."""
        return self.by_first_input(self.singles)

    @cached_property
    def changes(self) -> list[tuple[Misconception, Mapping[str, object]]]:
        """Changes to the steps of a right answer, for the mistakes that are tried in pairs."""
        return [
            (m, variant)
            for m in self.misconceptions
            if not m.alone
            for variant in [v for v in m.variants if not callable(v)][:IN_PAIRS]
        ]

    @cached_property
    def pairs(self) -> "Table":
        """Two mistakes at once, if both are changes to the steps of a right answer."""
        return self.by_first_input(self._both(itertools.combinations(self.changes, 2)))

    def pairs_with(self, m: Misconception, variants: Sequence[Variant]) -> Iterator[Candidate]:
        """Yield one mistake, made in these ways, together with each of the others."""
        own = [(m, variant) for variant in variants if not callable(variant) and not m.alone]
        yield from self._both(itertools.product(own, self.changes))

    def by_first_input(self, candidates: Iterable[Candidate]) -> "Table":
        """Return candidates as a table."""
        return Table(list(candidates), self.probes[0], self.right[0])

    def _both(self, pairs: Iterable) -> Iterator[Candidate]:
        for (m1, change1), (m2, change2) in pairs:
            if m1.slug != m2.slug and not change1.keys() & change2.keys():
                function = replace(self.right[0], **change1, **change2)
                yield Candidate((m1, m2), function, self.probes)

    def made_of(self, m: Misconception, variants: Sequence[Variant]) -> list[Candidate]:
        """Return the candidates that make one mistake in these ways."""
        functions = [
            function
            for variant in variants
            for function in ([variant] if callable(variant) else self._changed(variant))
        ]
        return [Candidate((m,), function, self.probes) for function in functions]

    def _changed(self, change: Mapping[str, object]) -> list[Callable[..., Tensor]]:
        return list(dict.fromkeys(replace(recipe, **change) for recipe in self.right))

    def one_of_each(
        self, reference: Reference
    ) -> tuple[tuple[Misconception, Callable[..., Tensor]], ...]:
        """Return a function for each misconception that shows in the results, whatever its style.

        This leaves out those that differ from the reference only by an error, a gradient or a few
        last digits: a good test may overlook them.
        """
        found: dict[str, tuple[Misconception, Callable[..., Tensor]]] = {}
        for candidate in self.singles:
            for m in candidate.mistakes:
                if m.slug not in found and self._shows(candidate, reference):
                    found[m.slug] = (m, candidate.function)
        return tuple(found.values())

    def _shows(self, candidate: Candidate, reference: Reference) -> bool:
        for i, probe in enumerate(self.probes):
            outcome, expected = candidate.outcome(i), expect(reference, probe)
            if outcome.value is None or not judge(probe, outcome, expected):
                continue
            try:
                right = expected.value.to(outcome.value.dtype)
                torch.testing.assert_close(outcome.value, right, equal_nan=True)
            except AssertionError:
                return True
        return False


class Table:
    """Candidates, found by their result for the first input."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        probe: Probe,
        right: Callable[..., Tensor],
    ) -> None:
        self._candidates = candidates
        self._shape = right(probe.logits, *probe.rest).shape
        rows = [self._key(_value(c.function, probe)) for c in candidates]
        self._keys = torch.tensor(rows, dtype=torch.float64).nan_to_num(1e30, 2e30, -2e30)

    def like(self, outcome: Outcome) -> Iterator[Candidate]:
        """Yield the candidates whose result for this input is about the same."""
        if not self._candidates:
            return
        row = torch.tensor(self._key(outcome.value), dtype=torch.float64)
        row = row.nan_to_num(1e30, 2e30, -2e30)
        near = (self._keys - row).abs() <= 0.01 * row.abs() + 1e-6
        for i in near.all(1).nonzero().flatten().tolist():
            yield self._candidates[i]

    def _key(self, value: Tensor | None) -> list[float]:
        """Return a result as a list of as many numbers as a right one has."""
        if value is None or value.shape != self._shape or value.is_complex():
            return [3e30] * self._shape.numel()
        return value.flatten().tolist()


def _value(function: Callable[..., Tensor], probe: Probe) -> Tensor | None:
    try:
        return function(probe.logits.clone(), *probe.rest)
    except Exception:
        return None


def diagnose(
    candidates: Candidates, outcomes: Sequence[Outcome], failed: Collection[int]
) -> tuple[Misconception, ...]:
    """Return the misconceptions behind a wrong attempt, the main one first.

    Args:
        candidates: the exercise's candidates.
        outcomes: what the attempt did, one per input of the exercise.
        failed: the numbers of the inputs that went wrong.

    Returns:
        The fewest misconceptions, at most two, with the same outcomes as the attempt on every
        input, and those that show in the outcomes themselves; empty if none fits.
    """
    probes, library = candidates.probes, candidates.misconceptions
    seen = [m for m in library if any(map(m.shows, probes, outcomes))]
    caused = {slug for m in seen for slug in m.causes}
    seen = [m for m in seen if m.slug not in caused]
    if any(m.error for m in seen):
        return tuple(m for m in seen if m.error)
    if all(outcome.value is None for outcome in outcomes):
        return tuple(seen)
    small_first = sorted(range(len(probes)), key=lambda i: (probes[i].logits.numel(), i))
    wrong_first = [i for i in small_first if i in failed]
    first, order = wrong_first[0], tuple(dict.fromkeys((*wrong_first, *small_first)))
    for candidate in _in_question(candidates, outcomes):
        if candidate.does(outcomes, order):
            # a symptom that the candidate shows, too, is its consequence, not another mistake
            shown = [candidate.outcome(i) for i in range(len(probes))]
            own = [m for m in seen if not any(map(m.shows, probes, shown))]
            return tuple(m for m in library if m in own or m in candidate.mistakes)
    # otherwise, take the symptoms in the example, then patterns, then the most common symptoms
    plain = [m for m in seen if m.shows(probes[first], outcomes[first])]
    usual = [
        m for m in seen if 2 * sum(m.shows(probes[i], outcomes[i]) for i in failed) > len(failed)
    ]
    patterns = [m for m in library if m.pattern and m.pattern(probes, outcomes, failed)]
    return tuple(plain or patterns[:1] or usual)


def _in_question(candidates: Candidates, outcomes: Sequence[Outcome]) -> Iterator[Candidate]:
    """Yield candidates, those with the fewest mistakes first."""
    if _says_nothing(outcomes):
        return
    called = {name for outcome in outcomes for name in outcome.called}
    for candidate in candidates.table.like(outcomes[0]):
        if all(not m.calls or m.calls & called for m in candidate.mistakes):
            yield candidate
    fitted = {
        m: list(m.fit(candidates.probes, outcomes)) for m in candidates.misconceptions if m.fit
    }
    alone = (candidates.made_of(m, variants) for m, variants in fitted.items())
    yield from candidates.by_first_input(itertools.chain(*alone)).like(outcomes[0])
    yield from candidates.pairs.like(outcomes[0])
    both = (candidates.pairs_with(m, variants) for m, variants in fitted.items())
    yield from candidates.by_first_input(itertools.chain(*both)).like(outcomes[0])


def _says_nothing(outcomes: Sequence[Outcome]) -> bool:
    """Tell whether all results are the same number: many mistakes lose what's in the logits."""
    values = [outcome.value for outcome in outcomes if outcome.value is not None]
    if all(value.numel() == 1 for value in values):
        return len({value.item() for value in values}) < 2
    return all(len(value.unique()) < 2 for value in values)


def same_outcome(ours: Outcome, theirs: Outcome, probe: Probe) -> bool:
    """Tell whether two functions did the same with a probe, as far as we can compare them."""
    if bool(ours.error) != bool(theirs.error):
        return False
    if ours.value is None or theirs.value is None:
        return True
    if not close(ours.value, theirs.value, probe):
        return False
    if not theirs.value.isfinite().all():
        return True  # the gradient of inf is inf or nan, depending on the steps
    if ours.grad is None or theirs.grad is None:
        return not (ours.grad_error and theirs.grad is not None)
    return close_gradient(ours.grad, theirs.grad, probe)
