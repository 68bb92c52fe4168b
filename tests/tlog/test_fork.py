"""Proof of misbehaviour: real contradictions are recognised, and nothing honest is ever one."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tlog import rfc6962
from tlog.checkpoint import format_checkpoint
from tlog.errors import VerificationError
from tlog.fork import Fork, Side, verify_fork
from tlog.merkle import leaf_hash, node_hash, root_hash
from tlog.note import CosignatureSigner, Signer, format_note, sign_note
from tlog.proof import format_proof
from tlog.tile_edge import TileEdge
from tlog.tiles import inclusion_proof

ORIGIN = "example.com/log"
LOG, SUCCESSOR = Signer.from_seed(ORIGIN, b"1" * 32), Signer.from_seed(ORIGIN, b"2" * 32)
KEYS = [LOG.verifier, SUCCESSOR.verifier]
WITNESS = CosignatureSigner.from_seed("witness.example", b"w" * 32)
ENTRIES = [b"entry %d" % number for number in range(20)]
ALTERED = [*ENTRIES[:3], b"another entry 3", *ENTRIES[4:]]


def checkpoint(entries: list[bytes], origin: str = ORIGIN, log: Signer = LOG) -> bytes:
    text = format_checkpoint(origin=origin, size=len(entries), root=root_hash(map(leaf_hash, entries)))
    return format_note(text, [log.sign(text), WITNESS.sign(text, 1)])


def proof(entries: list[bytes], index: int, extra: bytes | None = None, log: Signer = LOG) -> bytes:
    edge = TileEdge()
    edge.extend([leaf_hash(entry) for entry in entries])
    ((_, tile),) = edge.partial_tiles()
    hashes = inclusion_proof(index, len(entries), lambda *name: tile[: 32 * name[2]])
    return format_proof(index=index, hashes=hashes, checkpoint=checkpoint(entries, log=log), extra=extra)


def contradiction(a: Side, b: Side) -> Fork:
    """The verdict, which does not depend on the order of the two sides."""
    verdict = verify_fork(a, b, log_verifiers=KEYS)
    assert verify_fork(b, a, log_verifiers=iter(KEYS)) == verdict
    return verdict


def test_one_size_with_two_roots_is_a_fork() -> None:
    assert contradiction(checkpoint(ENTRIES), checkpoint(ALTERED)) == Fork.SAME_SIZE


def test_proofs_of_one_size_with_two_roots_are_a_fork_whatever_leaves_they_prove() -> None:
    assert contradiction(proof(ENTRIES, 1), checkpoint(ALTERED)) == Fork.SAME_SIZE
    assert contradiction(proof(ENTRIES, 1, b"unrelated"), proof(ALTERED, 5, b"unrelated")) == Fork.SAME_SIZE


@pytest.mark.parametrize("size", [4, 5, 19])
def test_one_index_with_two_leaves_is_a_fork_at_any_two_sizes(size: int) -> None:
    leaf, altered = leaf_hash(ENTRIES[3]), leaf_hash(ALTERED[3])
    short, whole = ENTRIES[:size], ALTERED
    assert contradiction(proof(short, 3, leaf), proof(whole, 3, altered)) == Fork.SAME_INDEX
    assert contradiction(proof(short, 3, ENTRIES[3]), proof(whole, 3, ALTERED[3])) == Fork.SAME_INDEX
    assert contradiction((proof(short, 3), leaf), (proof(whole, 3, b"a file name"), altered)) == Fork.SAME_INDEX


def refused(a: Side, b: Side, reason: str | None = None) -> None:
    for pair in ((a, b), (b, a)):
        with pytest.raises(VerificationError, match=reason):
            verify_fork(*pair, log_verifiers=KEYS)


def test_a_growing_log_is_no_fork() -> None:
    refused(checkpoint(ENTRIES[:5]), checkpoint(ENTRIES), "without a proven leaf")
    refused(checkpoint(ENTRIES), checkpoint(ENTRIES), "without a proven leaf")
    refused(proof(ENTRIES[:5], 3, ENTRIES[3]), proof(ENTRIES, 3, ENTRIES[3]), "do not contradict")
    refused(proof(ENTRIES[:5], 3, ENTRIES[3]), proof(ENTRIES, 4, ENTRIES[4]), "do not contradict")


def test_two_sizes_alone_prove_nothing_even_if_the_log_did_fork() -> None:
    refused(checkpoint(ENTRIES[:19]), checkpoint(ALTERED), "without a proven leaf")
    refused(proof(ENTRIES[:19], 3), proof(ALTERED, 3, ALTERED[3]), "without a proven leaf")
    refused(proof(ENTRIES[:19], 3, ENTRIES[3]), checkpoint(ALTERED), "without a proven leaf")


def test_a_leaf_that_its_proof_does_not_bind_to_the_root_proves_nothing() -> None:
    refused(proof(ENTRIES[:19], 3, b"invented"), proof(ALTERED, 3, ALTERED[3]), "another root")
    refused((proof(ENTRIES[:19], 3), bytes(32)), proof(ENTRIES, 3, ENTRIES[3]), "another root")
    refused((proof(ENTRIES[:19], 3), b"short"), proof(ENTRIES, 3, ENTRIES[3]), "32 bytes")


def test_a_fork_is_of_one_origin_under_one_key() -> None:
    refused(checkpoint(ENTRIES), checkpoint(ALTERED, origin="example.com/log/2027"), "one origin under one log key")
    refused(checkpoint(ENTRIES), checkpoint(ALTERED, log=SUCCESSOR), "one origin under one log key")


def test_a_side_that_the_log_did_not_sign_is_refused() -> None:
    stranger = Signer.from_seed(ORIGIN, b"3" * 32)
    refused(checkpoint(ENTRIES), checkpoint(ALTERED, log=stranger), "no signature by a known key")
    refused(checkpoint(ENTRIES), checkpoint(ALTERED).replace(b"\n20\n", b"\n21\n"), "does not verify")
    with pytest.raises(VerificationError):
        verify_fork(checkpoint(ENTRIES), checkpoint(ALTERED), log_verifiers=[])


def test_one_common_key_is_enough() -> None:
    both = sign_note(format_checkpoint(origin=ORIGIN, size=1, root=bytes(32)), [LOG, SUCCESSOR])
    one = sign_note(format_checkpoint(origin=ORIGIN, size=1, root=b"x" * 32), [SUCCESSOR])
    assert contradiction(both, one) == Fork.SAME_SIZE


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    refused(checkpoint(ENTRIES), sign_note("hello\n", [LOG]), "non-empty lines")


def test_an_inner_node_does_not_pass_for_a_leaf() -> None:
    left, right = rfc6962.leaf(0), rfc6962.leaf(1)
    text = format_checkpoint(origin=ORIGIN, size=2, root=node_hash(left, right))
    data = format_proof(index=0, hashes=[right], checkpoint=sign_note(text, [LOG]), extra=left + right)
    refused(data, proof(ENTRIES, 0, ENTRIES[0]), "another root")


@given(st.binary(), st.sampled_from([b"", b"c2sp.org/tlog-proof@v1\n"]))
def test_any_bytes_prove_nothing(data: bytes, head: bytes) -> None:
    refused(head + data, checkpoint(ENTRIES))
    refused((head + data, data), checkpoint(ENTRIES))
