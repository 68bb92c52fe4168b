"""The second gate: row-level security of PostgreSQL, seen by the role that web processes work as."""
