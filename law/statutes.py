"""The loader of statutes: TOML files into frozen values, and look-ups that never guess.

Each file of `law/instruments/` is one instrument with its versions. A version is in force from `effective_from` until the day
before `effective_until`; versions of one instrument never overlap. An article has either its `text`, to the letter, or a `summary`
of ours, and a mark:

- V: read in the text of the law; E: seen in an excerpt only; B: general knowledge. What was looked for and not found has no place here.

`subject` names the rule apart from its number: by it one follows an article through a renumbering.
What it does not do: compute when a period ends (working days and holidays are the clocks' business), ask the network, know any setting.
Source: the project's reading of the statutes named in each file.
"""
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast, get_args

FOLDER = Path(__file__).resolve().parent / "instruments"
Mark = Literal["V", "E", "B"]
Unit = Literal["days", "working-days", "months", "years"]


class UnknownCitation(LookupError):
    """There is no such instrument, version or article here, or none was in force on that date."""


@dataclass(frozen=True, slots=True)
class Period:
    """`length` of `unit`, counted from what `begins` says in the words of the rule."""

    name: str
    length: int
    unit: Unit
    begins: str


@dataclass(frozen=True, slots=True)
class Article:
    """One rule. Exactly one of `text` (to the letter) and `summary` (ours) is not None."""

    instrument: str
    version: str
    number: int
    subject: str
    mark: Mark
    text: str | None
    summary: str | None
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One numbering and wording of an instrument; `effective_until`: the first day on which it is no longer in force, None while it is."""

    instrument: str
    version: str
    effective_from: date
    effective_until: date | None
    dates_mark: Mark
    source: str
    articles: tuple[Article, ...]

    def in_force_on(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_until is None or day < self.effective_until)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A statute or interpretation through its versions, the oldest first."""

    instrument: str
    name: str
    name_en: str
    short_name: str
    versions: tuple[Version, ...]


@lru_cache(maxsize=1)
def instruments() -> dict[str, Instrument]:
    """Every instrument by its id. Raises ValueError when a file of ours is wrong."""
    loaded = [parse_instrument(tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.toml"))]
    found = {each.instrument: each for each in loaded}
    if len(found) != len(loaded):
        raise ValueError("two files describe one instrument")
    return found


def instrument_of(instrument: str) -> Instrument:
    """Raises UnknownCitation."""
    try:
        return instruments()[instrument]
    except KeyError:
        raise UnknownCitation(f"no instrument {instrument}") from None


def version_of(instrument: str, version: str) -> Version:
    """Raises UnknownCitation."""
    for each in instrument_of(instrument).versions:
        if each.version == version:
            return each
    raise UnknownCitation(f"{instrument} has no version {version}")


def version_on(instrument: str, day: date) -> Version:
    """The version in force on `day`. Raises UnknownCitation when there was none, or none that we know."""
    for each in instrument_of(instrument).versions:
        if each.in_force_on(day):
            return each
    raise UnknownCitation(f"no version of {instrument} is known to be in force on {day.isoformat()}")


def article_of(instrument: str, version: str, number: int) -> Article:
    """Raises UnknownCitation."""
    for each in version_of(instrument, version).articles:
        if each.number == number:
            return each
    raise UnknownCitation(f"{instrument} {version} has no article {number} here")


def article_on(instrument: str, subject: str, day: date) -> Article:
    """The article that holds this rule on `day`, whatever its number is then. Raises UnknownCitation."""
    version = version_on(instrument, day)
    for each in version.articles:
        if each.subject == subject:
            return each
    raise UnknownCitation(f"{instrument} {version.version} has no article about {subject} here")


def parse_instrument(data: dict[str, Any]) -> Instrument:
    """One file's content. Raises ValueError naming the instrument and what is wrong with it."""
    name = str(data.get("instrument"))
    try:
        versions = tuple(_version(name, **each) for each in data["versions"])
        parsed = Instrument(name, data["name"], data["name_en"], data["short_name"], versions)
        _exactly(data, "instrument", "name", "name_en", "short_name", "versions")
        _check_versions(versions)
    except (KeyError, TypeError) as fault:
        raise ValueError(f"{name}: {fault}") from None
    return parsed


def _version(
    instrument: str, *, version: str, effective_from: date, dates_mark: str, source: str, articles: list[dict[str, Any]],
    effective_until: date | None = None,
) -> Version:
    told = tuple(_article(instrument, version, **each) for each in articles)
    for numbers in ([article.number for article in told], [article.subject for article in told]):
        if len(set(numbers)) != len(numbers):
            raise ValueError(f"{instrument} {version}: a number or a subject stands twice")
    return Version(instrument, version, effective_from, effective_until, _mark(dates_mark), source, told)


def _article(
    instrument: str, version: str, *, number: int, subject: str, mark: str, text: str | None = None, summary: str | None = None,
    periods: list[dict[str, Any]] | None = None,
) -> Article:
    if (text is None) == (summary is None):
        raise ValueError(f"{instrument} {version} article {number}: either the text or a summary")
    told = tuple(_period(**each) for each in periods or [])
    return Article(instrument, version, number, subject, _mark(mark), None if text is None else text.strip(), summary, told)


def _period(*, name: str, length: int, unit: str, begins: str) -> Period:
    if unit not in get_args(Unit) or length <= 0:
        raise ValueError(f"period {name}: {length} {unit}")
    return Period(name, length, cast(Unit, unit), begins)


def _mark(mark: str) -> Mark:
    if mark not in get_args(Mark):
        raise ValueError(f"{mark!r} is no mark: what was not found stays out")
    return cast(Mark, mark)


def _exactly(data: dict[str, Any], *names: str) -> None:
    if extra := set(data) - set(names):
        raise TypeError(f"unknown members {sorted(extra)}")


def _check_versions(versions: tuple[Version, ...]) -> None:
    for earlier, later in pairwise(versions):
        if earlier.effective_until is None or earlier.effective_until > later.effective_from:
            raise ValueError(f"{earlier.instrument}: {earlier.version} and {later.version} are in force at once")
    for each in versions:
        if each.effective_until is not None and each.effective_until <= each.effective_from:
            raise ValueError(f"{each.instrument} {each.version} ends before it begins")
