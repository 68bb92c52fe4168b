"""Every reason of the reckoner has its words, in both languages."""
import ast
import inspect

from django.utils import translation

from cases import caps, fact_faults
from cases.reckoning import soundness


def reasons(source: str) -> set[str]:
    """What the reckoner's functions yield as reasons, with their figures filled in, and what `cap_fault` returns."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        value = node.value if isinstance(node, ast.Yield | ast.Return) else None
        reason = value.elts[1] if isinstance(value, ast.Tuple) and isinstance(node, ast.Yield) else value
        parts: list[ast.expr | None] = [reason.body, reason.orelse] if isinstance(reason, ast.IfExp) else [reason]
        for part in parts:
            if isinstance(part, ast.Constant | ast.JoinedStr):
                text = eval(compile(ast.Expression(part), "reason", "eval"), vars(soundness).copy())
                found |= {text} if isinstance(text, str) else set()
    return found


def test_each_reason_has_its_words() -> None:
    known = {**fact_faults.WORDS, **caps.WORDS}
    assert reasons(inspect.getsource(soundness)) == set(known)
    for language in ("zh-hans", "en"):
        with translation.override(language):
            assert all(any(letter >= "\u4e00" for letter in str(words)) == (language == "zh-hans") for words in known.values())
