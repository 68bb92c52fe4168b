"""Trust policies: every line that means something is read, everything else is refused, and a quorum counts everyone once."""
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given
from hypothesis import strategies as st

from tlog.checkpoint import format_checkpoint
from tlog.errors import VerificationError
from tlog.note import CosignatureSigner, Signature, Signer, Verifier, format_note, open_note
from tlog.policy import Group, Policy, parse_policy, verify_checkpoint
from tlog.verifier import MLDSA44


def seed(number: int) -> bytes:
    return number.to_bytes(32, "big")


LOG, SECOND_LOG = Signer.from_seed("example.com/log", seed(1)), Signer.from_seed("example.org/log", seed(2))
WITNESSES = [CosignatureSigner.from_seed(f"witness{number}.example", seed(100 + number)) for number in range(1, 8)]
W = [f"witness W{number} {signer.vkey}\n" for number, signer in enumerate(WITNESSES, 1)]
L = f"log {LOG.vkey}\n"
TEXT = format_checkpoint(origin="example.com/log", size=1, root=bytes(32))


def cosigned(*numbers: int, log: Signer = LOG) -> bytes:
    """A checkpoint signed by the log and by the witnesses of these numbers."""
    return format_note(TEXT, [log.sign(TEXT), *(WITNESSES[number - 1].sign(TEXT, 1000 + number) for number in numbers)])


def signatures(policy: Policy, *numbers: int) -> tuple[Signature, ...]:
    return open_note(cosigned(*numbers), policy.verifiers).signatures


def test_every_kind_of_line_is_read() -> None:
    policy = parse_policy(
        f"# who is who\n\n \t \n{L}log\t{SECOND_LOG.vkey} https://example.org/log/\n  {W[0]}{W[1].strip()}  https://w2.example/ \t\n"
        "  # groups\ngroup both all W1 W2\ngroup one any both\nquorum one"
    )
    assert [(item.verifier.vkey, item.url) for item in policy.logs] == [(LOG.vkey, None), (SECOND_LOG.vkey, "https://example.org/log/")]
    assert [(item.name, item.verifier.vkey, item.url) for item in policy.witnesses] == [
        ("W1", WITNESSES[0].vkey, None), ("W2", WITNESSES[1].vkey, "https://w2.example/"),
    ]  # fmt: skip
    assert policy.groups == (Group("both", 2, ("W1", "W2")), Group("one", 1, ("both",)))
    assert policy.quorum == "one"
    assert policy.log_verifiers == (LOG.verifier, SECOND_LOG.verifier)
    assert policy.witness_verifiers == (WITNESSES[0].verifier, WITNESSES[1].verifier)
    assert policy.verifiers == policy.log_verifiers + policy.witness_verifiers


