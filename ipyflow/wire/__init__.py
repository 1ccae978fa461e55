"""How calls and values travel to a worker and back: pickled, with large buffers in shared memory, over a socket."""
