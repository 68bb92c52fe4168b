"""Bad input of every kind, over real sockets, to a real process: a 4xx or a closed connection, never a crash, a hang or a signature.

Two families, taken in turn: bodies that a good request was changed into, many of them with valid signatures of the log's own key, and
bytes that are HTTP only in part. 10,000 cases in `make test`, 100,000 in `make faults`.
"""
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.sizes import seed, sized
from tests.witness.logs import ORIGIN, Log, body, entries
from tests.witness.places import LOG, NAME, Place
from tlog.checkpoint import format_checkpoint
from tlog.encoding import encode_base64
from tlog.note import Signer, format_note, sign_note
from witness.request import MAX_BODY, MAX_PROOF
from witness.server import MAX_HEAD

CASES = sized(10_000, 100_000)
GROWTH = 24 * 1024**2
"""Bytes by which the process may grow in all those cases: what malloc keeps of a few large bodies at once."""
COSIGNED, NEXT = 10, 20
GOOD = LOG.request(COSIGNED, NEXT)
SIGNED = GOOD.rpartition(b"\n\n")[2]
"""The log's signature line, with its newline."""
FORKED = Log([b"another", *entries(600)[1:]])
Make = Callable[[random.Random], bytes]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to three changes: bytes replaced, cut, doubled, or a bit flipped."""
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(data))
        end = min(len(data), start + chance.choice((1, 2, 8, 64)))
        piece = data[start:end]
        flipped = bytes([piece[0] ^ 1 << chance.randrange(8)]) + piece[1:]
        new = chance.choice((chance.randbytes(len(piece)), b"", piece * 2, bytes(len(piece)), piece.swapcase(), b"\n", flipped))
        data = (data[:start] + new + data[end:]) or b"x"
    return data


def lines_moved(chance: random.Random) -> bytes:
    """Lines swapped, left out or doubled."""
    lines = GOOD.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    if chance.random() < 0.5:
        lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    if chance.random() < 0.5:
        del lines[chance.randrange(len(lines))]
    return b"\n".join(lines)


def of_another_history(chance: random.Random) -> bytes:
    """Validly signed by the log, and no continuation of what was cosigned."""
    new = chance.randrange(COSIGNED, 600)
    old = chance.choice((0, COSIGNED, COSIGNED, chance.randrange(new + 1)))
    return chance.choice((FORKED.request(old, new), body(old, LOG.proof(old, new), FORKED.checkpoint(new))))


def with_another_proof(chance: random.Random) -> bytes:
    """The right checkpoint and old size, and a proof between other trees, of hashes of chance, or of another length."""
    proof = LOG.proof(COSIGNED, NEXT)
    wrong = chance.choice((
        LOG.proof(chance.randrange(1, COSIGNED), NEXT), LOG.proof(COSIGNED, chance.randrange(NEXT + 1, 600)), FORKED.proof(COSIGNED, NEXT),
        [chance.randbytes(32) for _ in proof], [chance.randbytes(chance.randrange(64)) for _ in proof], proof[:-1], proof[1:],
        proof + proof[:1], proof[::-1], [chance.randbytes(32)] * chance.randrange(MAX_PROOF, MAX_PROOF + 3)))
    return body(COSIGNED, wrong, LOG.checkpoint(NEXT)) if wrong != proof else b""


def with_another_number(chance: random.Random) -> bytes:
    """Old sizes that are not ours, and numbers that are none."""
    near = (COSIGNED - 1, COSIGNED + 1, NEXT, 0, -COSIGNED, f"+{COSIGNED}", f"0{COSIGNED}", f"{COSIGNED}.0")
    old = chance.choice((*near, 2**63, 2**64, 10**400, "", "٣"))
    return body(old, LOG.proof(COSIGNED, NEXT), LOG.checkpoint(NEXT))


def signed_oddly(chance: random.Random) -> bytes:
    """Texts that the log's key signed and no log should: other origins, sizes, roots, extensions; or another key altogether."""
    root = chance.choice((LOG.root(NEXT), bytes(32), chance.randbytes(32)))
    size = chance.choice((0, COSIGNED - 1, COSIGNED, NEXT, 2**63 - 1))
    origin = chance.choice((ORIGIN, ORIGIN + "x", "other.example/log", "a" * 300))
    text = format_checkpoint(origin=origin, size=size, root=root, extensions=["x" * chance.randrange(1, 6000)] * chance.randrange(20))
    signer = chance.choice((LOG.signer, Signer.from_seed(ORIGIN, b"x" * 32), Signer.from_seed("stranger.example", b"x" * 32)))
    # Of ours alone the right text with more lines below it would be a continuation.
    honest = signer is LOG.signer and (origin, size, root) == (ORIGIN, NEXT, LOG.root(NEXT))
    return b"" if honest else body(chance.choice((0, COSIGNED)), LOG.proof(COSIGNED, NEXT), sign_note(text, [signer]))


