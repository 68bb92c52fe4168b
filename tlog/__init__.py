"""The pure core of the log: bytes, ints and frozen dataclasses in; a verified value or an exception out.

What it is for: everything that a log, a witness and a verifier compute. RFC 6962 Merkle tree (`merkle`, `tiles`),
C2SP signed notes and what is built from them (`note`, `checkpoint`, `policy`, `proof`, `fork`), our own claims,
statements, entries and receipts, timestamps, and the examination of a whole evidence package.

What it does not do: no Django, no network, no clock, no randomness of its own: keys, time, roots and salts are arguments.

Importing this package imports nothing else: take what you need from its modules, for example
`from tlog.merkle import verify_inclusion`. Merkle tree, notes, checkpoints, policies and proofs need the standard
library and `cryptography` alone, because the witness program runs on other people's machines.
"""
