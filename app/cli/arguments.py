"""The words and options that the command line understands."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any, NoReturn

from app.errors import InputError
from app.settings import MAX_CONTEXT_TOKENS, MIN_CONTEXT_TOKENS
from app.version import version
from models.engine.kv_type import KvType

_MAX_INT = 2**31 - 1
MAX_TIMEOUT_S = 604_800
"""A week: a longer one is a mistake."""
_MAX_SEED = 2**32 - 2  # llama.cpp reads 2**32 - 1 as "any seed"

_TOP = """\
Think things through with a reasoning model that runs on this computer.
Nothing that you ask, and nothing that it thinks, leaves it.

  ponder                      opens the window
  ponder ask "QUESTION"       one question, one answer
  ponder chat                 a conversation in the terminal
  ponder history list         what was asked before
  ponder models recommend     which models suit this computer; download and check them
  ponder bench                how fast a model is on this computer
  ponder doctor               what this computer has, and whether the promises hold
"""

_TOP_END = """\
examples:
  ponder ask "What is 47 * 36?"
  ponder ask --json "What is 47 * 36?"
  echo "What is 47 * 36?" | ponder ask -
  ponder history search multiply

Each command has its own help: ponder ask --help

Answers go to standard output and nothing else does; errors go to standard error, one line each.
Exit codes: 0 done, 1 it failed, 2 the command was not understood, 130 ended with Ctrl-C.
PONDER_HOME=FOLDER keeps history, settings, models and logs in that folder."""

_ASK = """\
Ask one question. The answer streams to standard output; the thinking is not shown
unless you want it, and is never stored."""

_ASK_END = """\
examples:
  ponder ask "What is 47 * 36?"
  ponder ask --show-thinking "What is 912 - 457?"
  ponder ask --model ~/models/DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf "Why is the sky blue?"
  ponder ask - < question.txt
  ponder ask --budget 500 --timeout 60 "Is 2027 a prime number?"
  ponder ask --messages chat.json --json

--messages FILE is a JSON list, oldest first: [{"role": "user", "content": "Hello"}, ...].
Roles are system (first only), user and assistant. Thoughts (<think>...</think>) in the assistant's
messages are cut before they are sent: a model never sees its earlier thoughts.

--json prints one object: reasoning, answer, model, prompt_tokens, cached_tokens, reasoning_tokens,
answer_tokens, time_to_first_token_s, reasoning_s, tokens_per_s, left_out_turns (the oldest turns
that did not fit in the context), thought_end (what ended the thought: model, budget, reserve, asked,
loop, or "" where it has no end), stop_reason (end, length, stopped), answer_s,
prompt_tokens_per_s (of what was not in the cache), reasoning_tokens_per_s, answer_tokens_per_s,
context_tokens.

A thought never uses up the room for its answer: where it would, it is closed (reserve) and the
answer is written. --timeout S closes it too (asked), S seconds after the question went to the loaded
model, so that an answer still comes. That answer gets max(10, S/4) seconds more; then the reply is
stopped where it stands (stop_reason: stopped)."""

_CHAT = """\
Talk with the model in the terminal, with the same history as the window.
The thinking shows dimmed while it lasts and folds away when the answer begins.
Ctrl-C ends a thought and the answer begins, the next one stops the reply. Ctrl-D leaves,
/help lists the commands."""

_DOCTOR = """\
Show what Ponder finds on this computer, and check its promises one by one.
The exit code is 0 when every promise that can be checked here holds."""

_DOCTOR_END = """\
--json prints one object: versions, paths, settings_problem, history_protection, cpu, memory, devices,
models, promises, all_hold.
Each promise has text, result (ok, failed, cannot be checked here) and how (what was looked at)."""

_BENCH = """\
Measure how fast a model is on this computer: it is loaded, asked a few things, and ended.
Nothing of it is stored. Close other programs first, or their work is measured with it."""

_BENCH_END = """\
--json prints one object: model, family, size_bytes, context_tokens, load_s (the start of the engine
included), time_to_first_token_s, prompt_tokens, prompt_tokens_per_s, decode_tokens,
decode_tokens_per_s (thinking included), peak_memory_bytes (of the engine's process), bytes_per_token
(weights read for each token; null where not known), memory_bytes_per_s (of a copy, reads and writes
together), memory_share (decode_tokens_per_s * bytes_per_token / memory_bytes_per_s, or null), sentence."""

_HISTORY = "Look at what was asked before, search it, delete it, or keep a copy of it."

_HISTORY_END = """\
examples:
  ponder history list
  ponder history show 12
  ponder history search "prime numbers"
  ponder history delete 12
  ponder history export --chat 12 --format pdf --output chat.pdf
  ponder history import ~/Downloads/export.zip
  ponder history restore
  ponder history recovery-key

Ponder makes a backup once a day and before each change of the file's format, and keeps the last seven."""

_RESTORE = """\
Go back to a backup: the newest good one, or FILE. What is there now is backed up first; a damaged
history is set aside, beside the new one. Nothing of it is deleted."""


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake raises `InputError` instead of printing its usage."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(
            *args,
            **{"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter, **options},
        )

    def error(self, message: str) -> NoReturn:
        """Raise `InputError` where argparse would print its usage and leave."""
        raise InputError(f"{message[:1].upper()}{message[1:]}.", advice=f"See: {self.prog} --help")


def build_parser() -> Parser:
    """The whole command line. `run` in the result names the command, "" stands for none."""
    from app.cli.model_arguments import add_models  # it builds on this module

    parser = Parser(prog="ponder", description=_TOP, epilog=_TOP_END, usage="ponder [COMMAND] [OPTIONS]")
    parser.add_argument("--version", action="version", version=f"ponder {version()}")
    parser.set_defaults(run="")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="ponder")
    _add_ask(commands)
    _add_chat(commands)
    _add_bench(commands)
    doctor = commands.add_parser(
        "doctor", help="check this computer and the promises", description=_DOCTOR, epilog=_DOCTOR_END
    )
    doctor.set_defaults(run="doctor")
    _add_json(doctor)
    doctor.add_argument(
        "--privacy",
        action="store_true",
        help="also chat along every path on which a thought could reach the disk, and look for it there",
    )
    _add_history(commands)
    add_models(commands)
    _add_deletion(commands)
    return parser


