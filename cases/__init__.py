"""The loan case: its file, what is reckoned from it, who else may see it and by which root, and the trail of who saw it."""
