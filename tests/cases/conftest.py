"""A lender's machine, a stranger's and an agency's, for tests of the case file."""
from tests.cases.case_files import agencys_send, client, lender, send, strangers_send

__all__ = ["agencys_send", "client", "lender", "send", "strangers_send"]
