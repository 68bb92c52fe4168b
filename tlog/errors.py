"""The one exception that untrusted data can cause.

Three classes of failure are kept apart in this package:

- a bad argument of our own code is a `ValueError` or `TypeError`;
- untrusted data that is malformed or does not verify is a `VerificationError`, and nothing else escapes a parser;
- a broken promise inside our own code is an `AssertionError`.

Whoever catches `VerificationError` may show its text to the user; it never contains a secret, and at most a short,
`repr`-quoted piece of the data.
"""


class VerificationError(Exception):
    """Untrusted data is malformed or does not verify; `str(error)` is the reason, one sentence in English."""
