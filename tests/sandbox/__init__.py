"""The stand-ins for the outside world and the program behind `make run`."""
