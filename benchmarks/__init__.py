"""How fast ipyflow is, each workload beside a bare reference: ``python -m benchmarks``. See ``docs/performance.md``."""