_Commands = argparse._SubParsersAction  # argparse gives this type no public name


def _add_ask(commands: _Commands[Parser]) -> None:
    ask = commands.add_parser("ask", help="ask one question", description=_ASK, epilog=_ASK_END)
    ask.set_defaults(run="ask")
    ask.add_argument("question", nargs="?", metavar="QUESTION", help="the question; - reads standard input")
    _add_model(ask)
    _add_kv_type(ask)
    ask.add_argument("--messages", metavar="FILE", help="the conversation so far, as a JSON list")
    _add_sampling(ask)
    ask.add_argument(
        "--max-tokens",
        metavar="N",
        type=whole_number(1, _MAX_INT),
        help="stop after so many new tokens, thinking included",
    )
    _add_thinking(ask)
    _add_json(ask)
    ask.add_argument("--show-thinking", action="store_true", help="show the thinking on standard error")
    ask.add_argument("--save", action="store_true", help="keep question and answer in the history")


def _add_chat(commands: _Commands[Parser]) -> None:
    chat = commands.add_parser("chat", help="talk in the terminal", description=_CHAT)
    chat.set_defaults(run="chat")
    _add_model(chat)
    _add_kv_type(chat)
    _add_sampling(chat)
    chat.add_argument("--no-history", action="store_true", help="write nothing to the history")


def _add_bench(commands: _Commands[Parser]) -> None:
    bench = commands.add_parser(
        "bench", help="measure how fast a model is", description=_BENCH, epilog=_BENCH_END
    )
    bench.set_defaults(run="bench")
    _add_model(bench)
    _add_json(bench)


def _add_deletion(commands: _Commands[Parser]) -> None:
    deletion = commands.add_parser(
        "delete-everything",
        help="delete all chats, backups, keys and settings",
        description="Overwrite and delete all chats and backups, have the keyring forget their key, and\n"
        "delete the settings and the logs. What you exported stays, and so does Ponder itself.",
    )
    deletion.set_defaults(run="delete-everything")
    deletion.add_argument("--models", action="store_true", help="the downloaded models too")
    deletion.add_argument("--yes", action="store_true", help="do not ask first")


def _add_model(parser: Parser) -> None:
    parser.add_argument(
        "--model",
        metavar="PATH_OR_ID",
        help="a GGUF file, the name of one in the models folder, an id of ponder models list, "
        "or ponder-mini, the model in the box (default: the one chosen in the window)",
    )
    parser.add_argument(
        "--context",
        metavar="N",
        type=whole_number(MIN_CONTEXT_TOKENS, MAX_CONTEXT_TOKENS),
        help="room for so many tokens, prompt and reply together (default: what fits in memory)",
    )


def _add_kv_type(parser: Parser) -> None:
    parser.add_argument(
        "--kv-type",
        choices=[kind.value for kind in KvType],
        help="how the attention cache is stored: q8_0 takes half the memory (default: as in the settings)",
    )


