"""Two histories under one key: what was seen before and what is shown now are kept, with the proof where one can be made.

    contradiction-<16 hex>/   seen.note  shown.note  and, where they prove it:  seen.statement  shown.statement

`python -m tlog verify-fork seen.statement shown.statement --log VKEY` confirms it to anybody (`tlog.divergence`). Two notes of
different sizes alone prove nothing: when the tiles shown are not those of the note shown, the notes are all there is.
"""
import hashlib

from ledger.monitor.front_door import Away, ShownTree
from ledger.monitor.memory import Memory, Store, remembered_tree, sync_folder, write_durably
from tlog.checkpoint import Checkpoint
from tlog.divergence import History, prove_fork
from tlog.errors import VerificationError
from tlog.note import Verifier


def evidence_of(
    memory: Memory, store: Store, seen: Checkpoint, shown: bytes, tree: ShownTree, verifiers: tuple[Verifier, ...]
) -> tuple[dict[str, bytes], bool]:
    """The files to keep, and whether they prove a fork to anybody. Raises OSError."""
    assert memory.seen is not None
    files = {"seen.note": memory.seen, "shown.note": shown}
    # While its entries are not all verified nothing is known of its leaves; of one size, the two notes are the proof all the same.
    leaves = store.leaves(0, seen.size) if memory.tree.size >= seen.size else b""
    remembered = remembered_tree(leaves)
    try:
        pair = prove_fork(History(memory.seen, remembered), History(shown, tree.read_tile), log_verifiers=verifiers)
    except (VerificationError, Away):
        return files, False
    return {**files, "seen.statement": pair[0], "shown.statement": pair[1]}, True


def keep_contradiction(store: Store, files: dict[str, bytes]) -> str:
    """Durable on return; the same contradiction is one folder, whose name is returned. Raises OSError."""
    name = f"contradiction-{hashlib.sha256(b''.join(files.values())).hexdigest()[:16]}"
    folder = store.folder / name
    folder.mkdir(exist_ok=True)
    for file, data in files.items():
        write_durably(folder / file, data)
    sync_folder(folder)
    sync_folder(store.folder)
    return name
