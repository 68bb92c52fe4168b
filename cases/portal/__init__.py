"""Pages of `cases` for people: the case file's parts, the import, the reckoning sheet; who may see a case, dockets and orders."""
