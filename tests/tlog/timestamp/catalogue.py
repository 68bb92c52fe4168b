"""All cases: importing the files below registers them."""
from tests.tlog.timestamp import cases_chain, cases_envelope, cases_good, cases_revocation, cases_signer, cases_statement
from tests.tlog.timestamp.cases import GOOD, HOSTILE

FILES = (cases_chain, cases_envelope, cases_good, cases_revocation, cases_signer, cases_statement)

__all__ = ["FILES", "GOOD", "HOSTILE"]
