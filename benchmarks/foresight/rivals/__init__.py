"""Other tools, each asked by a script of its own in an environment of its own."""
