"""The places in the deposit's durable writes where a test may stop the process or make a step fail, in the order in which they are met.

See `common.failpoints`; `tests/faults` kills the web process at each of them.
"""

DEPOSIT = (
    "evidence.original-stored",        # after each original: it is durable, and no row names it
    "evidence.heads-locked",           # in the transaction: the heads of the cases are locked
    "evidence.records-inserted",       # in the transaction: key, queue, receipt, records, files and custody are inserted
    "evidence.deposit-before-commit",  # in the transaction: everything is written
    "evidence.deposit-committed",      # durable, and nobody was told
    "evidence.receipt-signed",         # the acknowledgement exists in memory only
)
