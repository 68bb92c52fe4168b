"""The proof path: every leaf of every small tree leads to the root, and what each step covers is what the tree has there."""
import pytest

from evidence.portal.proof_drawing import BOX_HEIGHT, BOX_WIDTH, WIDTH, draw
from evidence.portal.proof_path import leaves, steps_of
from tests.tlog.rfc6962 import leaf, mth, path


@pytest.mark.parametrize("size", range(1, 34))
def test_every_leaf_of_every_small_tree_leads_to_the_root(size: int) -> None:
    for index in range(size):
        steps = steps_of(index, size, leaf(index), path(index, 0, size))
        assert (steps[-1].result if steps else leaf(index)) == mth(0, size)
        for step in steps:
            first, _, last = step.covers.partition("–")
            assert step.sibling == mth(int(first), int(last or first) + 1)
            first, _, last = step.result_covers.partition("–")
            assert step.result == mth(int(first), int(last or first) + 1)
        assert [step.number for step in steps] == list(range(1, len(steps) + 1))


def test_proof_of_another_length_is_our_bug_and_is_not_drawn() -> None:
    with pytest.raises(ValueError, match="zip"):
        steps_of(3, 8, leaf(3), path(3, 0, 8)[:-1])


def test_ranges_are_spelled_by_first_and_last() -> None:
    assert (leaves(4, 8), leaves(5, 6)) == ("4–7", "5")


@pytest.mark.parametrize("size", [1, 2, 7, 33])
def test_drawing_has_every_node_inside_its_frame_and_none_on_another(size: int) -> None:
    for index in range(size):
        steps = steps_of(index, size, leaf(index), path(index, 0, size))
        drawing = draw(index, leaf(index), steps)
        assert len(drawing.boxes) == 1 + 2 * len(steps)
        assert len(drawing.lines) == len(steps)
        for box in drawing.boxes:
            assert 0 <= box.left <= WIDTH - BOX_WIDTH
            assert 0 <= box.y <= drawing.height - BOX_HEIGHT
        places = [(box.left, box.y) for box in drawing.boxes]
        assert len(set(places)) == len(places)
        assert [box.role for box in drawing.boxes].count("root") == (1 if steps else 0)
