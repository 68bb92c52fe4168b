"""The places in the log's durable writes where a test may stop the process or make a step fail, in the order in which they are met.

A step that ends in a commit has one place before and one after it: an error there is "failed and not applied" and "failed
but applied". See `common.failpoints`; the fault table in `tests/ledger` runs over these tuples.
"""

BATCH = (
    "ledger.batch-planned",       # 1. the queue was read, the new root is known by two paths; nothing is written
    "ledger.state-moved",         # 2. in the transaction: size and root moved
    "ledger.entries-inserted",    #    in the transaction: entries and batch inserted
    "ledger.queue-emptied",       #    in the transaction: queue rows deleted
    "ledger.batch-committed",     #    the commit point is behind us
)
TILES = (
    "ledger.rows-read",           # 3. the committed rows were read back
    "ledger.tile-unwritten",      #    before each object
    "ledger.tile-written",        #    all objects are durable, `applied_size` is not moved
    "ledger.tiles-applied",       #    `applied_size` moved
)
CHECKPOINT = (
    "ledger.partial-unwritten",   # 4. before each partial tile of the size to be signed
    "ledger.partial-written",     #    all of them are durable
    "ledger.checkpoint-signed",   #    the note exists in memory only
    "ledger.checkpoint-inserted", #    in the transaction: the row is inserted
    "ledger.checkpoint-kept",     #    committed
)
PUBLICATION = (
    "ledger.cosigned",            # 5. the quorum's cosignatures are in memory only
    "ledger.published-moved",     # 6. in the transaction: `published_size` moved
    "ledger.published-inserted",  #    in the transaction: the published row is inserted
    "ledger.published",           #    committed: the world may see it
    "ledger.copy-written",        #    the copy in storage is durable
    "ledger.old-copies-deleted",
)
STAMPS = (
    "ledger.stamps-requested",    # 7. request and job rows committed
    "ledger.stamp-answered",      #    in the worker: a verified token in memory
    "ledger.stamp-inserted",      #    in the transaction
    "ledger.stamp-kept",          #    committed
)
CLOSING = (
    "ledger.closing-written",     # in the transaction: the last entry is queued, the log says that it is closing
    "ledger.closing-committed",   # committed: nothing is taken any more
    "ledger.log-frozen",          # the final checkpoint is published and stamped, and the sequencer is done
)
"""Met once in the life of a log, so not in `ALL`."""
SEQUENCER = BATCH + TILES + CHECKPOINT + PUBLICATION + STAMPS[:1]
ALL = SEQUENCER + STAMPS[1:]
