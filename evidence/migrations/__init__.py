"""Schema history, named by hand."""
