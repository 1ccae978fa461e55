"""Where work runs. Each module is one place behind the protocol ``ipyflow.model.ports.Executor``."""
