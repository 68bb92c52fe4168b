"""Pages for people: sign-in, their own account, the members of an organisation."""
