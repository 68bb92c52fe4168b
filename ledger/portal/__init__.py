"""The log's pages for people."""
