"""Citation: an article, or a paragraph or item of it, in the words that a paper needs.

A paper names the instrument in full with the day its version came into force, because a number alone means another rule in another version:
《中华人民共和国民法典》（2021年1月1日起施行）第五百六十条第二款.
What it does not do: say that the rule applies to a case.

>>> cite(article_of("civil-code", "2020", 560)).chinese
'《中华人民共和国民法典》（2021年1月1日起施行）第五百六十条'
>>> cite(article_of("civil-code", "2020", 561), paragraph=1, item=2).english
"Civil Code of the People's Republic of China (in force from 1 January 2021), Article 561, paragraph 1, item (2)"
"""
from dataclasses import dataclass

from law.numerals import chinese_number
from law.statutes import Article, article_of, instrument_of, version_of

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


@dataclass(frozen=True, slots=True)
class Citation:
    """(instrument, version, article), and the paragraph (款) and item (项) where one is meant; both count from 1."""

    instrument: str
    version: str
    article: int
    paragraph: int | None = None
    item: int | None = None

    @property
    def chinese(self) -> str:
        day = version_of(self.instrument, self.version).effective_from
        text = f"《{instrument_of(self.instrument).name}》（{day.year}年{day.month}月{day.day}日起施行）第{chinese_number(self.article)}条"
        text += f"第{chinese_number(self.paragraph)}款" if self.paragraph else ""
        return text + (f"第（{chinese_number(self.item)}）项" if self.item else "")

    @property
    def english(self) -> str:
        day = version_of(self.instrument, self.version).effective_from
        since = f"{day.day} {MONTHS[day.month - 1]} {day.year}"
        text = f"{instrument_of(self.instrument).name_en} (in force from {since}), Article {self.article}"
        text += f", paragraph {self.paragraph}" if self.paragraph else ""
        return text + (f", item ({self.item})" if self.item else "")


def cite(article: Article, *, paragraph: int | None = None, item: int | None = None) -> Citation:
    """A citation of `article`. Raises UnknownCitation when there is no such article, ValueError for a place below 1."""
    if (paragraph is not None and paragraph < 1) or (item is not None and item < 1):
        raise ValueError("paragraphs and items count from 1")
    known = article_of(article.instrument, article.version, article.number)
    return Citation(known.instrument, known.version, known.number, paragraph, item)
