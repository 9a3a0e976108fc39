"""The shape of a conversation: turns with the same parent are versions, and one path is in front.

What is damaged must not hide what is whole: a turn whose parent is not there follows the one that was asked
before it, and a conversation whose head is not there ends with its newest turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """One turn without its text."""

    id: int
    parent_id: int | None
    is_deleted: bool = False


class TurnTree:
    """All turns of one conversation, in the order they were asked. What is deleted is skipped.

    Ids that are asked for must be there, and not deleted, where nothing else is said.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._stored_parents: dict[int, int | None] = {}
        self._parents: dict[int, int | None] = {}
        self._children: dict[int | None, list[int]] = {}
        self._hidden: dict[int, int | None] = {}
        before: int | None = None
        for node in nodes:
            parent = node.parent_id
            if parent is not None and parent not in self._stored_parents:
                parent = before
            self._stored_parents[node.id] = parent
            while parent is not None and parent in self._hidden:
                parent = self._hidden[parent]
            if node.is_deleted:
                self._hidden[node.id] = parent
            else:
                self._parents[node.id] = parent
                self._children.setdefault(parent, []).append(node.id)
            before = node.id

    def __contains__(self, turn_id: object) -> bool:
        return turn_id in self._parents

    def __len__(self) -> int:
        return len(self._parents)

    def stored_parent(self, turn_id: int) -> int | None:
        """The parent of a turn as it is stored, deleted perhaps."""
        return self._stored_parents[turn_id]

    def head(self, stored_head: int | None) -> int | None:
        """The turn in which the path in front ends; None where there is no turn."""
        if stored_head in self._hidden:
            stored_head = self._hidden[stored_head]
        return stored_head if stored_head in self._parents else next(reversed(self._parents), None)

    def path_to(self, turn_id: int | None) -> tuple[int, ...]:
        """The turns from the first to that one; empty for None."""
        path: list[int] = []
        while turn_id is not None:
            path.append(turn_id)
            turn_id = self._parents[turn_id]
        return tuple(reversed(path))

    def path(self, stored_head: int | None) -> tuple[int, ...]:
        """The path in front."""
        return self.path_to(self.head(stored_head))

    def versions(self, path: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """For each turn of the path with other versions: all of them, in the order they were asked."""
        siblings = {turn_id: self._children[self._parents[turn_id]] for turn_id in path}
        return {turn_id: tuple(those) for turn_id, those in siblings.items() if len(those) > 1}

    def newest_below(self, turn_id: int) -> int:
        """The newest turn that follows a turn, or the turn itself."""
        below, newest = {turn_id}, turn_id
        for each, parent in self._parents.items():
            if parent in below:
                below.add(each)
                newest = each
        return newest

    def head_without(self, turn_id: int, stored_head: int | None) -> int | None:
        """Where the path in front ends once a turn is deleted.

        Where it ended in that turn: in the version before it, or after it, or in its parent.
        None: in the newest turn that is left.
        """
        head = self.head(stored_head)
        if head != turn_id:
            return head
        siblings = self._children[self._parents[turn_id]]
        place = siblings.index(turn_id)
        others = siblings[:place][-1:] or siblings[place + 1 :]
        return self.newest_below(others[0]) if others else self._parents[turn_id]
