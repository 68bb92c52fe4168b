"""Drills: what goes wrong for an operator or an attacker, played with the real processes."""
