"""The lessons' figures: each function draws on given axes and returns the sentence for `show`."""

from softmax_lessons.plots.attention import grid_weights
from softmax_lessons.plots.broadcasting import align_shapes, divisor_grid
from softmax_lessons.plots.calibration import bar_reliability
from softmax_lessons.plots.display import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    show,
)
from softmax_lessons.plots.gradients import line_pulls, map_jacobian
from softmax_lessons.plots.overflow import bar_exp_range, map_outcomes, plot_drift
from softmax_lessons.plots.pieces import flow_shards, plot_stream
from softmax_lessons.plots.precision import bar_errors, plot_running_sums, rule_values
from softmax_lessons.plots.probabilities import (
    bar_probs,
    bar_steps,
    bar_surprises,
    line_scales,
)
from softmax_lessons.plots.sampling import (
    bar_nucleus,
    line_frequency,
    line_temperatures,
    point_frequencies,
)
from softmax_lessons.plots.shift import number_line
from softmax_lessons.plots.slices import block_slices, grid_slices
from softmax_lessons.plots.training import bar_micro_batches, line_training, show_segments

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "YELLOW",
    "align_shapes",
    "bar_errors",
    "bar_exp_range",
    "bar_micro_batches",
    "bar_nucleus",
    "bar_probs",
    "bar_reliability",
    "bar_steps",
    "bar_surprises",
    "block_slices",
    "divisor_grid",
    "flow_shards",
    "grid_slices",
    "grid_weights",
    "line_frequency",
    "line_pulls",
    "line_scales",
    "line_temperatures",
    "line_training",
    "map_jacobian",
    "map_outcomes",
    "number_line",
    "plot_drift",
    "plot_running_sums",
    "plot_stream",
    "point_frequencies",
    "rule_values",
    "show",
    "show_segments",
]
