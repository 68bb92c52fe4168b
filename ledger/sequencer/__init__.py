"""The one writer of the log, in the order of durable writes of design.md §3.

    1. `batch.read_queue`, `batch.plan`    queue rows → leaf hashes compared with the promised ones → new root by two paths
    2. `batch.commit`                      one transaction: compare-and-swap (size, root), entries, queue rows gone: the commit point
    3. `tiles.apply_tiles`                 committed rows → full tiles and bundles, write-once; what start-up runs too
    4. `checkpoints.sign_checkpoint`       partial tiles, the root once more from storage, then the signature
    5. `ledger.cosigning`                  the policy's witnesses, asked in other threads, until its quorum has cosigned
    6. `checkpoints.publish_checkpoint`    compare-and-swap on the published size, then the copy in storage
    7. `ledger.stamping.request_stamps`    the newest published one, at a slower cadence

Signing comes after the commit point: two sequencers can never each hold a signature over a different history. Whoever
loses a compare-and-swap loads everything anew and says so (`LostRace`); any other doubt ends the process (`Refusal`).
"""
