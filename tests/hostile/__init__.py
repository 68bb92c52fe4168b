"""Files that would harm whoever a browser shows them to."""
