"""Check a learner's function and name the mistake in it.

`check` (`engine`) runs the attempt on small inputs (`exercises`) in a process of its own (the
package `attempts`), compares what came with PyTorch (`judge`), and, where it differs, looks for
the misconception in the library (`misconceptions`) that gives the very same outcomes
(`diagnose`), as a change to the right function (`recipe`). A prediction is compared with what
happens (`questions`). The answer is a `verdict`.
"""

from softmax_lessons.checker.engine import check
from softmax_lessons.checker.progress import Progress, progress
from softmax_lessons.checker.verdict import Verdict

__all__ = ["Progress", "Verdict", "check", "progress"]
