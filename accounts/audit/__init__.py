"""The audit log of each organisation: who signed in, came, went, and changed how people get in."""
