"""The bounds of one rendering. A file comes from anybody, so each thing that it can ask for has one.

Source: threats T18.
"""

MIB = 1024**2
MAX_INPUT_BYTES = 64 * MIB
MAX_OUTPUT_BYTES = 64 * MIB
MEMORY_BYTES = 512 * MIB
"""Of the process, as address space: what is resident is never more."""
CPU_S, WALL_S = 20, 40
"""The wall is below the lease of a job (60 s), so that no second worker begins while the first still draws."""

MAX_PAGES = 50
PAGE_PIXELS = 1600
"""The longer side of a page or a picture as it is shown."""
MAX_IMAGE_PIXELS = 50_000_000
LARGE_PNG_BYTES = 400_000
"""A picture that takes more than this without loss is kept as JPEG."""

MAX_ROWS, MAX_COLUMNS, MAX_CELL = 1000, 60, 2000
MAX_TEXT, MAX_TABLE_TEXT = 200_000, 1_000_000
"""Letters of a text, and of all cells of a table together."""
MAX_DOCUMENT_BYTES = 8 * MIB
MAX_HEADERS, MAX_ATTACHMENTS = 200, 200

MAX_SOUND_S = 2 * 3600
MAX_WAV_BYTES = 32 * MIB
WAVEFORM_BARS = 200
