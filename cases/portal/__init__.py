"""The case file for people: its parts for the pages that show a case, the import of cases, and the reckoning sheet."""
