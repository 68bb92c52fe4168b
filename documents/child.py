"""The program that sets one document: `child.py TEMPLATE ROOT TIMESTAMP FOLDER…`, its input on standard input, the PDF on standard output.

Started by `documents.typesetting` with an environment that holds nothing. It limits its own memory and time, reads the folders of templates
and fonts and no other, and ends with a status that says what happened. A warning is a failure: the typesetter only warns where a font is
not there, and leaves out its text. What it does not do: decide about anything it sets.
"""
import os
import resource
import sys

FAILED, TOO_MUCH = 3, 4
MEMORY_BYTES = 1 << 30
CPU_S = 60
TYPEFACE = "Noto Sans SC"


def main(template: str, root: str, timestamp: str, *folders: str) -> int:
    import typst  # noqa: PLC0415 - the service's own processes never load it

    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, CPU_S)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    os.nice(5)
    faces = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(folders))
    added = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders[1:]))
    inputs = {"input": sys.stdin.buffer.read().decode(), "families": "\n".join(dict.fromkeys([TYPEFACE, *added.families()]))}
    try:
        compiler = typst.Compiler(template, root=root, font_paths=faces, ignore_system_fonts=True, sys_inputs=inputs)
        pdf, warnings = compiler.compile_with_warnings(format="pdf", pdf_standards=["a-3b"], timestamp=int(timestamp))
    except typst.TypstError as fault:
        sys.stderr.write(f"{fault.message} {fault.hints}\n")
        return FAILED
    except MemoryError:
        return TOO_MUCH
    if warnings:
        sys.stderr.write("".join(f"{warning.message}\n" for warning in warnings))
        return FAILED
    assert isinstance(pdf, bytes)
    with os.fdopen(1, "wb", closefd=False) as out:
        out.write(pdf)
    return 0


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    status = main(*sys.argv[1:])
    # What the allocator would give back piece by piece goes with the process.
    os._exit(status)
