"""The proof path as a drawing: boxes and lines with coordinates, which `parts/proof_path.svg` writes down.

Pure. Drawn from the root at the top to the record at the bottom, in a frame as narrow as a telephone. Labels are short:
the table below the drawing has every hash in full.
"""
from collections.abc import Sequence
from dataclasses import dataclass

from evidence.portal.proof_path import Step

WIDTH, ROW, BOX_WIDTH, BOX_HEIGHT, MARGIN = 360, 68, 112, 44, 4
LEFT, MIDDLE, RIGHT = 60, 180, 300


@dataclass(frozen=True, slots=True)
class Box:
    """One node: `role` is `record`, `path`, `root` or `sibling`; `covers` as in `Step`."""

    x: int
    y: int
    role: str
    covers: str
    hash_hex: str

    @property
    def left(self) -> int:
        return self.x - BOX_WIDTH // 2

    @property
    def label_y(self) -> int:
        return self.y + 18

    @property
    def hash_y(self) -> int:
        return self.y + 35


@dataclass(frozen=True, slots=True)
class Drawing:
    """`lines` are paths of SVG in the order of the steps."""

    height: int
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    width: int = WIDTH
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def draw(index: int, leaf_hash: bytes, steps: Sequence[Step]) -> Drawing:
    """The drawing of the path from the record at `index` to the root, which is the record itself in a tree of one."""
    boxes = [Box(MIDDLE, _row(0, steps), "record", str(index), leaf_hash.hex())]
    lines = []
    for step in steps:
        child, parent = _row(step.number - 1, steps), _row(step.number, steps)
        side = LEFT if step.sibling_is_left else RIGHT
        role = "root" if step.number == len(steps) else "path"
        boxes.append(Box(side, child, "sibling", step.covers, step.sibling.hex()))
        boxes.append(Box(MIDDLE, parent, role, step.result_covers, step.result.hex()))
        foot, bend = parent + BOX_HEIGHT, (parent + BOX_HEIGHT + child) // 2
        lines.append(f"M{MIDDLE} {child}V{foot}M{side} {child}V{bend}H{MIDDLE}")
    return Drawing(_row(0, steps) + BOX_HEIGHT + MARGIN, tuple(boxes), tuple(lines))


def _row(level: int, steps: Sequence[Step]) -> int:
    """The y of a level: 0 is the record's."""
    return MARGIN + (len(steps) - level) * ROW
