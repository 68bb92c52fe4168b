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
REPAIR = (
    "evidence.repair-begun",           # the copy is right, and the row says that the original is being repaired
    "vault.damaged-kept",              # the damaged bytes are durable beside the name, and still under it
    "vault.damaged-set-aside",         # nothing is under the name
    "evidence.original-restored",      # the original is right again, and nobody was told
    "evidence.repair-before-commit",   # in the transaction: the trail has its rows, quarantine and incident are ended
)
SHARE = (
    "evidence.equal-verified",         # the equal original was read whole and is right
    "evidence.shared-before-commit",   # in the transaction: the file's row is moved, its own object is forgotten
    "evidence.shared",                 # the record opens the shared object, and its own bytes are named by no row
)
CUSTODY = (
    "evidence.ends-before-commit",     # in the transaction: trails say that papers were ended, and that they say it
    "evidence.custody-before-commit",  # in the transaction: a run's statements, and which row stands where, are written
)
