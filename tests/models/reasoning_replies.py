"""Replies of models, and what is to come of each; ways to cut and to stream them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest

from models.reasoning import (
    Piece,
    ReasoningSplitter,
    Tags,
)

THINK = Tags()
MAGISTRAL = Tags("[THINK]", "[/THINK]")


@dataclass(frozen=True)
class Reply:
    """A reply, and what is to come of it."""

    name: str
    text: str
    reasoning: str
    answer: str
    starts_inside: bool = True
    reclassified: bool = False
    tags: Tags = THINK


CORPUS = (
    # The ordinary forms
    Reply("usual", "I add.\n</think>\n\nIt is 4.", "I add.\n", "It is 4."),
    Reply("both tags", "<think>\nI add.\n</think>\n\n4", "I add.\n", "4", starts_inside=False),
    Reply("opening tag twice", "<think>\n<think>I add.</think>4", "I add.", "4"),
    Reply("no thought at all", "Just 4.\n", "", "Just 4.\n", starts_inside=False),
    Reply("white space first, no thought", "\n  Just 4.", "", "Just 4.", starts_inside=False),
    Reply("empty", "", "", ""),
    # Tags that are missing
    Reply("opening missing", "I add.\n</think>\n4", "I add.\n", "4", starts_inside=False, reclassified=True),
    Reply("opening missing, nothing thought", "\n</think>\n4", "", "4", starts_inside=False),
    Reply("opening missing, nothing at all", "</think>", "", "", starts_inside=False),
    Reply(
        "opening missing, no answer", "I add.</think> ", "I add.", "", starts_inside=False, reclassified=True
    ),
    Reply(
        "opening missing, code",
        "Try `4`.\n</think>4",
        "Try `4`.\n",
        "4",
        starts_inside=False,
        reclassified=True,
    ),
    Reply(
        "opening missing, then closed in the answer",
        "</think>b</think>c",
        "",
        "b</think>c",
        starts_inside=False,
    ),
    Reply("closing missing", "I add 2 and 2. It is 4.", "I add 2 and 2. It is 4.", ""),
    Reply("closing missing, opened", "<think>I add.", "I add.", "", starts_inside=False),
    # A stop inside
    Reply("stopped in the thought", "Well, 2 and", "Well, 2 and", ""),
    Reply("stopped in the closing tag", "I add.</thin", "I add.</thin", ""),
    Reply("stopped in the opening tag", " <thi", "<thi", ""),
    Reply("stopped in the opening tag, answer", " <thi", "", "<thi", starts_inside=False),
    Reply("stopped in the answer", "I add.</think>It i", "I add.", "It i"),
    Reply("stopped in a fence", "</think>```\n</th", "", "```\n</th"),
    # Nothing thought, nothing said
    Reply("empty thought", "</think>4", "", "4"),
    Reply("empty thought of white space", "\n\n</think>\n\n4", "", "4"),
    Reply("empty thought, both tags", "<think>\n\n</think>\n\n4", "", "4", starts_inside=False),
    Reply("empty answer", "I add.</think>\n\n", "I add.", ""),
    Reply("white space", " \n\t\n", "", ""),
    Reply("white space, no thought", " \n\t\n", "", "", starts_inside=False),
    Reply("tags alone", "<think></think>", "", "", starts_inside=False),
    Reply("white space of other scripts", "\u3000a\u00a0</think>\u2003\u3000b", "a\u00a0", "b"),
    # Doubled closing tags
    Reply("closed twice", "I add.</think></think>4", "I add.", "4"),
    Reply("closed twice over lines", "I add.</think>\n</think>\n4", "I add.", "4"),
    Reply("closed three times", "</think></think> </think>4", "", "4"),
    Reply("closed again in the answer", "I add.</think>4 </think> 5", "I add.", "4 </think> 5"),
    Reply("closed again at the end", "I add.</think>4\n</think>", "I add.", "4\n</think>"),
    Reply(
        "reclassified, then closed twice",
        "a</think></think>b",
        "a",
        "b",
        starts_inside=False,
        reclassified=True,
    ),
    Reply(
        "reclassified once", "a</think>b</think>c", "a", "b</think>c", starts_inside=False, reclassified=True
    ),
    # Two thoughts
    Reply("two thoughts", "a</think>b<think>c</think>d", "a\n\nc", "b\n\nd"),
    Reply("two thoughts with lines", "a\n</think>\nb\n\n<think>\nc</think>\nd", "a\n\nc", "b\n\nd"),
    Reply("two thoughts, empty first answer", "a</think>\n<think>c</think>d", "a\n\nc", "d"),
    Reply("second thought stopped", "a</think>b <think>c", "a\n\nc", "b "),
    Reply("second thought empty", "a</think>b<think> </think>", "a", "b"),
    Reply("thought after an answer", "b<think>c</think>d", "c", "b\n\nd", starts_inside=False),
    Reply("three thoughts", "a</think>b<think>c</think>d<think>e</think>f", "a\n\nc\n\ne", "b\n\nd\n\nf"),
    Reply(
        "reclassified and thought again",
        "a\n</think>b<think>c</think>d",
        "a\n\nc",
        "b\n\nd",
        starts_inside=False,
        reclassified=True,
    ),
    Reply("second thought closed twice", "a</think>b<think>c</think></think>d", "a\n\nc", "b\n\nd"),
    # Tags inside a thought
    Reply("opening tag within a thought", "I write <think> here</think>4", "I write <think> here", "4"),
    Reply("closing tag quoted in a thought", "I write `</think>` here", "I write `", "` here"),
    Reply("closing tag in a fence of a thought", "```\n</think>\n4", "```\n", "4"),
    # Tags quoted in code of the answer
    Reply("inline code", "</think>Use `</think>` to end.", "", "Use `</think>` to end."),
    Reply("inline code, opening", "</think>Use `<think>` first.", "", "Use `<think>` first."),
    Reply(
        "inline code, no thought", "Use `</think>` to end.", "", "Use `</think>` to end.", starts_inside=False
    ),
    Reply("inline code of two", "</think>``a ` <think>`` <think>b", "b", "``a ` <think>`` "),
    Reply("inline code ends", "</think>`a`<think>b", "b", "`a`"),
    Reply("inline code, longer run inside", "</think>`a``<think>`<think>b", "b", "`a``<think>`"),
    Reply("inline code unclosed", "</think>a ` <think> b\n<think>c", "c", "a ` <think> b\n"),
    Reply("inline code unclosed, carriage return", "</think>a ` <think>\r\n<think>c", "c", "a ` <think>\r\n"),
    Reply("run right before the tag", "</think>a ``<think>b", "", "a ``<think>b"),
    Reply("fence", "</think>```xml\n</think>\n<think>\n```\nend", "", "```xml\n</think>\n<think>\n```\nend"),
    Reply(
        "fence, no thought",
        "See:\n```\n<think>\n</think>\n```\n",
        "",
        "See:\n```\n<think>\n</think>\n```\n",
        starts_inside=False,
    ),
    Reply("two fences", "</think>```\n```\n```\n\n<think>b", "", "```\n```\n```\n\n<think>b"),
    Reply("fence of tildes", "</think>~~~\n<think>\n~~~\n<think>b", "b", "~~~\n<think>\n~~~\n"),
    Reply("fence to the end", "</think>a\n```\n<think> b", "", "a\n```\n<think> b"),
    Reply(
        "tag on the line of the fence", "</think>``` <think>\n`\n```\n<think>b", "b", "``` <think>\n`\n```\n"
    ),
    Reply(
        "fence closed by a longer one", "</think>```\n<think>\n`````\n<think>b", "b", "```\n<think>\n`````\n"
    ),
    Reply("fence not closed by a shorter one", "</think>````\n```\n<think>b", "", "````\n```\n<think>b"),
    Reply("fence not closed by the other kind", "</think>```\n~~~\n<think>b", "", "```\n~~~\n<think>b"),
    Reply("fence not closed with text after it", "</think>```\n``` a\n<think>b", "", "```\n``` a\n<think>b"),
    Reply("fence not closed within a line", "</think>```\na ```\n<think>b", "", "```\na ```\n<think>b"),
    Reply("fence closed, white space after", "</think>```\na\n``` \t\r\n<think>b", "b", "```\na\n``` \t\r\n"),
    Reply("tag right after the closing fence", "</think>```\n```<think>b", "", "```\n```<think>b"),
    Reply(
        "fence indented by three",
        "</think>a\n   ```\n<think>\n```\n<think>b",
        "b",
        "a\n   ```\n<think>\n```\n",
    ),
    Reply(
        "fence in a list",
        "</think>1. a\n\n     ```\n     <think>\n     ```\n<think>b",
        "b",
        "1. a\n\n     ```\n     <think>\n     ```\n",
    ),
    Reply("fence not closed four deeper", "</think>```\n    ```\n<think>b", "", "```\n    ```\n<think>b"),
    Reply("fence not closed a tab deeper", "</think>```\n \t```\n<think>b", "", "```\n \t```\n<think>b"),
    Reply(
        "tab before a fence is four columns",
        "</think>a\n\t```\n        ```\n<think>b",
        "",
        "a\n\t```\n        ```\n<think>b",
    ),
    Reply(
        "fence after a tab closed seven deep",
        "</think>a\n\t```\n       ```\n<think>b",
        "b",
        "a\n\t```\n       ```\n",
    ),
    Reply("three backticks on one line", "</think>```a```<think>b", "b", "```a```"),
    Reply("three backticks, then one", "</think>```a` <think>\n<think>b", "b", "```a` <think>\n"),
    Reply("two tildes are no code", "</think>~~a~~ <think>b", "b", "~~a~~ "),
    Reply("three tildes within a line are no code", "</think>a ~~~ <think>b", "b", "a ~~~ "),
    Reply("two tildes at a line's start are no code", "</think>~~<think>b", "b", "~~"),
    Reply("code does not reach over a thought", "</think>`a`<think>`</think>b<think>c", "`\n\nc", "`a`\n\nb"),
    Reply(
        "fence right after a second thought",
        "</think>a <think>b</think>```\n<think>\n```\n<think>c",
        "b\n\nc",
        "a \n\n```\n<think>\n```\n",
    ),
    Reply(
        "fence right after reclassified",
        "a</think>```\n<think>\n```\n<think>c",
        "a\n\nc",
        "```\n<think>\n```\n",
        starts_inside=False,
        reclassified=True,
    ),
    Reply("near tag in a span", "</think>`<thi`<think>b", "b", "`<thi`"),
    # Nearly tags
    Reply("cut tag", "a <thin b</think>c</thin d", "a <thin b", "c</thin d"),
    Reply("a letter too much", "a</thinkk>b</think>c", "a</thinkk>b", "c"),
    Reply("doubled beginning", "a<</think>b<<think>c", "a<\n\nc", "b<"),
    Reply("doubled beginning of the closing tag", "a</</think>b", "a</", "b"),
    Reply("closing tag within the beginning of one", "a</thi</think>b", "a</thi", "b"),
    Reply("other case", "a</THINK>b</think><Think>c", "a</THINK>b", "<Think>c"),
    Reply("white space in the tag", "a</ think>b", "a</ think>b", ""),
    Reply("comparison", "1<2</think>1<2 and </b>", "1<2", "1<2 and </b>"),
    # Other scripts
    Reply("CJK", "我想想。\n</think>\n\n答案是 4。", "我想想。\n", "答案是 4。"),
    Reply("emoji", "🤔👩‍👩‍👧</think>🎉<🎉", "🤔👩‍👩‍👧", "🎉<🎉"),
    Reply("fullwidth near tag", "a＜/think＞b</think>c", "a＜/think＞b", "c"),
    # Other tags
    Reply("Magistral", "[THINK]I add.[/THINK]4 [x]", "I add.", "4 [x]", starts_inside=False, tags=MAGISTRAL),
    Reply("Magistral, code", "a[/THINK]`[THINK]` [THINK]b", "a\n\nb", "`[THINK]` ", tags=MAGISTRAL),
    Reply(
        "Magistral, R1's tags are text",
        "a</think>b[/THINK]<think>c",
        "a</think>b",
        "<think>c",
        tags=MAGISTRAL,
    ),
    Reply(
        "tags with different beginnings",
        "a{end}b<begin>c{en",
        "a\n\nc{en",
        "b",
        tags=Tags("<begin>", "{end}"),
    ),
)

corpus = pytest.mark.parametrize("reply", CORPUS, ids=[reply.name.replace(" ", "_") for reply in CORPUS])


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, neighbours of one kind joined."""
    result: list[Piece] = []
    for piece in pieces:
        if result and result[-1].kind is piece.kind:
            result[-1] = Piece(piece.kind, result[-1].text + piece.text)
        else:
            result.append(piece)
    return result


def stream(chunks: Sequence[str], tags: Tags, *, starts_inside: bool) -> list[Piece]:
    """Split the chunks, the tags in their text."""
    splitter = ReasoningSplitter(tags, starts_inside=starts_inside)
    pieces = [piece for chunk in chunks for piece in splitter.feed(chunk)]
    return [*pieces, *splitter.finish()]


def stream_by_token(chunks: Sequence[str], tags: Tags, *, starts_inside: bool) -> list[Piece]:
    """Split the chunks; each that is a tag comes as the token for it."""
    splitter = ReasoningSplitter(tags, starts_inside=starts_inside, by_token=True)
    pieces: list[Piece] = []
    for chunk in chunks:
        is_tag = chunk in (tags.opening, tags.closing)
        pieces += splitter.feed_tag(chunk == tags.opening) if is_tag else splitter.feed(chunk)
    return [*pieces, *splitter.finish()]


def cut_at_tags(text: str, tags: Tags) -> list[str]:
    """The text as a vocabulary with tokens for the tags would have it."""
    return re.split(f"({re.escape(tags.opening)}|{re.escape(tags.closing)})", text)


def cut(text: str, places: Sequence[int]) -> list[str]:
    """The text cut at the places given."""
    edges = [0, *sorted(places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]
