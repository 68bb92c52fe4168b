"""Django finds the models of `common` here; each lives beside the code that uses it."""
from common.idempotency import IdempotencyKey
from common.jobs import Job

__all__ = ["IdempotencyKey", "Job"]
