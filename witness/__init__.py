"""The program that a notary office or a court runs to witness a log: C2SP tlog-witness over HTTP, one SQLite file.

What it is for: it cosigns a checkpoint only when that continues what it cosigned before, and persists what it will sign before it
signs. A log that shows two histories, or goes back to an earlier one, gets no second cosignature.

What it does not do: read entries (it sees sizes and hashes, no personal data), keep the log, or judge what was deposited.
It needs `tlog` and the standard library, nothing else of this service.

Source: C2SP tlog-witness v1.0.0 with main of 2026-07, tlog-cosignature v1.0.1; formats of this project, parts B and C.
"""
