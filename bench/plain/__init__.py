"""The plainest Django service that could stand in the place of ours: no hash, no log, no receipt. Only for comparison."""
