"""Management commands of `evidence`."""
