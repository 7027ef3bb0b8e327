import re

import pytest
import torch
from matplotlib.figure import Figure

from softmax_lessons import plots

LABELS = ["cat", "dog", "owl"]
SCORES = torch.tensor([2.0, 1.0, 0.1])


def numbers(sentence):
    return [float(n) for n in re.findall(r"-?\d+\.\d{4}", sentence)]


def heights(ax):
    return [bar.get_height() for bar in ax.patches]


def test_bar_probs_draws_and_describes_the_same_numbers():
    ax = Figure().subplots()
    probs = SCORES.softmax(0)
    alt = plots.bar_probs(ax, probs, LABELS)
    assert heights(ax) == pytest.approx(probs.tolist())
    assert numbers(alt) == pytest.approx(probs.tolist(), abs=5e-5)
    assert alt != plots.bar_probs(ax, probs.flip(0), LABELS)


def test_bar_steps_draws_scores_exponentials_and_shares():
    axes = Figure().subplots(1, 3)
    alt = plots.bar_steps(axes, SCORES, LABELS)
    steps = [SCORES, SCORES.exp(), SCORES.softmax(0)]
    assert axes[2].get_ylim() == (0, 1.1)
    for ax, step in zip(axes, steps, strict=True):
        assert heights(ax) == pytest.approx(step.tolist())
        assert not any(bar.get_hatch() for bar in ax.patches)  # they would have to mean something
    assert axes[0].get_ylim() == axes[1].get_ylim()  # so that growth shows
    ends = [bar.get_y() + bar.get_height() for bar in axes[2].patches]
    assert ends == pytest.approx(SCORES.softmax(0).cumsum(0).tolist())
    told = torch.cat([*steps, SCORES.exp().sum()[None]]).tolist()
    assert numbers(alt) == pytest.approx(told, abs=5e-5)


def test_bar_surprises_draws_each_word_and_their_mean():
    ax = Figure().subplots()
    log_probs = torch.tensor([0.25, 1.0, 0.5]).log()
    alt = plots.bar_surprises(ax, log_probs, ["on", "the", "cat", "the"])
    assert heights(ax) == pytest.approx((-log_probs).tolist())
    names = ["the after on", "cat after the", "the after cat"]
    assert [label.get_text() for label in ax.get_xticklabels()] == names
    assert "word: the after on 1.3863, cat after the 0.0000, the after cat 0.6931. The mean" in alt
    (line,) = ax.lines
    assert line.get_ydata() == pytest.approx([-log_probs.mean().item()] * 2)
    assert "mean 0.6931" in [text.get_text() for text in ax.texts]
    # exp of log 8 / 3 is 2
    told = [*(-log_probs).tolist(), -log_probs.mean().item(), 2.0]
    assert numbers(alt) == pytest.approx(told, abs=5e-5)


@pytest.mark.parametrize("entry", [0.1, float("-inf"), float("nan")])
def test_bar_surprises_refuses_anything_but_finite_log_probabilities(entry):
    with pytest.raises(ValueError, match="finite log-probabilities, got"):
        plots.bar_surprises(Figure().subplots(), torch.tensor([entry, -1.0]), list("abc"))


def test_line_scales_draws_one_line_per_class_and_describes_its_ends():
    ax = Figure().subplots()
    scales = torch.linspace(0, 5, 11)
    alt = plots.line_scales(ax, SCORES, LABELS, scales)
    assert [line.get_label() for line in ax.lines] == LABELS
    assert len({line.get_linestyle() for line in ax.lines}) == 3
    for i, line in enumerate(ax.lines):
        assert line.get_ydata().tolist() == pytest.approx(
            [(s * SCORES).softmax(0)[i].item() for s in scales], abs=1e-6
        )
    ends = torch.cat([torch.full((3,), 1 / 3), (5 * SCORES).softmax(0)])
    assert numbers(alt) == pytest.approx(ends.tolist(), abs=5e-5)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plots.bar_probs(ax, torch.ones(2), LABELS),
        lambda ax: plots.bar_probs(ax, torch.ones(1, 3), LABELS),
        lambda ax: plots.bar_surprises(ax, -torch.ones(3), LABELS),
        lambda ax: plots.bar_steps([ax] * 3, torch.ones(4), LABELS),
        lambda ax: plots.bar_steps([ax] * 2, SCORES, LABELS),
        lambda ax: plots.line_scales(ax, torch.ones(4), LABELS, torch.ones(2)),
        lambda ax: plots.line_scales(ax, SCORES, LABELS, torch.ones(2, 2)),
        lambda ax: plots.line_scales(ax, torch.ones(7), list("abcdefg"), torch.ones(2)),
    ],
)
def test_bad_shapes_are_refused_with_an_explanation(draw):
    with pytest.raises(ValueError, match=r"(needs|apart).*got"):
        draw(Figure().subplots())
