"""The marks of the fictitious organisations and people that `make run` makes, and how many of them a database holds.

Their passwords are printed on a terminal, so a production that holds one of them does not start (`config.checks`, E023). The marks are
reserved: logins in a domain that nobody can register (RFC 2606 2), credit codes of a region that does not exist (990000).
What this does not do: make any of them; `sandbox.seeds` does.
"""
from collections.abc import Mapping

from accounts.credit_code import check_character
from accounts.models import Organisation, Person

DOMAIN = "seed.invalid"
PLACES = ("lender", "agency", "agency_2", "notary_office", "law_firm", "arbitration_body", "court", "auditor", "operator")
# SPEC: GB 32100-2015 annex A: department and category: an enterprise, a court, a notary office, a law firm, an arbitration body.
_DEPARTMENTS: Mapping[str, str] = {"court": "11", "notary_office": "12", "law_firm": "31", "arbitration_body": "12"}


def _code(number: int, place: str) -> str:
    body = f"{_DEPARTMENTS.get(place, '91')}990000XUGU{number:05}"
    return body + check_character(body)


CODES: Mapping[str, str] = {place: _code(number, place) for number, place in enumerate(PLACES, 1)}


def count_fictitious() -> tuple[int, int]:
    """How many organisations and how many people of `make run` the database holds."""
    organisations = Organisation.objects.filter(credit_code__in=list(CODES.values())).count()
    return organisations, Person.objects.filter(login__endswith=f"@{DOMAIN}").count()
