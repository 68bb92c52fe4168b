"""Management commands of `vault`."""
