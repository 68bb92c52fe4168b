"""Management commands of `common`."""
