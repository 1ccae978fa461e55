"""What runs inside a worker: the body of a task, and for it an engine that hands on to the real one."""
