"""Tests of `evidence`."""
