"""Call a learner's function and record what it does (`run`), in a separate process (`isolate`).

Nothing in this package knows what would be right: that's the checker's job.
"""
