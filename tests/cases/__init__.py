"""Tests of `cases`."""
