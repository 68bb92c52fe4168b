"""The claims of the service's own statements as they are kept and published: with their salts, in clear.

What this does not do: write a statement (`ledger.own_statements`). It stands apart so that whoever promises an entry can read what the
log said when it closed.

Source: formats A1.
"""
import json
from collections.abc import Mapping

from ledger.models import OwnStatement
from tlog.canonical import Json
from tlog.claims import Claim, verify_claim
from tlog.errors import VerificationError
from tlog.statement import parse_statement


def pack_claims(claims: list[Claim]) -> bytes:
    """Claims with their salts as they are published: a JSON list of {"name", "claim" (the text that was hashed), "salt" (hex)}."""
    rows = [{"name": each.name, "claim": each.data.decode(), "salt": each.salt.hex()} for each in claims]
    return json.dumps(rows, ensure_ascii=False).encode()


def unpack_claims(data: bytes) -> list[Claim]:
    """The claims that `pack_claims` wrote. Raises ValueError, KeyError or TypeError when the row was damaged."""
    return [Claim(row["name"], row["claim"].encode(), bytes.fromhex(row["salt"])) for row in json.loads(data)]


def claims_of(own: OwnStatement) -> Mapping[str, Json]:
    """The values of all claims of an own statement. Raises VerificationError when one is missing or not what the statement lists."""
    statement = parse_statement(bytes(own.statement), own.record)
    try:
        found = {claim.name: claim for claim in unpack_claims(bytes(own.claims))}
        listed = [(row, found[row.name]) for row in statement.claims]
    except (ValueError, KeyError, TypeError) as damaged:
        raise VerificationError("the claims are damaged, or one is missing") from damaged
    return {
        row.name: verify_claim(row.name, claim.data, claim.salt, row.sha256, row.sm3, kind=statement.kind) for row, claim in listed}
