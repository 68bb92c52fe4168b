"""Make the sample case: `python -m samples.generate [--out DIR] [--remake]`.

What it is for: the one program that writes `samples/case/`. Each run writes the same bytes. Tables, messages, mails and the manifest
need Python alone; the PDFs and the recording are taken as committed while nothing they are made from has changed.
With `--remake` they are made anew, which needs typst, fonts and espeak-ng (`samples/README.md`).

What it does not do: delete anything from DIR.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from samples import conversations, mail, manifest, recording, tables
from samples.tool_made import CALL_WAV, COMMITTED, ToolMissing, committed_files, recipes, remake


def make_case(tool_made: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return every file of the case, bytes by path, around the given PDFs and recording."""
    wav = tool_made[CALL_WAV]
    files = dict(tool_made) | {
        manifest.DISBURSEMENT: tables.disbursement(),
        manifest.LEDGER: tables.repayment_ledger(),
        manifest.OVERDUE: tables.overdue_statement(),
        manifest.MESSAGES: tables.sms_export(),
        manifest.CALL_RECORD: conversations.call_record(wav, recording.duration_ms(wav)),
        manifest.CHAT_EXPORT: conversations.chat_export(),
        manifest.EMAIL_RECEIPT: mail.email_receipt(),
        manifest.COURIER_RECEIPT: mail.courier_receipt(),
    }
    return files | {"manifest.json": manifest.manifest_bytes(files)}


def write_case(out: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` into the folder `out`, which is made if it is not there."""
    out.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (out / path).write_bytes(data)


def main(arguments: Sequence[str] | None = None, *, kept: Callable[[], dict[str, bytes]] = committed_files) -> int:
    """Run the program; returns its exit code. `kept` gives the PDFs and the recording when they are not to be made anew."""
    parser = argparse.ArgumentParser(prog="python -m samples.generate", description="Make the fictitious sample case.")
    parser.add_argument("--out", type=Path, default=COMMITTED, help="where to write (default: samples/case)")
    parser.add_argument("--remake", action="store_true", help="make the PDFs and the recording anew, in samples/case too (needs tools)")
    options = parser.parse_args(arguments)
    try:
        files = make_case(remake(recipes()) if options.remake else kept())
    except ToolMissing as problem:
        print(problem, file=sys.stderr)
        return 1
    write_case(options.out, files)
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
