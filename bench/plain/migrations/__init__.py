"""Schema of the plain service."""
