"""Faults seen from outside: real processes, real kills, real disks that fail, and one judge that looks for what was lost."""