def _add_sampling(parser: Parser) -> None:
    parser.add_argument(
        "--temperature",
        metavar="T",
        type=number(0.0, 2.0),
        help="0 gives the same answer each time (default: as advised for the model, 0.6 for R1)",
    )
    parser.add_argument(
        "--top-p",
        metavar="P",
        type=number(0.0, 1.0, above=True),
        help="draw from the likeliest tokens that make up this share (default: likewise, 0.95 for R1)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=whole_number(0, _MAX_SEED), help="the same seed draws the same tokens"
    )


def _add_thinking(ask: Parser) -> None:
    ask.add_argument(
        "--budget",
        metavar="N",
        type=whole_number(0, MAX_CONTEXT_TOKENS),
        help="close the thought after so many tokens; 0: no limit (default: as in the settings)",
    )
    ask.add_argument(
        "--think-at-least",
        metavar="N",
        type=whole_number(1, MAX_CONTEXT_TOKENS),
        help="make the model think on if it closes its thought earlier",
    )
    ask.add_argument(
        "--no-thinking", action="store_true", help="answer at once; an error where the model cannot"
    )
    ask.add_argument(
        "--timeout",
        metavar="S",
        type=number(0.0, MAX_TIMEOUT_S, above=True),
        help="close the thought after so many seconds and answer; see below",
    )


def _add_history(commands: _Commands[Parser]) -> None:
    history = commands.add_parser(
        "history",
        help="list, show, search, export, import, delete, back up or restore conversations",
        description=_HISTORY,
        epilog=_HISTORY_END,
    )
    actions = history.add_subparsers(title="actions", metavar="ACTION", required=True, prog="ponder history")
    listing = actions.add_parser(
        "list",
        help="all conversations, the last used first",
        description="--json prints a list of objects: id, title, created_at, updated_at, turns, folder\n"
        "(or null), pinned, archived.",
    )
    show = actions.add_parser(
        "show",
        help="one conversation as Markdown",
        description="Where a question has several versions, it shows the path that the window shows.\n"
        "Thinking is never stored: only how long it took.\n\n"
        "--json prints one object: id, title, created_at, updated_at, folder, pinned, archived, turns. Each\n"
        "turn has id, question, answer, state, failure, model, created_at, usage, versions (their ids).",
    )
    search = actions.add_parser(
        "search",
        help="find words in questions, answers and titles",
        description="--json prints a list of objects: conversation_id, title, turn_id (or null), excerpt.",
    )
    delete = actions.add_parser(
        "delete",
        help="delete one conversation for good",
        description="It goes from the backups too: one new backup takes the place of all.\n\n"
        "--json prints one object: deleted (the id).",
    )
    backup = actions.add_parser(
        "backup",
        help="make a backup now",
        description="--json prints one object: path, made_at, size_bytes, conversations.",
    )
    restore = actions.add_parser(
        "restore",
        help="go back to a backup",
        description=f"{_RESTORE}\n\n--json prints one object: restored (a path), conversations, "
        "kept (a path, or null).",
    )
    verify = actions.add_parser(
        "verify",
        help="read the history and its backups whole",
        description="The exit code is 1 where something is damaged.\n\n"
        "--json prints one object: history (its path), problems, turns, backups. Each backup has path,\n"
        "made_at, size_bytes, conversations, problem (empty: it is good).",
    )
    from app.cli.key_arguments import add_keys
    from app.cli.transfer_arguments import add_transfer  # it takes what is in this module

    add_transfer(actions)
    add_keys(actions)
    named = {"list": listing, "show": show, "search": search, "delete": delete}
    for name, action in (named | {"backup": backup, "restore": restore, "verify": verify}).items():
        action.set_defaults(run=f"history {name}")
        _add_json(action)
    for action in (show, delete):
        action.add_argument(
            "id", metavar="ID", type=whole_number(1, 2**63 - 1), help="its number in the list"
        )
    search.add_argument("words", metavar="WORDS", nargs="+", help="what to look for")
    search.add_argument(
        "--limit", metavar="N", type=whole_number(1, 10_000), default=50, help="at most so many (default: 50)"
    )
    restore.add_argument("file", metavar="FILE", nargs="?", default="", help="a backup")
    for action in (delete, restore):
        action.add_argument("--yes", action="store_true", help="do not ask first")


def _add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="for machines")


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers in a range, for argparse."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is not between {least:,} and {most:,}")
        return value

    return read


def number(least: float, most: float, *, above: bool = False) -> Callable[[str], float]:
    """A reader of numbers in a range, for argparse. `above`: the least itself is out of it."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not math.isfinite(value) or not least <= value <= most or (above and value == least):
            span = f"above {least:g} and at most {most:g}" if above else f"between {least:g} and {most:g}"
            raise argparse.ArgumentTypeError(f"{text} is not {span}")
        return value

    return read
