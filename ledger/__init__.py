"""The log as a service: queue, sequencer, tiles, checkpoint, timestamps; it serves `/log/`. Knows entries, never evidence."""
