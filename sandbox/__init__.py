"""Stand-ins for the outside world, for development and tests, as real servers on loopback; and the program behind `make run`.

Nothing in the service imports this package.
"""
