"""The words and options of `ponder models`."""

from __future__ import annotations

import argparse

from app.cli.arguments import Parser, whole_number
from app.settings import MAX_CONTEXT_TOKENS, MIN_CONTEXT_TOKENS

_Commands = argparse._SubParsersAction  # argparse gives this type no public name

_MODELS = """\
See which models are on this computer and which fit it, download them, and keep them in order.
Only download and browse use the network."""

_MODELS_END = """\
examples:
  ponder models recommend
  ponder models download r1-distill-qwen-7b
  ponder models info r1-distill-qwen-7b --context 16384
  ponder models browse bartowski/DeepSeek-R1-Distill-Qwen-7B-GGUF
  ponder models add ~/Downloads/model.gguf

ID is a name of the list, such as r1-distill-qwen-7b.
Each action has its own help: ponder models info --help"""

_LIST_END = """\
--json prints one object: installed (a list: id, path, title, size_bytes, quantisation, parameters,
licence, verification, last_used, note, problem, fit), available (a list: id, title, size_bytes, licence,
scores, role, reason, fit, download) and other_downloads, those of other repositories. fit is as in ponder
models info --help, or null; download has id, repo, files, state, done_bytes, total_bytes, or is null."""

_RECOMMEND_END = """\
--json prints one object: total_bytes (of the first recommendation with its context), id, title, reason,
machine, and models, best first. Each has id, title, role, reason, size_bytes, sha256, repo, revision,
file, licence, scores, and the sum of ponder models info."""

_INFO_END = """\
--json prints one object: total_bytes (what llama.cpp allocates and maps), needed_bytes (the same without
those weights of the mapped file that stand in a second copy), context_tokens, kv_type, verdict (fits,
partly, cpu_only, too_large), short_of_bytes, layers, layers_on_gpu, largest_context_tokens,
prompt_tokens_per_s, decode_tokens_per_s, parts (weights_bytes, repacked_bytes, kv_bytes, compute_bytes: of
all devices together), devices (a list: device, title, available_bytes, reserved_bytes, total_bytes,
needed_bytes and the four parts), and what is known of the model: id, title, path, installed, size_bytes,
sha256, quantisation, parameters, architecture, trained_context_tokens, licence, verification.
Without --context it is the context that fits best."""

_DOWNLOAD_END = """\
examples:
  ponder models download r1-0528-qwen3-8b
  ponder models download OWNER/REPO FILE.gguf
  echo "$TOKEN" | ponder models download OWNER/REPO FILE.gguf --token-from-stdin

Ctrl-C lets it rest; the same command goes on where it was. What is fetched is checked while it streams,
and the file gets its name only when its hash is right.
--json prints one object at the end: id, title, path, size_bytes, verification."""


def add_models(commands: _Commands[Parser]) -> None:
    """Add `models` and its actions. `run` in the result is `models ACTION`."""
    models = commands.add_parser(
        "models", help="list, download and check models", description=_MODELS, epilog=_MODELS_END
    )
    actions = models.add_subparsers(title="actions", metavar="ACTION", required=True, prog="ponder models")
    _add_action(actions, "list", "what is on this computer, and what there is to download", end=_LIST_END)
    recommend = _add_action(actions, "recommend", "which models suit this computer", end=_RECOMMEND_END)
    _add_kv_type(recommend)
    info = _add_action(actions, "info", "what a model needs here, as a sum", end=_INFO_END)
    _add_model(info)
    info.add_argument(
        "--context",
        metavar="N",
        type=whole_number(MIN_CONTEXT_TOKENS, MAX_CONTEXT_TOKENS),
        help="reckon with room for so many tokens (default: as many as fit well)",
    )
    _add_kv_type(info)
    _add_download(actions)
    add = _add_action(
        actions, "add", "put a model file on the list", end="--json prints one object, as list has it."
    )
    add.add_argument("path", metavar="PATH", help="a GGUF file; of several parts the first")
    add.add_argument(
        "--copy", action="store_true", help="copy it into the models folder (default: use it where it is)"
    )
    verify = _add_action(
        actions,
        "verify",
        "compute the hash of a model again, and compare",
        end="The exit code is 1 where the file is not what it was.\n\n"
        "--json prints one object: path, verification (verified, changed, unverified).",
    )
    _add_model(verify)
    remove = _add_action(
        actions,
        "remove",
        "delete a model of the models folder, or take one off the list",
        end="A file outside the models folder is not deleted: it only leaves the list.\n\n"
        "--json prints one object: removed (the path), deleted (whether the file is gone).",
    )
    _add_model(remove)
    remove.add_argument("--yes", action="store_true", help="do not ask first")
    browse = _add_action(
        actions,
        "browse",
        "the model files of a repository on the hub",
        end="--json prints one object: repo, revision, files. Each file has file, parts, size_bytes,\n"
        "sha256, quantisation, revision, and fit (as in ponder models info --help) or null.",
    )
    browse.add_argument("repo", metavar="REPO", help="OWNER/NAME")
    _add_network(browse)


def _add_download(actions: _Commands[Parser]) -> None:
    download = _add_action(actions, "download", "fetch a model, or go on with it", end=_DOWNLOAD_END)
    download.add_argument("model", metavar="ID", help="a model of the list, or a repository: OWNER/REPO")
    download.add_argument("file", metavar="FILE", nargs="?", help="which file of the repository")
    download.add_argument(
        "--yes-licence", action="store_true", help="accept the model's licence without being asked"
    )
    _add_network(download)


def _add_action(actions: _Commands[Parser], name: str, help_text: str, *, end: str) -> Parser:
    action = actions.add_parser(
        name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.", epilog=end
    )
    action.set_defaults(run=f"models {name}")
    action.add_argument("--json", action="store_true", help="for machines")
    return action


def _add_model(action: Parser) -> None:
    action.add_argument("model", metavar="ID_OR_PATH", help="a model of the list, or a GGUF file")


def _add_kv_type(action: Parser) -> None:
    action.add_argument(
        "--kv-type",
        choices=("f16", "q8_0"),
        help="how the cache is stored: q8_0 takes about half (default: as in the settings)",
    )


def _add_network(action: Parser) -> None:
    action.add_argument("--revision", metavar="R", help="a branch, tag or commit (default: main)")
    action.add_argument("--endpoint", metavar="URL", help="a mirror of the hub (default: as in the settings)")
    action.add_argument("--proxy", metavar="URL", help="go through this proxy (default: as in the settings)")
    action.add_argument(
        "--token-from-stdin",
        action="store_true",
        help="read an access token from standard input; it is kept nowhere",
    )
