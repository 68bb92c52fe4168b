"""A recording as samples of ours, and its waveform: decoded and encoded anew, as WAV with at most two channels, which loses nothing, so
that an ordinary call is heard as it was recorded; where that is too large as MP3, with all channels mixed into one.

What this does not do: transcribe, improve, cut silence.
"""
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile

from evidence.rendering.limits import CPU_S, MAX_OUTPUT_BYTES, MAX_SOUND_S, MAX_WAV_BYTES, MIB, WAVEFORM_BARS
from evidence.rendering.parts import MP3, WAV, Cut, Ending, Part, Refused, document

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
SPEECH_RATE = 16_000
"""What a long recording is thinned out to, or a little above: encoding twice as many samples takes twice as long."""
BLOCK = 1 << 16
RIFF_HEAD = 8


def prepare() -> None:
    for format_ in ("WAV", "MP3", "FLAC"):
        made = io.BytesIO()
        soundfile.write(made, np.zeros((800, 1), "float32"), 8000, format=format_)
        soundfile.read(io.BytesIO(made.getvalue()), dtype="float32")


def draw(data: bytes, keep: Callable[[Part], None]) -> Ending:
    try:
        sound = soundfile.SoundFile(io.BytesIO(data))
    except soundfile.LibsndfileError:
        raise Refused("damaged") from None
    with sound:
        rate, channels = int(sound.samplerate), int(sound.channels)
        if not 1000 <= rate <= 384_000 or channels < 1:
            raise Refused("damaged")
        form = _form(rate, channels, int(sound.frames))
        made, peaks = io.BytesIO(), _Peaks()
        with soundfile.SoundFile(made, "w", rate // form.thin, form.channels, format=form.format, subtype=form.subtype) as copy:
            frames, cut = _copy(sound, copy, form, made, peaks)
        total = max(frames, int(sound.frames)) // rate
    if not frames:
        raise Refused("damaged")
    if not cut and _ends_early(data):
        cut = "truncated"
    keep(document({"kind": "wave", "bars": peaks.bars(), "seconds": round(frames / rate)}))
    keep(Part(MP3 if form.format == "MP3" else WAV, made.getvalue()))
    return Ending(cut=cut, total=min(total, 2**31 - 1))


@dataclass(frozen=True, slots=True)
class _Form:
    """How the copy is written: `thin` samples become one, and no more than `most` frames of the recording are read."""

    format: str
    subtype: str
    channels: int
    thin: int
    most: int


def _form(rate: int, channels: int, frames: int) -> _Form:
    kept = min(2, channels)
    thin = max(1, rate // SPEECH_RATE)
    if frames * kept * 2 > MAX_WAV_BYTES and rate % thin == 0 and rate // thin in MP3_RATES:
        return _Form("MP3", "MPEG_LAYER_III", 1, thin, MAX_SOUND_S * rate)
    return _Form("WAV", "PCM_16", kept, 1, min(MAX_SOUND_S * rate, MAX_WAV_BYTES // (2 * kept)))


def _copy(sound: Any, copy: Any, form: _Form, made: io.BytesIO, peaks: "_Peaks") -> tuple[int, Cut]:
    """Frames read, and what was left out."""
    frames, at_once = 0, BLOCK * form.thin
    while frames < form.most:
        try:
            block = sound.read(min(at_once, form.most - frames), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            return frames, "truncated"
        if not len(block):
            return frames, ""
        block = np.clip(np.nan_to_num(block), -1.0, 1.0)
        peaks.take(block)
        copy.write(_mixed(block, form.thin) if form.format == "MP3" else block[:, :form.channels])
        frames += len(block)
        if time.process_time() > CPU_S * 0.8:
            return frames, "time"
        if made.tell() > MAX_OUTPUT_BYTES - 2 * MIB:
            return frames, "length"
    return frames, "length" if len(sound.read(1, dtype="float32")) else ""


def _mixed(block: Any, thin: int) -> Any:
    """One channel of means; of the last block what fills no sample is left out."""
    whole = len(block) - len(block) % thin
    return block[:whole].mean(axis=1).reshape(-1, thin).mean(axis=1)


class _Peaks:
    """The loudest sample of each stretch; when there are too many stretches, each two become one."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self.stretch, self.left, self.loudest = 256, 256, 0.0

    def take(self, block: Any) -> None:
        levels = np.abs(block).max(axis=1)
        while len(levels):
            some, levels = levels[:self.left], levels[self.left:]
            self.loudest = max(self.loudest, float(some.max()))
            self.left -= len(some)
            if not self.left:
                self.found.append(self.loudest)
                self.left, self.loudest = self.stretch, 0.0
            if len(self.found) == 4 * WAVEFORM_BARS:
                self.found = [max(self.found[at:at + 2]) for at in range(0, len(self.found), 2)]
                self.stretch *= 2
                self.left = self.stretch

    def bars(self) -> list[int]:
        """At most `WAVEFORM_BARS` heights of 0 to 100."""
        found = self.found if self.left == self.stretch else [*self.found, self.loudest]
        each = -(-len(found) // WAVEFORM_BARS)
        return [round(100 * max(found[at:at + each])) for at in range(0, len(found), each)] if found else []


def _ends_early(data: bytes) -> bool:
    """Whether a WAV says of itself that it is longer than it is. Recorders that never knew write all ones or nothing."""
    if data[:4] != b"RIFF":
        return False
    declared = int.from_bytes(data[4:RIFF_HEAD], "little")
    return declared not in (0, 0xFFFFFFFF) and declared + RIFF_HEAD > len(data) + 1
