"""What could be better in a run: leaks, needless waits, pools too small, tasks too small, state written by several.

Each module looks for one kind of thing, in the fold of the run's log and, where that needs it, in the source of its
tasks. A finding is a hint, so it is only given where both agree; what it would save is measured or left out.
"""
