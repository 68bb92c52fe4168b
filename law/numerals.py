"""Article numbers as statutes write them: 第五百六十条.

Source: the usage of the statutes themselves; 0 < n < 10,000 covers every one of them.

>>> chinese_number(560), chinese_number(1009), chinese_number(12), chinese_number(110)
('五百六十', '一千零九', '十二', '一百一十')
"""
DIGITS = "零一二三四五六七八九"
UNITS = ("", "十", "百", "千")


def chinese_number(number: int) -> str:
    """`number` in Chinese numerals. Raises ValueError outside 1 to 9,999."""
    if not 0 < number < 10_000:
        raise ValueError("only 1 to 9,999 are written in Chinese numerals here")
    written, gap = "", False
    digits = str(number)
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit == "0":
            gap = True
            continue
        written += ("零" if gap else "") + DIGITS[int(digit)] + UNITS[place]
        gap = False
    # Ten to nineteen lose the leading one: 十二, but 一百一十二.
    return written.removeprefix("一") if 10 <= number < 20 else written
