"""The generator writes the committed bytes again; what needs a tool is compared where the recorded tool is."""
import json
from hashlib import sha256
from pathlib import Path

import pytest

from samples.generate import main, make_case
from samples.tool_made import LETTER, Recipe, ToolMissing, committed_files, espeak_identity, recipes, recorded, remake
from tests.samples.files import FILES


def test_case_is_what_the_generator_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "new" / "case")]) == 0
    written = {file.name: file.read_bytes() for file in (tmp_path / "new" / "case").iterdir()}
    assert [path for path in FILES if written.get(path) != FILES[path]] == []
    assert set(written) == set(FILES)
    assert "12 files" in capsys.readouterr().out


def test_two_runs_give_the_same_bytes() -> None:
    assert make_case(committed_files()) == make_case(committed_files())


def test_papers_and_recording_are_as_new_as_what_they_are_made_from() -> None:
    assert {recipe.path: recipe.inputs_sha256 for recipe in recipes()} == {path: told["inputs_sha256"] for path, told in recorded().items()}


def test_tools_of_the_recorded_versions_make_the_committed_files_again() -> None:
    made = {recipe.path: recipe.make() for recipe in recipes() if recipe.identity() == recorded()[recipe.path]["made_with"]}
    print(f"made again here: {sorted(made)}")
    assert [path for path, data in made.items() if data != FILES[path]] == []


def test_machine_without_the_speaker_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert espeak_identity() is None


def test_file_older_than_its_template_is_refused_by_name(tmp_path: Path) -> None:
    record = recorded()
    record[LETTER]["inputs_sha256"] = "0" * 64
    (tmp_path / "record.json").write_text(json.dumps(record))
    with pytest.raises(ToolMissing, match=r"^demand-letter\.pdf is older than what it is made from: run .*--remake"):
        committed_files(tmp_path / "record.json")


def test_program_tells_what_is_missing_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "case")], kept=lambda: committed_files(tmp_path / "no-record.json")) == 1
    assert "--remake" in capsys.readouterr().err
    assert not (tmp_path / "case").exists()


def letter_by(tool: dict[str, str] | None) -> Recipe:
    return Recipe("letter.txt", "a typesetter", b"what it says", lambda: tool, lambda: b"a letter")


def test_remade_file_is_recorded_with_its_inputs_and_its_tool(tmp_path: Path) -> None:
    made = remake([letter_by({"typesetter": "1.0"})], tmp_path / "case", tmp_path / "record.json")
    assert made == {"letter.txt": (tmp_path / "case" / "letter.txt").read_bytes()} == {"letter.txt": b"a letter"}
    assert recorded(tmp_path / "record.json") == {
        "letter.txt": {"inputs_sha256": sha256(b"what it says").hexdigest(), "made_with": {"typesetter": "1.0"}}}


def test_missing_tool_is_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"^letter\.txt cannot be made here: a typesetter is missing\.$"):
        remake([letter_by(None)], tmp_path / "case", tmp_path / "record.json")
    assert list(tmp_path.iterdir()) == []