def with_other_lines(chance: random.Random) -> bytes:
    """Signature lines of strangers and of chance, many or broken, without the log's own."""
    text = format_checkpoint(origin=ORIGIN, size=NEXT, root=LOG.root(NEXT))
    forged = LOG.signer.verifier.key_id + chance.randbytes(64)
    lines = ((ORIGIN, chance.randbytes(68)), (ORIGIN, forged), ("stranger.example", chance.randbytes(40)))
    line = chance.choice([f"— {name} {encode_base64(blob)}\n" for name, blob in lines])
    return body(COSIGNED, LOG.proof(COSIGNED, NEXT), format_note(text, [line] * chance.choice((1, 2, 100, 128))))


BODIES: tuple[Make, ...] = (
    lambda chance: mutated(GOOD, chance), lambda chance: GOOD[:chance.randrange(len(GOOD))], lines_moved, of_another_history,
    with_another_proof, with_another_number, signed_oddly, with_other_lines, lambda chance: chance.randbytes(chance.randrange(2000)),
    lambda chance: GOOD.replace(b"\n", chance.choice((b"\r\n", b"\n\n", b"\r", b"\x00"))), lambda chance: GOOD + chance.randbytes(9),
    lambda chance: chance.choice((b"\n", b"A\n", b"old 0\n", b"\x00")) * chance.randrange(MAX_BODY // 16),
)
BAD_BODY = b"x" + GOOD[1:]


def head(*lines: bytes, request: bytes = b"POST /add-checkpoint HTTP/1.1") -> bytes:
    return b"\r\n".join([request, b"Host: witness.example", *lines, b"", b""])


WHOLE = head(b"Content-Length: %d" % len(BAD_BODY))
LENGTHS = (b"-1", b"+5", b"0x10", b"1e3", b"5, 5", b"", b" ", b"9" * 40, b"\xd9\xa3", b"5 5", b"%d" % (MAX_BODY + 1))
REQUESTS = (
    b"PUT /add-checkpoint HTTP/1.1", b"post /add-checkpoint HTTP/1.1", b"POST /add-checkpoint HTTP/2.0",
    b"POST /add-checkpoint HTTP/1.1.1",
    b"POST /add-checkpoint", b"POST", b"", b"GET /add-checkpoint HTTP/1.1", b"POST /add-checkpoint/ HTTP/1.1",
    b"POST //add-checkpoint HTTP/1.1",
    b"POST /add-checkpoint?x=1 HTTP/1.1", b"POST /%61dd-checkpoint HTTP/1.1", b"POST http://witness.example/add-checkpoint HTTP/1.1",
    b"POST * HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"GET /../../etc/passwd HTTP/1.1", b"\x16\x03\x01\x02\x00", b"PRI * HTTP/2.0",
    b"GET /" + b"0" * 64 + b"/checkpoint HTTP/1.1", b"GET /" + b"a" * MAX_HEAD + b" HTTP/1.1", b"POST /add-checkpoint HTTP/1.1\x00",
    b"POST\t/add-checkpoint\tHTTP/1.1", b"A" * 100_000,
)
FIELDS = (
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding : chunked", b"Content-Length: 5",
    b"Content-Length : 5",
    b" folded: yes", b"no colon here", b": no name", b"X: \x00", b"X: " + b"y" * (MAX_HEAD + 1), b"\xff\xfe: 1", b"Expect: 100-continue",
    b"Connection: close", b"Connection: upgrade", b"X: 1\nContent-Length: 7", b"Content-Length: 7\rX: 2", *([b"X: 1"] * 3),
)


def heads(chance: random.Random) -> bytes:
    fields = [b"Content-Length: " + chance.choice((*LENGTHS, b"%d" % len(BAD_BODY))), *chance.sample(FIELDS, chance.randrange(4))]
    chance.shuffle(fields)
    return head(*fields, request=chance.choice((*REQUESTS, b"POST /add-checkpoint HTTP/1.1"))) + BAD_BODY


def chunked(chance: random.Random) -> bytes:
    return head(b"Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BAD_BODY) + chance.choice((0, 0, 1, -1)), BAD_BODY)


def cut_off(chance: random.Random) -> bytes:
    """Half a request; the client goes away."""
    whole = WHOLE + BAD_BODY
    return whole[:chance.randrange(len(whole))]


def in_a_row(chance: random.Random) -> bytes:
    """Several on one connection, the first of which is whole."""
    return WHOLE + BAD_BODY + b"".join(chance.choice(HTTP[:3])(chance) for _ in range(chance.randrange(1, 4)))


def many_fields(chance: random.Random) -> bytes:
    return head(*[b"X-%d: 1" % number for number in range(chance.choice((50, 101, 1000, 3000)))]) + BAD_BODY


HTTP: tuple[Make, ...] = (
    heads, chunked, lambda chance: mutated(WHOLE, chance) + BAD_BODY, cut_off, in_a_row, many_fields,
    lambda chance: chance.randbytes(chance.randrange(1, 3000)),
    lambda chance: head(b"Content-Length: %d" % chance.randrange(MAX_BODY + 1, 10**9)) + BAD_BODY,
)
STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")


def statuses(said: bytes) -> Iterator[int]:
    """Those of the answers in a row. Raises AssertionError where something else than an answer stands."""
    while said:
        found = STATUS.match(said)
        assert found, said[:200]
        length = re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", said.partition(b"\r\n\r\n")[0] + b"\r\n")
        yield int(found[1])
        if found[1] == b"100":
            said = said.partition(b"\r\n\r\n")[2]
            continue
        assert length, said[:200]
        said = said.partition(b"\r\n\r\n")[2][int(length[1]):]


def memory(process_id: int) -> int:
    """Bytes of the process that are in memory."""
    [pages] = re.findall(r"^VmRSS:\s+([0-9]+) kB", Path(f"/proc/{process_id}/status").read_text(), re.MULTILINE)
    return int(pages) * 1024


def state(place: Place) -> list[tuple[object, ...]]:
    """What the witness says it cosigned last."""
    with closing(sqlite3.connect(place.folder / "witness.sqlite3")) as database:
        return database.execute("SELECT * FROM log").fetchall()


@pytest.fixture
def chance() -> random.Random:
    number = seed()
    print(f"repeat these choices with CUNZHENG_FAULT_SEED={number}")
    return random.Random(number)


def test_ten_thousand_bad_requests_get_a_4xx_and_never_a_signature(place: Place, chance: random.Random) -> None:
    place.start("--first-start")
    assert place.process is not None
    assert place.post(LOG.request(0, COSIGNED))[0] == 200
    before, seen = state(place), Counter[int]()
    used = 0
    for number in range(CASES):
        if number == CASES // 10:
            used = memory(place.process.pid)  # by then every kind has been there
        for status, text, sent in said_to(place, chance, http_itself=number % 4 == 0):
            assert 400 <= status < 500 or status == 100, (status, sent[:500])
            assert NAME.encode() not in text, sent[:500]
            seen[status] += 1
    print(dict(seen))
    assert {400, 403, 404, 405, 409, 411, 413, 422, 431} <= seen.keys()
    assert state(place) == before
    assert memory(place.process.pid) - used < GROWTH
    assert "Traceback" not in (place.folder / "log.txt").read_text()
    assert place.post(GOOD)[0] == 200
    assert place.stop() == 0


def still_good(sent: bytes) -> bool:
    """Whether a change left a good request: the same one, or with the log's valid signature more than once."""
    return sent.startswith(GOOD) and not sent.removeprefix(GOOD).replace(SIGNED, b"")


def said_to(place: Place, chance: random.Random, *, http_itself: bool) -> Iterator[tuple[int, bytes, bytes]]:
    """Send one case; status and text of each answer, and what was sent. A connection that is closed without one is as good."""
    if http_itself:
        sent = chance.choice(HTTP)(chance)
        try:
            answer = place.raw(sent)
        except ConnectionError:  # it was refused before all of it was sent
            return
        yield from ((status, answer, sent) for status in statuses(answer))
    else:
        sent = chance.choice(BODIES)(chance)
        if not still_good(sent):
            yield (*place.post(sent), sent)
