"""Pages of `notifications` for people: the inbox, and by what else they want to be told."""
