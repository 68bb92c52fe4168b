"""Whole journeys through the public interfaces."""
