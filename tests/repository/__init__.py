"""The repository as a newcomer meets it: its targets, its pages, its set-up, and what the CI script asks of a machine."""
