"""When things happen: everything mutable lives here. See ``docs/engine.md``."""
