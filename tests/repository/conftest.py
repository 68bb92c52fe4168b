"""What only PostgreSQL has is collected there only."""
import os

collect_ignore = [] if os.environ.get("DATABASE_URL") else ["test_databases.py"]
