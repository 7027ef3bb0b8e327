"""Judge an attempt and name the mistake in it; the exercises are in `softmax_lessons.lessons`.

A separate process runs the attempt on small inputs (the package `attempts`). The checker compares
its outcomes with PyTorch's (`judge`) and, if they differ, with those of the misconceptions
(`diagnose`); if none of these fits, it checks what must hold for a right answer (`laws`). The
result is a `verdict`. `exercise`, `hunt` and `question` are the three kinds of `task`.
"""
