"""Judge an attempt and name the mistake in it; what is asked for is in `softmax_lessons.lessons`.

An attempt is run on small inputs in a separate process (the package `attempts`). What it did
is compared with PyTorch (`judge`) and, where it differs, with what the misconceptions do
(`diagnose`); where none fits, with what holds of a right answer (`laws`). The answer is a
`verdict`. `exercise`, `hunt` and `question` are the three kinds of `task`.
"""
