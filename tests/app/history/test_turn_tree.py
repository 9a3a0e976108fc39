"""The shape of a conversation: paths, versions, deleted turns, and damage."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.history.turn_tree import Node, TurnTree


def tree(*nodes: tuple[int, int | None] | tuple[int, int | None, bool]) -> TurnTree:
    return TurnTree(Node(*node) for node in nodes)


# 1 - 2 - 4
#   \ 3 - 5 - 6
FORK = ((1, None), (2, 1), (3, 1), (4, 2), (5, 3), (6, 5))


def test_the_path_in_front_goes_from_the_first_turn_to_the_head() -> None:
    assert tree(*FORK).path(4) == (1, 2, 4)
    assert tree(*FORK).path(6) == (1, 3, 5, 6)
    assert tree().path(None) == ()


def test_a_head_that_is_not_there_is_the_newest_turn() -> None:
    for head in (None, 99):
        assert tree(*FORK).path(head) == (1, 3, 5, 6)


def test_versions_are_turns_with_the_same_parent() -> None:
    fork = tree(*FORK)
    assert fork.versions(fork.path(6)) == {3: (2, 3)}
    assert tree((1, None), (2, None)).versions((1,)) == {1: (1, 2)}


def test_the_newest_below() -> None:
    assert [tree(*FORK).newest_below(each) for each in (1, 2, 3, 6)] == [6, 4, 6, 6]


def test_a_deleted_turn_is_skipped_and_what_follows_takes_its_place() -> None:
    without = tree((1, None), (2, 1), (3, 1, True), (4, 2), (5, 3), (6, 5))
    assert without.path(6) == (1, 5, 6)
    assert without.versions((1, 5, 6)) == {5: (2, 5)}
    assert 3 not in without
    assert len(without) == 5
    assert without.stored_parent(5) == 3
    assert without.path(3) == (1,)


def test_where_the_path_ends_without_a_turn() -> None:
    fork = tree(*FORK)
    assert fork.head_without(6, 6) == 5
    assert fork.head_without(5, 6) == 6
    versions = tree((1, None), (2, 1), (3, 1), (4, 1))
    assert versions.head_without(3, 3) == 2, "the version before"
    assert versions.head_without(2, 2) == 3, "the version after the first"
    assert tree((1, None), (2, None), (3, 1)).head_without(2, 2) == 3, "and what follows it"


def test_a_turn_whose_parent_is_lost_follows_the_one_before_it() -> None:
    assert tree((2, None), (5, 4), (6, 5)).path(6) == (2, 5, 6)
    assert tree((5, 5), (6, 7)).path(6) == (5, 6), "nor can a parent be younger"


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=12), st.integers(0, 13))
def test_any_shape_has_a_path_that_ends(shape: list[tuple[int, bool]], head: int) -> None:
    nodes = [Node(number, parent or None, deleted) for number, (parent, deleted) in enumerate(shape, 1)]
    there = [node.id for node in nodes if not node.is_deleted]
    found = TurnTree(nodes)
    path = found.path(head)
    assert set(path) <= set(there)
    assert bool(path) is bool(there)
    assert list(path) == sorted(path)
    for each in there:
        newest = found.newest_below(each)
        assert each in found.path_to(newest)
        assert found.newest_below(newest) == newest
        versions = found.versions((each,))
        assert each in versions.get(each, (each,))
        if len(there) > 1:
            assert found.head_without(each, head) in {None, *there} - {each}
