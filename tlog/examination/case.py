"""The case chain: each deposit of a case names the one before it, and the service signs where the chain ends.

What it is for: leaving out the one deposit that is inconvenient. The case claim of deposit n holds n and the SHA-256 of
the statement of deposit n-1, so a gap shows; `case-head.note`, signed with the receipt key, says where the chain ended at
that time, so a cut-off end shows. Two heads that contradict each other are proof against the service.

What it does not do: verify the case claims (`claims`), say anything about deposits that were never made.

Source: formats of this project, A1 (`case`), A5 (`case-head.note`), A6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from tlog import checks
from tlog.canonical import Json
from tlog.errors import VerificationError
from tlog.examination.findings import Findings
from tlog.receipt import CaseHead, open_case_head
from tlog.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Link:
    """A record's disclosed and verified case claim; `previous` is the hex SHA-256 of the statement before, None for the first."""

    ref: str
    sequence: int
    previous: str | None


def link_from(value: Json) -> Link:
    """Return the link that a verified case claim's value is."""
    assert isinstance(value, dict)
    ref, sequence, previous = value["ref"], value["sequence"], value["previous"]
    assert isinstance(ref, str)
    assert type(sequence) is int
    assert previous is None or isinstance(previous, str)
    return Link(ref, sequence, previous)


def verify_links(links: Mapping[str, Link], statements: Mapping[str, str]) -> int:
    """Follow every link whose two ends are in the package; returns how many there were.

    `statements` are the hex SHA-256 of the deposits' statements by record.

    Raises:
        VerificationError: a place of a case that two records claim, or a link to another statement.
    """
    followed = 0
    ordered = sorted(links, key=lambda record: (links[record].ref, links[record].sequence))
    for before, after in pairwise(ordered):
        one, two = links[before], links[after]
        if one.ref != two.ref:
            continue
        if one.sequence == two.sequence:
            raise VerificationError(f"{before} and {after} are both number {one.sequence} of their case")
        if two.sequence == one.sequence + 1:
            if two.previous != statements[before]:
                raise VerificationError(f"{after} does not follow {before}: it names another statement")
            followed += 1
    return followed


def verify_complete(note: bytes, verifiers: tuple[Verifier, ...], links: Mapping[str, Link], statements: Mapping[str, str]) -> CaseHead:
    """Check that the package holds the case from 1 to the signed head; returns the head.

    When case claims are withheld only the number of records and the last statement can be compared.

    Raises:
        VerificationError: no valid head, a record of another case, a gap, or another end.
    """
    head = open_case_head(note, verifiers)
    if head.sequence != len(statements):
        raise VerificationError(f"the head is at {head.sequence}, the package holds {len(statements)} records")
    if head.statement_sha256.hex() not in statements.values():
        raise VerificationError("the head's last statement is not in the package")
    for record, link in links.items():
        if link.ref != head.ref:
            raise VerificationError(f"{record} is of another case than the head")
        if (link.sequence == head.sequence) != (statements[record] == head.statement_sha256.hex()):
            raise VerificationError(f"{record} is not where the head says that the case ends")
    places = sorted(link.sequence for link in links.values())
    if len(links) == len(statements) and places != list(range(1, len(places) + 1)):
        raise VerificationError(f"the sequences {places[:5]} are not 1 to {len(places)}")
    return head


def examine_case(
    findings: Findings,
    *,
    whole: bool,
    links: Mapping[str, Link],
    statements: Mapping[str, str],
    head: bytes | None,
    verifiers: tuple[Verifier, ...],
) -> None:
    """Judge the chain; `whole` is scope `case`, and without a `head` its absence was noted already."""
    findings.attempt(checks.CASE_CHAIN, "", lambda: verify_links(links, statements), lambda count: f"links followed: {count}")
    if not whole:
        # SPEC: for other scopes the chain is "not checked: part of the case" and not required.
        findings.skipped(checks.CASE_COMPLETE, "", "part of the case", required=False)
    elif not verifiers:
        findings.skipped(checks.CASE_COMPLETE, "", "no receipt.vkey among the trust files")
    elif head is not None:
        done = findings.attempt(
            checks.CASE_COMPLETE, "", lambda: verify_complete(head, verifiers, links, statements), lambda made: f"1 to {made.sequence}"
        )
        if done is not None and len(links) < len(statements):
            findings.skipped(checks.CASE_COMPLETE, "", "a case claim is withheld or does not hold, so the places between cannot be seen")
