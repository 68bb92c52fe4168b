"""Wires the rooms together: settings, routes, process entry points. Holds no domain rule."""
