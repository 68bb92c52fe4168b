"""The log as a service: sequencer, faults, tiles, proofs, stamps, checks."""
