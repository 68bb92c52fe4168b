"""The case file for machines: a lender's systems open, revise, search and reckon cases by its key."""