TWO = W[0] + W[1]
SAME_LOG_KEY = f"log {Signer.from_seed('other.name/log', seed(1)).vkey}\n"
SAME_LOG_KEY_OTHER_TYPE = f"log {CosignatureSigner.from_seed('example.com/log', seed(1)).vkey}\n"
SAME_WITNESS_KEY = f"witness W2 {CosignatureSigner.from_seed('other.name', seed(101)).vkey}\n"
BAD = {
    "nothing": "",
    "no quorum": L,
    "two quorums": "quorum none\nquorum none\n",
    "a quorum in capitals": "quorum None\n",
    "a keyword in capitals": "Quorum none\n",
    "a quorum of nobody": "quorum\n",
    "a quorum of two words": "quorum none none\n",
    "a quorum of an unknown name": "quorum W1\n",
    "a quorum before its witness": f"quorum W1\n{W[0]}",
    "a comment behind a line": "quorum none # why\n",
    "an unknown keyword": "mirror x\nquorum none\n",
    "a carriage return": "quorum none\r\n",
    "a vertical tab": "quorum none\x0b\n",
    "a no-break space": "quorum\u00a0none\n",
    "a byte order mark": "\ufeffquorum none\n",
    "a bell in a comment": "# \x07\nquorum none\n",
    "a delete in a comment": "# \x7f\nquorum none\n",
    "a log without key": "log\nquorum none\n",
    "a log with two URLs": f"{L.strip()} url url\nquorum none\n",
    "a log with a malformed key": "log no-vkey\nquorum none\n",
    "a log twice": f"{L}{L}quorum none\n",
    "a log's key under two names": f"{L}{SAME_LOG_KEY}quorum none\n",
    "a log's key under two types": f"{L}{SAME_LOG_KEY_OTHER_TYPE}quorum none\n",
    "a witness without key": "witness W1\nquorum none\n",
    "a witness without name": f"witness {WITNESSES[0].vkey}\nquorum none\n",
    "a witness with two URLs": f"{W[0].strip()} url url\nquorum W1\n",
    "a witness twice": f"{W[0]}{W[0]}quorum W1\n",
    "one key for two witnesses": f"{W[0]}witness W2 {WITNESSES[0].vkey}\nquorum W1\n",
    "one key for two cosigner names": f"{W[0]}{SAME_WITNESS_KEY}quorum W1\n",
    "one name for two witnesses": f"{W[0]}witness W1 {WITNESSES[1].vkey}\nquorum W1\n",
    "a witness named none": f"witness none {WITNESSES[0].vkey}\nquorum none\n",
    "a log's key as a witness": f"witness W1 {LOG.vkey}\nquorum W1\n",
    "a group without members": f"{W[0]}group G any\nquorum W1\n",
    "a group without threshold": f"{W[0]}group G\nquorum W1\n",
    "a group with an unknown member": f"{W[0]}group G any W2\nquorum G\n",
    "a group before its member": f"group G any W1\n{W[0]}quorum G\n",
    "a group in itself": f"{W[0]}group G any G\nquorum G\n",
    "a group with none": f"{W[0]}group G any none\nquorum G\n",
    "a group named none": f"{W[0]}group none any W1\nquorum none\n",
    "a group named as a witness": f"{W[0]}group W1 any W1\nquorum W1\n",
    "a group twice": f"{TWO}group G any W1\ngroup G any W2\nquorum G\n",
    "a threshold of nobody": f"{TWO}group G 0 W1 W2\nquorum G\n",
    "a threshold above the members": f"{TWO}group G 3 W1 W2\nquorum G\n",
    "a threshold with a leading zero": f"{TWO}group G 01 W1 W2\nquorum G\n",
    "a negative threshold": f"{TWO}group G -1 W1 W2\nquorum G\n",
    "a threshold in words": f"{TWO}group G most W1 W2\nquorum G\n",
    "a threshold of a million digits": f"{W[0]}group G {'9' * 10**6} W1\nquorum G\n",
    "a member twice in a group": f"{TWO}group G 2 W1 W1\nquorum G\n",
    "a member of two groups": f"{TWO}group G all W1\ngroup H any W1 W2\nquorum H\n",
    "a member beside its own group": f"{TWO}group G all W1\ngroup H 2 G W1\nquorum H\n",
    "a million newlines": "\n" * 2**20,
    "a million plus signs": "log " + "+" * 2**20 + "\nquorum none",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        parse_policy(text)


def test_a_log_and_a_witness_may_be_of_any_type_that_fits() -> None:
    pq = Verifier.from_public_key("pq.example", MLDSA44, mldsa.MLDSA44PrivateKey.from_seed_bytes(seed(3)).public_key().public_bytes_raw())
    policy = parse_policy(f"log {pq.vkey}\nwitness PQ {pq.vkey}\nquorum PQ\n")
    assert policy.log_verifiers == policy.witness_verifiers == (pq,)


def test_names_are_opaque_and_the_lines_may_be_many() -> None:
    many = "".join(f"witness 见证{number} {CosignatureSigner.from_seed(f'w{number}', seed(number)).vkey}\n" for number in range(1, 201))
    groups = "".join(f"group G{number} any 见证{number}\n" for number in range(1, 201))
    assert len(parse_policy(f"{many}{groups}quorum G200\n").groups) == 200
    with pytest.raises(VerificationError):
        parse_policy(f"witness K {WITNESSES[0].vkey}\nquorum \u212a\n")


EXAMPLE = "".join(W[:6]) + "group X 2 W1 W2 W3\ngroup Y any W4 W5 W6\ngroup both all X Y\n"


@pytest.mark.parametrize(("quorum", "enough", "short"), [
    ("none", [(), (1,), (7,)], []),
    ("W2", [(2,), (1, 2)], [(), (1,), (3, 4)]),
    ("X", [(1, 2), (1, 3), (1, 2, 3)], [(), (1,), (3,), (1, 4, 5)]),
    ("Y", [(4,), (5, 6)], [(), (1, 2, 3)]),
    ("both", [(1, 2, 4), (1, 2, 3, 4, 5, 6)], [(), (1, 2, 3), (1, 4, 5, 6), (4,)]),
])  # fmt: skip
def test_a_quorum_is_reached_by_enough_witnesses_and_not_by_fewer(
    quorum: str, enough: list[tuple[int, ...]], short: list[tuple[int, ...]]
) -> None:
    policy = parse_policy(f"{L}{EXAMPLE}quorum {quorum}\n")
    for numbers in enough:
        cosigners = policy.verify_quorum(signatures(policy, *numbers))
        assert [item.name for item in cosigners] == [f"W{number}" for number in numbers if number < 7]
        assert verify_checkpoint(cosigned(*numbers), policy).origin == "example.com/log"
    for numbers in short:
        with pytest.raises(VerificationError, match="not reached"):
            policy.verify_quorum(signatures(policy, *numbers))
        with pytest.raises(VerificationError, match="not reached"):
            verify_checkpoint(cosigned(*numbers), policy)


def test_one_witness_that_cosigns_often_counts_once() -> None:
    policy = parse_policy(f"{L}{EXAMPLE}quorum X\n")
    data = format_note(TEXT, [LOG.sign(TEXT), *(WITNESSES[0].sign(TEXT, when) for when in range(5))])
    with pytest.raises(VerificationError, match="not reached"):
        verify_checkpoint(data, policy)


def test_a_checkpoint_needs_a_log_of_the_policy_and_no_failing_line() -> None:
    policy = parse_policy(f"{L}{W[0]}quorum W1\n")
    assert [log.verifier.name for log in policy.verify_log(signatures(policy, 1))] == ["example.com/log"]
    with pytest.raises(VerificationError, match="no signature by a log"):
        verify_checkpoint(cosigned(1, log=SECOND_LOG), policy)
    other = format_checkpoint(origin="example.com/log", size=2, root=bytes(32))
    with pytest.raises(VerificationError, match="does not verify"):
        verify_checkpoint(format_note(TEXT, [LOG.sign(TEXT), WITNESSES[0].sign(other, 1)]), policy)
    with pytest.raises(VerificationError, match="no signature by a known key"):
        verify_checkpoint(cosigned(1), parse_policy("quorum none\n"))


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(VerificationError, match="non-empty lines"):
        verify_checkpoint(format_note("hello\n", [LOG.sign("hello\n")]), parse_policy(f"{L}quorum none\n"))


def test_groups_nested_ten_thousand_deep_are_counted_without_recursion() -> None:
    groups = "group G0 any W1\n" + "".join(f"group G{number} any G{number - 1}\n" for number in range(1, 10_000))
    start = time.monotonic()
    policy = parse_policy(f"{L}{W[0]}{groups}quorum G9999\n")
    assert [item.name for item in policy.verify_quorum(signatures(policy, 1))] == ["W1"]
    assert time.monotonic() - start < 2


KEYWORDS = ["log", "witness", "group", "quorum", "none", "any", "all", "1", "2", "W1", "W2", "G", "#", " ", "\t", "\n", "x"]
WORDS = st.sampled_from([*KEYWORDS, LOG.vkey, WITNESSES[0].vkey, WITNESSES[1].vkey])


@given(st.one_of(st.text(), st.lists(WORDS).map(" ".join)))
def test_any_text_is_a_policy_or_refused(text: str) -> None:
    try:
        policy = parse_policy(text)
    except VerificationError:
        return
    assert policy.quorum in {"none", *(item.name for item in policy.witnesses), *(item.name for item in policy.groups)}
