"""The ledger's jobs; each takes an id and calls one service."""
from ledger.stamping import STAMP_CHECKPOINT, stamp_checkpoint

__all__ = ["STAMP_CHECKPOINT", "stamp_checkpoint"]
