"""A bug of ours is never called a damaged file: whose fault it was, who is told, and that nothing of the file is told with it."""
import csv
import io
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from evidence.models import Evidence, Rendering
from evidence.rendering import parts, sounds, tables, texts
from evidence.rendering.faults import LARGEST_LINE, Fault, fault_of, parse_fault
from evidence.rendering.parts import Ending, parse_head
from evidence.rendering.process import draw
from evidence.renderings import render_file, rendering_of
from tests.evidence.desk import Desk
from tests.evidence.drawn import picture


def raised(doing: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        doing()
    return caught.value


def missing_name() -> None:
    exec("no_such_name", {})


def unpacked_wrongly() -> None:
    """As after a change of what a row is: nothing of a file is read there."""
    tables.keep_table(cast("Any", iter([("a", "b", "c")])), print)


OURS: dict[str, tuple[Callable[[], object], str, str]] = {
    "a wrong type in our code": (lambda: tables.keep_table(cast("Any", [(1, 5)]).__iter__(), print), "TypeError", "tables.py"),
    "an attribute that nothing has": (lambda: texts.shown(cast("Any", None)), "AttributeError", "texts.py"),
    "a value that our code did not expect": (unpacked_wrongly, "ValueError", "tables.py"),
    "a number that our code made of nothing": (lambda: sounds._mixed(cast("Any", np.zeros((3, 2))), -2), "ValueError", "sounds.py"),
    "what cannot be written down": (lambda: parts.document({"rows": {1, 2}}), "TypeError", "parts.py"),
    "a text that cannot be, when written down": (lambda: parts.write_ending(io.BytesIO(), cast("Any", None)), "AttributeError", "parts.py"),
}
FILES: dict[str, Callable[[], object]] = {
    "a decoder that knows no such picture": lambda: Image.open(io.BytesIO(b"nothing")),
    "a decoder that meets the end": lambda: Image.open(io.BytesIO(picture()[:100])).load(),
    "a decoder that stumbles": lambda: Image.open(cast("Any", 5)),
    "a text that is none": lambda: tables._cell("\ud800") and b"\xff".decode(),
    "JSON that is none": lambda: json.loads("{"),
    "half a character, that a decoder without a frame meets in our line": lambda: tables.keep_table(
        cast("Any", map(bytes.decode, [b"\xff"])), print),
    "a table that is none, in our line": lambda: tables.keep_table(cast("Any", csv.reader(['"a'], strict=True)), print),
}


@pytest.mark.parametrize("name", OURS)
def test_what_is_raised_in_our_code_is_our_fault_and_has_a_line(name: str) -> None:
    doing, error, module = OURS[name]
    fault = fault_of(raised(doing))
    assert fault is not None
    assert (fault.error, fault.module) == (error, f"evidence/rendering/{module}")
    assert fault.line > 0


@pytest.mark.parametrize("name", FILES)
def test_what_a_decoder_raises_is_the_files(name: str) -> None:
    assert fault_of(raised(FILES[name])) is None


def test_a_name_a_module_and_a_call_that_was_refused_are_never_the_files() -> None:
    for error in (raised(missing_name), ModuleNotFoundError("x"), PermissionError(1, "x"), raised(lambda: Path("/no/such").read_bytes())):
        assert fault_of(error) is not None, error
    assert fault_of(OSError("image file is truncated")) is None


@pytest.mark.parametrize("told", [
    None, 5, [], ["TypeError"], ["TypeError", "evidence/rendering/tables.py"], ["张三", "evidence/rendering/tables.py", 1],
    ["TypeError", "evidence/rendering/../../etc/passwd", 1], ["TypeError", "13800138000", 1],
    ["TypeError", "evidence/rendering/tables.py", "1"],
    ["TypeError", "evidence/rendering/tables.py", True], ["TypeError", "evidence/rendering/tables.py", LARGEST_LINE + 1], ["print", "x", 1],
    ["TypeError", "evidence/rendering/tables.py", 13_800_138_000], [["TypeError"], {}, -1]])
def test_a_process_that_was_taken_over_writes_nothing_into_our_log(told: Any) -> None:
    assert parse_fault(told) is None
    head = json.dumps({"end": True, "refused": "failed", "fault": told}).encode()
    assert parse_head(head) == Ending("failed")


def test_a_fault_comes_over_the_pipe_and_only_with_a_failure() -> None:
    fault = Fault("TypeError", "evidence/rendering/tables.py", 41)
    made = io.BytesIO()
    parts.write_ending(made, Ending("failed", fault=fault))
    assert parse_head(made.getvalue()) == Ending("failed", fault=fault)
    assert parse_head(made.getvalue().replace(b"failed", b"damaged")) == Ending("damaged")


def test_the_program_itself_says_where_it_failed() -> None:
    """Asked for a kind that it has no module for, as after a rename: a bug of ours, and no file was read."""
    ending = draw(cast("Any", "hologram"), [b"x"], lambda _part: None)
    assert ending.refused == "failed"
    assert ending.fault is not None
    assert (ending.fault.error, ending.fault.module) == ("KeyError", "evidence/rendering/child.py")


def test_a_program_that_ends_without_a_word_failed_and_one_that_a_file_brought_down_did_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program.py"
    monkeypatch.setattr("evidence.rendering.process.PROGRAM", program)
    for text, refused in (("raise SystemExit(1)", "failed"), ("import nothing_of_this_name", "failed"), ("", "failed"),
                          ("print('nonsense')", "failed"), ("import os, signal; os.kill(os.getpid(), signal.SIGSYS)", "failed"),
                          ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "damaged"),
                          ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "too-slow")):
        program.write_text(f"import os\nos.read(0, 9)\n{text}\n")
        assert draw("text", [b"x"], lambda _part: None) == Ending(cast("Any", refused)), text


@pytest.mark.usefixtures("service")
def test_the_reader_is_told_whose_fault_it_was_and_the_operator_sees_it(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    desk, program = Desk(), tmp_path / "program.py"
    told = json.dumps({"end": True, "refused": "failed", "fault": ["TypeError", "evidence/rendering/texts.py", 41]})
    program.write_text(f"import os\nos.read(0, 9)\nprint({told!r})\n")
    monkeypatch.setattr("evidence.rendering.process.PROGRAM", program)
    number = desk.send(desk.case(), ("张三的短信.txt", b"secret words", "text/plain"), json=True).json()["record"]
    record = Evidence.objects.get(record=number)
    with caplog.at_level(logging.ERROR, logger="evidence.renderings"):
        render_file(record.files.get().pk)
    assert caplog.messages == ["rendering failed (text): TypeError at evidence/rendering/texts.py:41"]
    page = desk.client.get(f"/records/{number}", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "本系统的展示程序出错" in page
    assert "文件不完整" not in page
    assert "下载原件" in page
    settings.METRICS_TOKEN = "token"
    figures = client.get("/metrics", headers={"Authorization": "Bearer token"}).content.decode()
    assert [line for line in figures.splitlines() if line.startswith("cunzheng_renderings_failed")] == ["cunzheng_renderings_failed 1.0"]
    # It is tried again after a day, and a program that was mended draws it.
    monkeypatch.undo()
    Rendering.objects.update(made_at=timezone.now() - timedelta(days=2))
    assert rendering_of(record.files.get(), now=timezone.now()) is None
    render_file(record.files.get().pk)
    assert "secret words" in desk.client.get(f"/records/{number}").content.decode()
