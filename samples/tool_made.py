"""Files of the case that a tool outside Python makes, and the record of what they were made from.

What it is for: the PDFs and the recording are committed together with `tool_made.json`, which holds for each of them the
digest of everything it was made from. As long as those inputs are unchanged, the committed file *is* the result, and nobody needs
typst, fonts or espeak-ng; when they changed, the tool must be there, and the file is made anew.

What it does not do: install the tools. The error names the missing one.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from samples import papers, recording
from samples.conversations import CALL
from samples.facts import CALL_ID

HERE = Path(__file__).parent
COMMITTED = HERE / "case"
RECORD = HERE / "tool_made.json"
CONTRACT, LETTER, CALL_WAV = "loan-contract.pdf", "demand-letter.pdf", f"{CALL_ID}.wav"


class ToolMissing(Exception):
    """A file has to be made anew, and the tool for it is not on this machine."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one file is made: `inputs` decides its content, `identity` names the tool (None: absent), `make` runs it."""

    path: str
    needs: str
    inputs: bytes
    identity: Callable[[], dict[str, str] | None]
    make: Callable[[], bytes]

    @property
    def inputs_sha256(self) -> str:
        """The digest by which a change of the inputs is noticed."""
        return sha256(self.inputs).hexdigest()


def espeak_identity() -> dict[str, str] | None:
    """Return the version of espeak-ng as a record keeps it, None when it is absent."""
    found = recording.espeak_version()
    return None if found is None else {"espeak_ng": found}


def recipes() -> tuple[Recipe, ...]:
    """Return the recipes of the three files."""
    contract, letter = papers.contract_data(), papers.demand_data()
    typst = "the typst package of samples/README.md and Debian's fonts-noto-cjk"
    spoken = repr((CALL, recording.WORDS_PER_MINUTE, recording.RATE, recording.PAUSE_S, recording.TAPS, recording.CUT_HZ)).encode()
    return (
        Recipe(CONTRACT, typst, papers.paper_inputs("contract.typ", contract), papers.typst_identity,
               lambda: papers.typeset("contract.typ", contract)),
        Recipe(LETTER, typst, papers.paper_inputs("demand.typ", letter), papers.typst_identity,
               lambda: papers.typeset("demand.typ", letter)),
        Recipe(CALL_WAV, "Debian's espeak-ng", spoken, espeak_identity, recording.record_call),
    )


def recorded(record: Path = RECORD) -> dict[str, dict[str, object]]:
    """Return what `record` says of each file; empty when there is no record yet."""
    if not record.exists():
        return {}
    told: dict[str, dict[str, object]] = json.loads(record.read_text(encoding="utf-8"))
    return told


def committed_files(record: Path = RECORD) -> dict[str, bytes]:
    """Return the committed files.

    Raises: ToolMissing when the inputs of one of them changed since it was made.
    """
    told = recorded(record)
    for recipe in recipes():
        if told.get(recipe.path, {}).get("inputs_sha256") != recipe.inputs_sha256:
            raise ToolMissing(f"{recipe.path} is older than what it is made from: run `python -m samples.generate --remake`.")
    return {recipe.path: (COMMITTED / recipe.path).read_bytes() for recipe in recipes()}


def remake(wanted: Sequence[Recipe], folder: Path = COMMITTED, record: Path = RECORD) -> dict[str, bytes]:
    """Make each wanted file anew, write it to `folder` and what it was made from to `record`, and return the files.

    Raises: ToolMissing before anything is written.
    """
    made: dict[str, bytes] = {}
    told: dict[str, dict[str, object]] = {}
    for recipe in wanted:
        tool = recipe.identity()
        if tool is None:
            raise ToolMissing(f"{recipe.path} cannot be made here: {recipe.needs} is missing.")
        made[recipe.path] = recipe.make()
        told[recipe.path] = {"inputs_sha256": recipe.inputs_sha256, "made_with": tool}
    folder.mkdir(exist_ok=True)
    for name, data in made.items():
        (folder / name).write_bytes(data)
    record.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return made
