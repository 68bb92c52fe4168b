"""How machines prove who they are."""
