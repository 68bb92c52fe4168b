"""The trails of an organisation's records for a period as a document: the rows of the other exports on paper, and inside it as JSON.

A paper is bounded: what a typesetter takes for two thousand rows a machine can spare. A longer period is as many volumes as it takes, each
a document of its own that says which of how many it is, set one after the other and sent as they are set. A character that no font at hand
can show is written by its code point, and the document lists where. What this does not do: seal it (docs/adr/0027).
"""
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import msgspec
from django.conf import settings
from django.db.models.functions import Length
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from accounts.audit.words import words_label
from accounts.models import Organisation
from common.pages import china_time
from documents import custody_trail as paper
from documents.fonts import Typefaces
from documents.glyphs import Missing, Spelling
from documents.typesetting import WAIT_S, Attachment, typeset
from evidence.custody import SELF, Circumstances
from evidence.custody_export import CHUNK, Told, custody_between, json_pieces, rows_between
from evidence.custody_proofs import InLog, newest_in_log
from evidence.custody_words import actor_word, event_word, root_word
from evidence.fact_words import KIND_WORDS, RELATION_WORDS
from evidence.models import Evidence
from evidence.packages.zip_stream import ZipStream
from evidence.platform_facts import facts_valid_at
from ledger.selectors import log_facts, published_note
from tlog.checkpoint import parse_checkpoint
from tlog.note import split_note
from tlog.times import CHINA

MOST_ROWS = 2000
"""Of one volume: 250 pages, half a gigabyte for some seconds (docs/adr/0027)."""
CHARACTERS_OF_A_ROW = 450
"""So many characters of a purpose take what another row does (measured: 300 rows of 4,000 characters are as 2,500 rows)."""
NEXT_WAIT_S = 600
"""For how long a volume waits for its turn when the ones before it are on their way."""
UNTOLD = Circumstances("")
"""Of a row of the first form, which says nothing of the kind."""
MOST_UNSHOWN = 200
"""Fields that the list at the end names; the rows themselves spell out every character, listed or not."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to before `until`, None without an end; both the first moment of a day in China."""

    since: datetime | None
    until: datetime | None

    @property
    def first_day(self) -> str | None:
        return None if self.since is None else _day(self.since)

    @property
    def last_day(self) -> str | None:
        return None if self.until is None else _day(self.until - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Volume:
    """Number `number` of `of`, with the rows from id `first` to id `last`; the only one of a period without rows has none."""

    number: int
    of: int
    first: int
    last: int


def volumes_of(organisation: Organisation, period: Period) -> list[Volume]:
    """Into what the rows of the period are cut, at least one volume. What is written later is in none of them."""
    ends: list[tuple[int, int]] = []
    first = last = weight = 0
    rows = rows_between(organisation, period.since, period.until).order_by("id")
    for pk, length in rows.values_list("pk", Length("purpose")).iterator(chunk_size=CHUNK):
        more = 1 + (length or 0) // CHARACTERS_OF_A_ROW
        if weight and weight + more > MOST_ROWS:
            ends.append((first, last))
            weight = 0
        first, last, weight = first if weight else pk, pk, weight + more
    return [Volume(number, len(ends) + 1, *each) for number, each in enumerate((*ends, (first, last)), 1)]


def custody_zip(
    organisation: Organisation, period: Period, volumes: Sequence[Volume], *, name: str, made_at: datetime
) -> Iterator[bytes]:
    """All of these volumes in an archive, in the language that is active now, each made when the one before it was sent.

    Raises DocumentTooLarge, DocumentsBusy: for the first one before anything is sent; later what was sent is no archive.
    """
    return _archived(organisation, period, volumes, get_language(), name, made_at)


def _archived(
    organisation: Organisation, period: Period, volumes: Sequence[Volume], language: str | None, name: str, made_at: datetime
) -> Iterator[bytes]:
    archive = ZipStream(made_at)
    for volume in volumes:
        named = f"{name}-{volume.number:0{len(str(volume.of))}}-of-{volume.of}"
        with override(language):
            made = custody_pdf(
                organisation, period, volume, name=named, made_at=made_at, wait_s=WAIT_S if volume.number == 1 else NEXT_WAIT_S)
        yield from archive.add(f"{named}.pdf", made, deflate=False)
    yield from archive.finish()


def custody_pdf(
    organisation: Organisation, period: Period, volume: Volume, *, name: str, made_at: datetime, wait_s: float = WAIT_S
) -> bytes:
    """The document, in the active language; `name`.json is the file inside. Raises DocumentTooLarge, DocumentsBusy."""
    told = list(custody_between(organisation, period.since, period.until, ids=(volume.first, volume.last)))
    typefaces = Typefaces(settings.DOCUMENT_FONTS)
    data = msgspec.to_builtins(_document(organisation, period, volume, told, attached=f"{name}.json", made_at=made_at))
    spelling = Spelling(typefaces.characters())
    shown = spelling.spelled(data) | _unshown(spelling.missing)
    rows = b"".join(json_pieces(iter(told), organisation=organisation, made_at=made_at)).decode()
    attachment = Attachment(f"{name}.json", "application/json", rows, _("相同各行的机读原文"))
    return typeset(paper.NAME, shown, at=made_at, typefaces=typefaces, attachment=attachment, wait_s=wait_s)


def _document(
    organisation: Organisation, period: Period, volume: Volume, told: Sequence[Told], *, attached: str, made_at: datetime
) -> paper.CustodyTrail:
    numbers = list(dict.fromkeys(each.record for each in told))
    in_log = newest_in_log(numbers)
    return paper.CustodyTrail(
        language="en" if get_language() == "en" else "zh-hans", organisation=paper.Named(organisation.name, organisation.ref),
        since=period.first_day, until=period.last_day, made_at=china_time(made_at), attached=attached,
        rows=tuple(_rows(told)), ends=tuple(_end(number, in_log.get(number)) for number in numbers), log=_log(),
        volume=volume.number, volumes=volume.of, platform=tuple(_platform(organisation, numbers)))


def _rows(told: Sequence[Told]) -> Iterator[paper.Row]:
    for number, each in enumerate(told, 1):
        row, how = each.row, each.row.circumstances or UNTOLD
        at = row.at.astimezone(CHINA)
        yield paper.Row(
            number=number, record=each.record, sequence=row.sequence, day=_day(row.at),
            time=f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} +08:00", event=paper.Named(str(event_word(row.event)), row.event),
            organisation=paper.Named(each.name(row.organisation), row.organisation),
            actor=paper.Named(str(actor_word(row.actor)), row.actor),
            role=_words(how.role), signed_in=_words(how.signed_in or None), request_id=how.request_id, purpose=row.purpose,
            root=None if row.root is None else paper.Named(str(root_word(row.root)), row.root),
            on_behalf_of=None if how.on_behalf_of is None else paper.Named(each.name(how.on_behalf_of), how.on_behalf_of),
            previous=row.previous, digest=row.digest)


