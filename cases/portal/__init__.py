"""Pages of `cases` for people."""
