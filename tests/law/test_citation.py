"""Citations as papers write them, in both languages."""
import doctest
from datetime import date

import pytest

from law import citation, numerals
from law.citation import Citation, cite
from law.numerals import chinese_number
from law.statutes import UnknownCitation, article_of, article_on


def test_a_citation_names_instrument_version_and_article() -> None:
    cited = cite(article_of("civil-code", "2020", 560))
    assert cited == Citation("civil-code", "2020", 560)
    assert cited.chinese == "《中华人民共和国民法典》（2021年1月1日起施行）第五百六十条"
    assert cited.english == "Civil Code of the People's Republic of China (in force from 1 January 2021), Article 560"


def test_paragraph_and_item_are_named_where_one_is_meant() -> None:
    cited = cite(article_of("civil-code", "2020", 561), paragraph=1, item=1)
    assert cited.chinese.endswith("第五百六十一条第一款第（一）项")
    assert cited.english.endswith("Article 561, paragraph 1, item (1)")


def test_the_same_rule_is_cited_by_the_number_of_its_day() -> None:
    old, new = (cite(article_on("civil-procedure-law", "notarised-debt-enforcement", day)) for day in (date(2018, 1, 1), date(2026, 1, 1)))
    assert old.chinese == "《中华人民共和国民事诉讼法》（2017年7月1日起施行）第二百三十八条"
    assert new.chinese == "《中华人民共和国民事诉讼法》（2024年1月1日起施行）第二百四十九条"


def test_there_is_no_paragraph_zero() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        cite(article_of("civil-code", "2020", 560), paragraph=0)


def test_a_citation_of_nothing_does_not_render() -> None:
    with pytest.raises(UnknownCitation):
        _ = Citation("civil-code", "1999", 1).chinese


@pytest.mark.parametrize(("number", "written"), [
    (1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (100, "一百"), (101, "一百零一"), (110, "一百一十"), (111, "一百一十一"),
    (560, "五百六十"), (1000, "一千"), (1001, "一千零一"), (1010, "一千零一十"),
    (1038, "一千零三十八"), (1260, "一千二百六十"), (9999, "九千九百九十九"),
])
def test_numbers_are_written_as_statutes_write_them(number: int, written: str) -> None:
    assert chinese_number(number) == written


def test_numbers_no_statute_has_are_refused() -> None:
    for number in (0, -1, 10_000):
        with pytest.raises(ValueError, match="9,999"):
            chinese_number(number)


def test_the_examples_in_the_modules_hold() -> None:


    for module in (citation, numerals):
        result = doctest.testmod(module)
        assert (result.attempted > 0, result.failed) == (True, 0)
