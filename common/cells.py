r"""One cell of a CSV file that a spreadsheet will open: no formula, no line break.

What it is for: texts come from depositors and lenders; a cell that begins with `=`, `+`, `-`, `@` or a tab would be a formula on the
machine of a court clerk. Such a cell gets an apostrophe in front, which spreadsheets show as text.
What it does not do: quoting, which `csv` does.
Source: OWASP "CSV Injection".

>>> safe_cell("=cmd|'/c calc'!A1"), safe_cell("a\nb"), safe_cell("-12")
("'=cmd|'/c calc'!A1", 'a b', "'-12")
"""
import unicodedata

_FORMULA = frozenset("=+-@\t＝＋－＠")


def safe_cell(text: str) -> str:
    """Return one line of text that no spreadsheet takes for a formula."""
    line = "".join(" " if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") else character for character in text)
    # The tab and its like are spaces by now; a spreadsheet may trim them before it looks.
    return f"'{line}" if line.lstrip()[:1] in _FORMULA and line.strip() else line
