"""The loader of statutes: complete data, look-ups that never guess, and rules that keep their subject while their number moves."""
import tomllib
from datetime import date, timedelta
from typing import Any

import pytest

from law.statutes import (
    FOLDER,
    UnknownCitation,
    article_of,
    article_on,
    instrument_of,
    instruments,
    parse_instrument,
    version_of,
    version_on,
)

# How the interpretations of 2018 to 2022 cite the rules of 民诉法, and the numbers of today: subject → 2017, 2021, 2023.
RENUMBERED = {
    "notarised-debt-enforcement": (238, 245, 249),
    "arbitral-award-enforcement": (237, 244, 248),
    "enforcement-application-period": (239, 246, 250),
}


@pytest.mark.parametrize(("subject", "numbers"), RENUMBERED.items())
def test_a_rule_is_followed_through_every_renumbering(subject: str, numbers: tuple[int, int, int]) -> None:
    days = (date(2018, 5, 1), date(2022, 4, 10), date(2026, 3, 1))
    assert tuple(article_on("civil-procedure-law", subject, day).number for day in days) == numbers
    assert [article_of("civil-procedure-law", version, number).subject
            for version, number in zip(("2017", "2021", "2023"), numbers, strict=True)] == [subject] * 3


def test_the_same_number_is_another_rule_in_another_version() -> None:
    assert article_of("civil-procedure-law", "2017", 237).subject == "arbitral-award-enforcement"
    assert article_of("civil-procedure-law", "2023", 237).subject == "enforcement-by-higher-court"


def test_a_version_is_in_force_from_its_first_day_to_the_day_before_the_next() -> None:
    change = date(2024, 1, 1)
    assert version_on("civil-procedure-law", change).version == "2023"
    assert version_on("civil-procedure-law", change - timedelta(days=1)).version == "2021"


def test_before_the_first_version_there_is_none() -> None:
    with pytest.raises(UnknownCitation, match="civil-code"):
        version_on("civil-code", date(2020, 12, 31))
    assert version_on("civil-code", date(2021, 1, 1)).version == "2020"


@pytest.mark.parametrize("ask", [
    lambda: instrument_of("contract-law"), lambda: version_of("civil-code", "2019"), lambda: article_of("civil-code", "2020", 1),
    lambda: article_on("civil-code", "usury", date(2026, 1, 1)),
    lambda: article_on("arbitration-law", "setting-aside", date(2026, 3, 1)),
])
def test_what_is_not_here_is_refused_and_never_guessed(ask: Any) -> None:
    with pytest.raises(UnknownCitation):
        ask()


def test_periods_are_data() -> None:
    limitation = article_of("civil-code", "2020", 188)
    assert [(each.name, each.length, each.unit) for each in limitation.periods] == [("limitation", 3, "years"), ("longest", 20, "years")]
    enforcement = article_on("civil-procedure-law", "enforcement-application-period", date(2026, 1, 1))
    assert [(each.name, each.length) for each in enforcement.periods] == [("enforcement-application", 2)]
    assert [(each.name, each.unit) for each in article_of("notary-law", "2017", 30).periods] == [("issue", "working-days")]


def test_every_article_says_how_it_is_known_and_is_either_quoted_or_summed_up() -> None:
    articles = [article for each in instruments().values() for version in each.versions for article in version.articles]
    assert len(articles) > 40
    assert {article.mark for article in articles} == {"V", "E", "B"}
    assert all((article.text is None) != (article.summary is None) for article in articles)
    quoted = {(article.instrument, article.number) for article in articles if article.text}
    assert quoted == {("civil-code", number) for number in (188, 195, 560, 561, 675, 676)}


def test_the_order_of_appropriation_stands_to_the_letter() -> None:
    text = article_of("civil-code", "2020", 561).text
    assert text is not None
    assert text.splitlines()[1:] == ["（一）实现债权的有关费用；", "（二）利息；", "（三）主债务。"]


def damaged(change: Any) -> dict[str, Any]:
    data = tomllib.loads((FOLDER / "civil_procedure_law.toml").read_text(encoding="utf-8"))
    change(data)
    return data


DAMAGE = {
    "an article twice": lambda d: d["versions"][0]["articles"].append(d["versions"][0]["articles"][0]),
    "a mark of what was not found": lambda d: d["versions"][0]["articles"][0].update(mark="X"),
    "text and summary": lambda d: d["versions"][0]["articles"][0].update(text="x"),
    "neither": lambda d: d["versions"][0]["articles"][0].pop("summary"),
    "versions that overlap": lambda d: d["versions"][0].update(effective_until=date(2023, 1, 1)),
    "a version that never ends before another": lambda d: d["versions"][0].pop("effective_until"),
    "an end before the beginning": lambda d: d["versions"][2].update(effective_until=date(2023, 1, 1)),
    "an unknown unit": lambda d: d["versions"][0]["articles"][2]["periods"][0].update(unit="weeks"),
    "a period of nothing": lambda d: d["versions"][0]["articles"][2]["periods"][0].update(length=0),
    "an unknown member": lambda d: d.update(notes="x"),
    "an unknown member of an article": lambda d: d["versions"][0]["articles"][0].update(notes="x"),
    "no name": lambda d: d.pop("name"),
}


@pytest.mark.parametrize("change", DAMAGE.values(), ids=list(DAMAGE))
def test_a_file_that_is_wrong_is_refused_when_it_is_read(change: Any) -> None:
    with pytest.raises(ValueError, match=r"civil-procedure-law|mark|period"):
        parse_instrument(damaged(change))
