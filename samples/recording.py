"""The call recording: synthetic Mandarin, 8 kHz, 16 bit, mono, as a telephone exchange stores it.

What it is for: a real WAV file of a few seconds with two voices that nobody owns. espeak-ng speaks each turn, this module
brings it down to telephone quality in whole numbers (the same bytes everywhere) and puts pauses between the turns.

What it does not do: run without espeak-ng (Debian package `espeak-ng`); `samples.tool_made` then keeps the committed file.
"""

import io
import math
import subprocess
import wave
from array import array
from collections.abc import Sequence

from samples.conversations import CALL, Turn

RATE = 8000
PAUSE_S = 0.35
WORDS_PER_MINUTE = 205
SPOKEN_RATE = 22050                   # what espeak-ng makes
UP, DOWN = 160, 441                   # 22050 Hz * 160 / 441 = 8000 Hz
TAPS = 64                             # input samples that one output sample is made of
CUT_HZ = 3400                         # the upper edge of a telephone line
ONE = 1 << 15                         # fixed-point one of the filter


def espeak_version() -> str | None:
    """Return the version of espeak-ng on this machine, None when there is none."""
    try:
        told = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return told.partition(":")[2].split()[0]


def speak(turn: Turn) -> "array[int]":
    """Return one turn as 16-bit samples at 22,050 Hz, spoken by espeak-ng."""
    command = ["espeak-ng", "-v", turn.voice, "-s", str(WORDS_PER_MINUTE), "--stdout"]
    sound = subprocess.run(command, input=turn.text.encode(), capture_output=True, check=True).stdout
    frames = array("h")
    frames.frombytes(sound[sound.index(b"data") + 8:])
    return frames


def filter_rows() -> list[list[int]]:
    """Return the low-pass filter (a windowed sinc) as one row of whole numbers for each of the 160 output phases."""
    cut = CUT_HZ / SPOKEN_RATE
    rows = []
    for phase in range(UP):
        row = []
        for tap in range(TAPS):
            x = tap - TAPS / 2 + 1 - phase / UP
            sinc = 2 * cut if x == 0 else math.sin(2 * math.pi * cut * x) / (math.pi * x)
            row.append(round(sinc * (0.5 + 0.5 * math.cos(2 * math.pi * x / TAPS)) * ONE))
        rows.append(row)
    return rows


def to_telephone_rate(spoken: Sequence[int]) -> "array[int]":
    """Return samples at 8 kHz for samples at 22,050 Hz, as a sixteen-bit line would clip them."""
    rows, padded = filter_rows(), [0] * (TAPS // 2 - 1) + list(spoken) + [0] * TAPS
    out = array("h")
    for number in range(len(spoken) * UP // DOWN):
        start, phase = divmod(number * DOWN, UP)
        value = sum(map(int.__mul__, rows[phase], padded[start:start + TAPS])) >> 15
        out.append(max(-32768, min(32767, value)))
    return out


def record_call(turns: Sequence[Turn] = CALL) -> bytes:
    """Return the whole call as the bytes of a WAV file."""
    pause = array("h", bytes(2 * int(RATE * PAUSE_S)))
    call = array("h", pause)
    for turn in turns:
        call.extend(to_telephone_rate(speak(turn)))
        call.extend(pause)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(call.tobytes())
    return file.getvalue()


def duration_ms(recording: bytes) -> int:
    """Return the length of a WAV file in milliseconds, rounded down."""
    with wave.open(io.BytesIO(recording)) as file:
        frames, rate = file.getnframes(), file.getframerate()
    return int(frames * 1000 // rate)
