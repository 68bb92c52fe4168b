"""The pages about records, for people."""
