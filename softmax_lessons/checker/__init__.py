"""Check a learner's function and name the mistake in it.

`check` runs the attempt on small inputs (`exercises`), compares what came with PyTorch
(`judge`), and, where it differs, looks for the misconception in the library
(`misconceptions`) that gives the very same outcomes (`diagnose`).
"""

from softmax_lessons.checker.engine import check
from softmax_lessons.checker.verdict import Verdict

__all__ = ["Verdict", "check"]
