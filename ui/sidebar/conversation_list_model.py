"""The rows of the sidebar as Qt item models: conversations under headings, and what a search found."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from ui.elided_label import one_line

if TYPE_CHECKING:
    from app.history.records import SearchHit

AnyIndex = QModelIndex | QPersistentModelIndex
SectionKey = int | str
"""A section that can be folded: the id of a folder, or the name of another one."""
DRAGGED_CHAT = "application/x-ponder-chat"
"""What a chat is while it is dragged onto a folder: its id in decimal digits."""
_NO_PARENT = QModelIndex()
MOST_HITS = 50
"""So many, and a search may have found more."""


class RowKind(enum.Enum):
    """What a row is. A SECTION is a heading that folds, a NOTE says there is nothing, MORE asks for more."""

    HEADING = enum.auto()
    SECTION = enum.auto()
    NOTE = enum.auto()
    MORE = enum.auto()
    CONVERSATION = enum.auto()
    HIT = enum.auto()


class Role(enum.IntEnum):
    """What a row gives beside its text."""

    KIND = Qt.ItemDataRole.UserRole + 1
    CONVERSATION_ID = Qt.ItemDataRole.UserRole + 2
    EXCERPT = Qt.ItemDataRole.UserRole + 3
    TURN_ID = Qt.ItemDataRole.UserRole + 4
    RANGES = Qt.ItemDataRole.UserRole + 5
    SECTION = Qt.ItemDataRole.UserRole + 6
    IS_FOLDED = Qt.ItemDataRole.UserRole + 7
    CHATS = Qt.ItemDataRole.UserRole + 8
    IS_INSIDE = Qt.ItemDataRole.UserRole + 9
    IS_TEMPORARY = Qt.ItemDataRole.UserRole + 10
    HAS_MORE = Qt.ItemDataRole.UserRole + 11


class Row(NamedTuple):
    """One row: a heading, a conversation, or a place that a search found.

    A place has an excerpt, and the turn it is in; None where the title was found. `ranges`: where the words
    stand in the excerpt, in the title where there is none. `section` and the number of its `chats` are for a
    SECTION, and `has_more` if there may be others that are not listed; `is_inside`: it stands under one.
    """

    kind: RowKind
    text: str
    conversation_id: int | None = None
    excerpt: str = ""
    turn_id: int | None = None
    ranges: tuple[tuple[int, int], ...] = ()
    section: SectionKey | None = None
    is_folded: bool = False
    chats: int = 0
    has_more: bool = False
    is_inside: bool = False

    @property
    def is_temporary(self) -> bool:
        """Whether it is of a chat that is nowhere written."""
        return self.conversation_id is not None and self.conversation_id < 0

    @property
    def spoken(self) -> str:
        """What a screen reader says."""
        if self.kind is RowKind.SECTION:
            what = "Folder " if isinstance(self.section, int) else ""
            chats = "1 chat" if self.chats == 1 else f"{self.chats:,} chats"
            chats += " or more" if self.has_more else ""
            return f"{what}{self.text}, {chats}, {'folded' if self.is_folded else 'open'}"
        text = f"{self.text}: {self.excerpt}" if self.excerpt else self.text
        return f"{text}, temporary chat" if self.is_temporary else text


def hit_rows(hits: Sequence[SearchHit], turns_not_searched: int = 0) -> list[Row]:
    """One row for each hit, under one heading that counts them; at the end what was not looked through."""
    rows = [Row(RowKind.HEADING, _count_of(hits))] + [_hit_row(hit) for hit in hits]
    if turns_not_searched:
        rows.append(Row(RowKind.HEADING, "Older chats are still being indexed…"))
    return rows


def _count_of(hits: Sequence[SearchHit]) -> str:
    if not hits:
        return "Nothing found"
    return f"The newest {len(hits)}" if len(hits) >= MOST_HITS else f"{len(hits)} found"


def _hit_row(hit: SearchHit) -> Row:
    """The excerpt is on one line already. Of a title it would say the same twice."""
    if hit.turn_id is None:
        text, excerpt = (hit.excerpt, "") if hit.ranges else (one_line(hit.title), "")
    else:
        text, excerpt = one_line(hit.title), one_line(hit.excerpt)
    return Row(RowKind.HIT, text, hit.conversation_id, excerpt, hit.turn_id, hit.ranges)


class ConversationListModel(QAbstractListModel):
    """The rows of the sidebar's list.

    Signals:
        rename_requested(conversation_id, title), folder_rename_requested(folder_id, name): a name was
            typed over. The row keeps its old one until the history has the new one and the list comes again.
        move_requested(conversation_id, folder_id): a chat was dropped on a folder.
    """

    rename_requested = Signal(int, str)
    folder_rename_requested = Signal(int, str)
    move_requested = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []

    def set_rows(self, rows: Sequence[Row]) -> bool:
        """Show these rows. Says whether that changed anything."""
        if list(rows) == self._rows:
            return False
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()
        return True

    def index_of(self, conversation_id: int | None) -> QModelIndex:
        """Where the conversation stands; an invalid index if it does not."""
        if conversation_id is None:
            return QModelIndex()
        return self._first(lambda row: row.conversation_id == conversation_id)

    def index_of_section(self, section: SectionKey | None) -> QModelIndex:
        """Where the heading of a section stands; an invalid index if it does not."""
        return QModelIndex() if section is None else self._first(lambda row: row.section == section)

    def heading_of(self, index: AnyIndex) -> QModelIndex:
        """The heading of the section that a row stands in; an invalid index if it is in none."""
        if not index.isValid() or not self._rows[index.row()].is_inside:
            return QModelIndex()
        above = (number for number in range(index.row(), -1, -1) if not self._rows[number].is_inside)
        return self.index(next(above, -1))

    def nearest(self, number: int) -> QModelIndex:
        """The row of that number that can be chosen, else the next one, else the one before."""
        after = range(max(0, number), len(self._rows))
        before = range(min(number, len(self._rows)) - 1, -1, -1)
        return self._first_of([*after, *before], lambda row: row.kind in _CHOSEN)

    def _first(self, fits: Callable[[Row], bool]) -> QModelIndex:
        return self._first_of(range(len(self._rows)), fits)

    def _first_of(self, numbers: Iterable[int], fits: Callable[[Row], bool]) -> QModelIndex:
        return self.index(next((number for number in numbers if fits(self._rows[number])), -1))

    def rowCount(self, parent: AnyIndex = _NO_PARENT) -> int:
        """A flat list."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The text of a row, and what `Role` names."""
        if not index.isValid():
            return None
        get = _GIVEN.get(role)
        return None if get is None else get(self._rows[index.row()])

    def setData(self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another title or name; an empty one changes nothing."""
        row = self._rows[index.row()]
        title = one_line(value) if isinstance(value, str) else ""
        if role != Qt.ItemDataRole.EditRole or title in ("", row.text):
            return False
        if isinstance(row.section, int):
            self.folder_rename_requested.emit(row.section, title)
        elif row.conversation_id is not None:
            self.rename_requested.emit(row.conversation_id, title)
        return True

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Headings that do not fold can be neither chosen nor typed over."""
        row = self._rows[index.row()] if index.isValid() else None
        if row is None or row.kind not in _CHOSEN:
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        if row.kind is RowKind.CONVERSATION:
            flags |= Qt.ItemFlag.ItemIsEditable
            if not row.is_temporary:
                flags |= Qt.ItemFlag.ItemIsDragEnabled
        elif isinstance(row.section, int):
            flags |= Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDropEnabled
        return flags

    # Dragging a chat onto a folder

    def supportedDropActions(self) -> Qt.DropAction:
        """It is moved."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """Chats only: no other program can do anything with them."""
        return [DRAGGED_CHAT]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The id of the chat, nothing of its text."""
        data = QMimeData()
        data.setData(DRAGGED_CHAT, str(indexes[0].data(Role.CONVERSATION_ID)).encode())
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: AnyIndex
    ) -> bool:
        """Ask for the chat to be moved. False: its row stays where it is until the list comes again."""
        folder = parent.data(Role.SECTION) if parent.isValid() else None
        untrusted_id = bytes(data.data(DRAGGED_CHAT).data())
        if isinstance(folder, int) and untrusted_id.isdigit():
            self.move_requested.emit(int(untrusted_id), folder)
        return False


_CHOSEN = (RowKind.SECTION, RowKind.MORE, RowKind.CONVERSATION, RowKind.HIT)
_GIVEN: dict[int, Callable[[Row], Any]] = {
    Qt.ItemDataRole.DisplayRole: lambda row: row.text,
    Qt.ItemDataRole.EditRole: lambda row: row.text,
    Qt.ItemDataRole.AccessibleTextRole: lambda row: row.spoken,
    Role.KIND: lambda row: row.kind,
    Role.CONVERSATION_ID: lambda row: row.conversation_id,
    Role.EXCERPT: lambda row: row.excerpt,
    Role.TURN_ID: lambda row: row.turn_id,
    Role.RANGES: lambda row: row.ranges,
    Role.SECTION: lambda row: row.section,
    Role.IS_FOLDED: lambda row: row.is_folded,
    Role.CHATS: lambda row: row.chats,
    Role.HAS_MORE: lambda row: row.has_more,
    Role.IS_INSIDE: lambda row: row.is_inside,
    Role.IS_TEMPORARY: lambda row: row.is_temporary,
}
