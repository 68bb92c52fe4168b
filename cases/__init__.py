"""The loan case, for now its chain of deposits only; parties, terms and clocks come with the console."""