def _words(code: str | None) -> paper.Named | None:
    if code is None:
        return None
    label = words_label(code)
    word = _("未登录") if code == SELF.signed_in else label.en if get_language() == "en" else label.zh
    return paper.Named(word, code)


def _end(record: str, found: InLog | None) -> paper.End:
    return paper.End(record) if found is None else paper.End(record, found.sequence, found.digest, found.statement, found.index)


def _platform(organisation: Organisation, numbers: Sequence[str]) -> Iterator[paper.Platform]:
    """The facts of the platform when these records were received; days in a row with the same facts are told once."""
    # LAW: 人民法院在线诉讼规则（法释〔2021〕12号）第十七条: the platform's qualification, as it was when the evidence was deposited.
    received = Evidence.objects.filter(record__in=numbers).order_by("received_at").values_list("received_at", flat=True)
    days = [list(moments) for _day_of, moments in groupby(received, _day)]
    told = [(_day(moments[0]), len(moments), tuple(_facts(organisation, moments[-1]))) for moments in days]
    for facts, same in groupby(told, lambda each: each[2]):
        spans = list(same)
        yield paper.Platform(spans[0][0], spans[-1][0], sum(count for _day_of, count, _facts_then in spans), facts)


def _facts(organisation: Organisation, moment: datetime) -> Iterator[paper.Fact]:
    for slot in facts_valid_at(moment, organisation=organisation):
        kind, fact = paper.Named(str(KIND_WORDS[slot.kind]), slot.kind), slot.fact
        if fact is None:
            yield paper.Fact(kind, slot.name)
            continue
        relation = RELATION_WORDS.get(fact.relation)
        yield paper.Fact(
            kind, slot.name, fact.told if relation is None else f"{relation} · {fact.told}", fact.number, fact.issuer,
            fact.valid_from.isoformat(), None if fact.valid_until is None else fact.valid_until.isoformat(), fact.record)


def _log() -> paper.Log:
    facts = log_facts()
    note = published_note(facts.published_size)
    if note is None:
        return paper.Log(facts.origin, None, None, None)
    checkpoint = parse_checkpoint(split_note(note)[0])
    return paper.Log(
        facts.origin, checkpoint.size, b64encode(checkpoint.root).decode(),
        None if facts.published_at is None else china_time(facts.published_at))


def _unshown(missing: Sequence[Missing]) -> dict[str, object]:
    listed = [{"pointer": each.pointer, "characters": list(each.characters)} for each in missing[:MOST_UNSHOWN]]
    return {"unshown": listed, "unlisted": len(missing) - len(listed)}


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d}"
