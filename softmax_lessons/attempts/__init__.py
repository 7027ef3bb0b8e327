"""Call a learner's function and write down what it does (`run`), in a process apart (`isolate`).

Nothing here knows what would be right: that is the checker's business.
"""
