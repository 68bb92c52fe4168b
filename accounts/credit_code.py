"""统一社会信用代码: the eighteen characters under which Chinese law knows an organisation, and their check character.

Pure: whether a code is well formed, never whether a registry knows it. Source: GB 32100-2015, 5.2 and annex A.
"""
import re

# SPEC: GB 32100-2015 4.2: ten digits and the capital letters without I, O, S, V and Z.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# SPEC: GB 32100-2015 annex A: the weight of position i is 3^(i-1) mod 31.
WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
# SPEC: GB 32100-2015 4.3: department, category, six digits of a region, nine of the body, one that checks.
FORM = re.compile(rf"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}", re.ASCII)


def canonical_credit_code(typed: str) -> str:
    """`typed` in capitals and without spaces and hyphens, 18 characters. Raises ValueError when it is no such code."""
    code = re.sub(r"[\s-]", "", typed).upper()
    if not FORM.fullmatch(code):
        raise ValueError("not the form of a credit code")
    if check_character(code[:17]) != code[17]:
        raise ValueError("the check character does not fit")
    return code


def check_character(body: str) -> str:
    """The eighteenth character for the first seventeen, all of the alphabet above."""
    weighed = sum(ALPHABET.index(character) * weight for character, weight in zip(body, WEIGHTS, strict=True))
    return ALPHABET[-weighed % 31]
