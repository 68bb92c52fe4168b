"""Fixtures that the witness's tests share."""
from tests.witness.places import pages, place

__all__ = ["pages", "place"]
