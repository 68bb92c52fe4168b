"""The program that draws one file: `child.py KIND`, the file on its standard input, parts on its standard output.

Started by `evidence.rendering.process` with an environment that holds nothing. It loads its decoder, gives every right away, and only then
reads the file. What it does not know: which file that is, whose, or where it lies.
"""
import importlib
import os
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])
MODULES = {
    "picture": "pictures", "pages": "pages", "sound": "sounds", "letter": "letters", "table": "tables", "sheet": "sheets", "text": "texts"}
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")
BLOCK = 1 << 20


def main(kind: str) -> int:
    # Ahead of everything else that has the same name.
    sys.path.insert(0, ROOT)
    from evidence.rendering.confinement import Unconfined, confine  # noqa: PLC0415 - found by the line above
    from evidence.rendering.faults import ROOMS, fault_at, fault_of  # noqa: PLC0415
    from evidence.rendering.limits import MAX_INPUT_BYTES  # noqa: PLC0415
    from evidence.rendering.parts import Ending, Part, Refused, write_ending, write_part  # noqa: PLC0415

    out = os.fdopen(1, "wb", closefd=False)
    try:
        module = importlib.import_module(f"evidence.rendering.{MODULES[kind]}")
        module.prepare()
    except (ImportError, OSError) as missing:
        # A library that is not there, or lacks its own; a module of ours that is not there is our bug.
        ours = str(getattr(missing, "name", None) or "").partition(".")[0] in ROOMS
        write_ending(out, Ending("failed", fault=fault_at(missing)) if ours else Ending("no-decoder"))
        return 0
    except Exception as bug:  # noqa: BLE001 - nothing of the file was read yet
        write_ending(out, Ending("failed", fault=fault_at(bug)))
        return 0
    try:
        confine(FONTS if kind == "pages" else ())
        data = _read(MAX_INPUT_BYTES)

        def keep(part: Part) -> None:
            write_part(out, part)

        ending: Ending = Ending("too-large") if data is None else module.draw(data, keep)
    except Unconfined:
        ending = Ending("unconfined")
    except Refused as refused:
        ending = Ending(refused.reason)
    except MemoryError:
        ending = Ending("too-complex")
    except Exception as error:  # noqa: BLE001 - a decoder's is the file's fault, and every other is our bug: `fault_of` tells
        fault = fault_of(error)
        ending = Ending("damaged") if fault is None else Ending("failed", fault=fault)
    write_ending(out, ending)
    return 0


def _read(most: int) -> bytes | None:
    """The file; None when it is larger than that."""
    data = bytearray()
    while block := os.read(0, BLOCK):
        data += block
        if len(data) > most:
            return None
    return bytes(data)


if __name__ == "__main__":
    status = main(sys.argv[1])
    # Whatever a decoder wants done at the end is not done.
    os._exit(status)
