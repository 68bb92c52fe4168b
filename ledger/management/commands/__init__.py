"""Commands of the log: set-up, sequencer, checker, recovery, trust folder."""
