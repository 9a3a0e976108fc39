"""Which recipe a model gets, whether the recipes hold together, and whether they split real replies."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engine.protocol import Message, Sampling
from models.gguf_info import read_gguf_info
from models.prompt import ChatTemplate
from models.reasoning import Piece, ReasoningSplitter, SplitReply, Tags, join_pieces, split_reply
from models.recipes import (
    GPT_OSS,
    MAGISTRAL,
    PLAIN,
    QWEN3,
    QWQ,
    R1_0528,
    R1_DISTILL,
    RECIPES,
    UNKNOWN,
    ChannelReader,
    Recipe,
    SystemPlace,
    recipe_for,
)

TEMPLATES = Path(__file__).parent / "templates"
PONDER_MINI = Path(__file__).parents[2] / "resources" / "models" / "ponder-mini.gguf"

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{{ '<start_of_turn>' + m['role'] + '\\n' + m['content'] }}{% endfor %}"
)


MARKS = ["<think>", "</think>", "[INST]", "[THINK]", "[/THINK]", "<｜User｜>", "<｜Assistant｜>", "'", "\\n"]
MARKS += ["<|im_start|>assistant\\n", "<|start|>", "<|channel|>", "<|message|>", "analysis"]
MARKS += ["enable_thinking", "thinking is defined", "\n"]


def template(name: str) -> str:
    return (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")


R1_LLAMA = "deepseek-ai-DeepSeek-R1-Distill-Llama-8B"
R1_QWEN = "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B"
MINISTRAL = "mistralai-Ministral-3-14B-Reasoning-2512"


@pytest.mark.parametrize(
    ("file", "architecture", "family"),
    [
        (R1_LLAMA, "llama", "r1-distill"),
        (R1_QWEN, "qwen2", "r1-distill"),
        (R1_LLAMA, "deepseek2", "r1-distill"),
        (R1_QWEN, "qwen3", "r1-0528"),
        ("Qwen-Qwen3-0.6B", "qwen3", "qwen3"),
        ("Qwen-Qwen3-0.6B", "qwen3moe", "qwen3"),
        ("Qwen-QwQ-32B", "qwen2", "qwq"),
        (MINISTRAL, "mistral3", "magistral"),
        ("openai-gpt-oss-120b", "gpt-oss", "gpt-oss"),
        ("Qwen-Qwen2.5-7B-Instruct", "qwen2", "plain"),
        ("Mistral-Small-3.2-24B-Instruct-2506", "llama", "plain"),
        ("HuggingFaceTB-SmolLM3-3B", "smollm3", "unknown"),
        ("GLM-4.6", "glm4moe", "unknown"),
        ("deepseek-ai-DeepSeek-V3.1", "deepseek2", "unknown"),
    ],
)
@pytest.mark.parametrize("name", ["", "my finetune v7", "QwQ Magistral gpt-oss Qwen3 0528"])
def test_real_templates_whatever_the_file_is_called(
    file: str, architecture: str, family: str, name: str
) -> None:
    found = recipe_for(architecture=architecture, name=name, untrusted_template=template(file))
    assert found.family == family


def test_shipped_model_is_an_r1_distill() -> None:
    info = read_gguf_info(PONDER_MINI)
    found = recipe_for(
        architecture=info.architecture, name=info.name, untrusted_template=info.untrusted_chat_template
    )
    assert found == R1_DISTILL


def test_smollm2_is_plain(smollm2_model: Path) -> None:
    info = read_gguf_info(smollm2_model)
    found = recipe_for(
        architecture=info.architecture, name=info.name, untrusted_template=info.untrusted_chat_template
    )
    assert found == PLAIN


def test_full_r1_is_called_by_its_own_name() -> None:
    source = template(R1_LLAMA)
    found = recipe_for(architecture="deepseek2", name="", untrusted_template=source)
    assert found == dataclasses.replace(R1_DISTILL, title="DeepSeek-R1")
    newer = recipe_for(architecture="deepseek2", name="DeepSeek R1 0528", untrusted_template=source)
    assert newer == R1_0528


def test_deepseek_v3_does_not_think_and_is_not_taken_for_r1() -> None:
    source = template(R1_LLAMA).replace("<think>\\n", "").replace("</think>", "never")
    assert recipe_for(architecture="deepseek2", name="", untrusted_template=source) == PLAIN
    assert recipe_for(architecture="llama", name="", untrusted_template=source) == R1_DISTILL


def test_0528_on_qwen3_by_name_where_the_template_is_qwens() -> None:
    source = template("Qwen-Qwen3-0.6B")
    by_name = recipe_for(
        architecture="qwen3", name="DeepSeek-R1-0528-Qwen3-8B-Abliterated", untrusted_template=source
    )
    by_base = recipe_for(
        architecture="qwen3",
        name="Mine",
        untrusted_template=source,
        base_names=["Other", "DeepSeek R1 0528 Qwen3 8B"],
    )
    assert by_name == by_base == R1_0528


def test_r1_distill_that_was_given_another_template() -> None:
    source = template("Qwen-Qwen3-0.6B")
    found = recipe_for(
        architecture="qwen2",
        name="x",
        untrusted_template=source,
        base_names=["DeepSeek R1 Distill Qwen 7B"],
    )
    assert found == R1_DISTILL
    assert recipe_for(architecture="qwen2", name="x", untrusted_template=source) == UNKNOWN


def test_qwq_that_was_given_a_template_that_forces_nothing() -> None:
    source = template("Qwen-QwQ-32B").replace("assistant\\n<think>\\n", "assistant\\n")
    assert recipe_for(architecture="qwen2", name="QwQ 32B", untrusted_template=source) == QWQ
    assert recipe_for(architecture="qwen2", name="Mine", untrusted_template=source) == UNKNOWN


@pytest.mark.parametrize("newline", ["\\n", "\n"])
def test_qwen3_that_always_thinks_cannot_skip(newline: str) -> None:
    source = CHATML.replace("assistant\\n", f"assistant{newline}<think>{newline}")
    found = recipe_for(architecture="qwen3", name="Qwen3 4B Thinking 2507", untrusted_template=source)
    assert (found.family, found.forces_opening, found.can_skip_thinking) == ("qwen3", True, False)
    assert (found.skip_prefix, found.sampling_without_thinking) == ("", None)


def test_qwen3_whose_template_opens_the_thought_cannot_skip_by_a_prefix() -> None:
    end = "{%- if enable_thinking %}{{- '<think>\\n' }}{%- endif %}"
    source = template("Qwen-Qwen3-0.6B") + end
    assert not recipe_for(architecture="qwen3", name="", untrusted_template=source).can_skip_thinking


def test_first_magistral_has_the_common_tags() -> None:
    source = "{{ '[SYSTEM_PROMPT]Think between <think> and </think>.[/SYSTEM_PROMPT][INST]' }}"
    found = recipe_for(architecture="llama", name="Magistral-Small-2506", untrusted_template=source)
    assert (found.family, found.tags, found.closing_text) == ("magistral", Tags(), "\n</think>\n\n")
    assert recipe_for(architecture="llama", name="Mine", untrusted_template=source) == UNKNOWN


@pytest.mark.parametrize(
    "name",
    [
        "DeepSeek-R1-Distill-Qwen-7B",
        "DeepSeek-R1-0528-Qwen3-8B",
        "Magistral-Small-2507 [THINK]",
        "openai/gpt-oss-20b",
        "QwQ-32B",
        "Qwen3-8B <think>",
        "<｜User｜><｜Assistant｜>",
        "\x00\ud800\u202e" + "A" * 200_000,
        "{{ ''.__class__ }}",
    ],
)
@pytest.mark.parametrize("architecture", ["qwen2", "qwen3", "llama", "deepseek2", "gpt-oss", "\x00"])
def test_no_name_makes_a_plain_model_think(name: str, architecture: str) -> None:
    found = recipe_for(
        architecture=architecture, name=name, untrusted_template=CHATML, base_names=[name] * 1000
    )
    assert found == PLAIN


@pytest.mark.parametrize("empty", ["", "  \n\t"])
def test_empty_template_is_unknown(empty: str) -> None:
    assert recipe_for(architecture="qwen2", name="QwQ 32B", untrusted_template=empty) == UNKNOWN


def test_unknown_thinker_is_forced_to_nothing() -> None:
    found = recipe_for(architecture="new", name="", untrusted_template="{{ messages }}<think>")
    assert (found, found.forces_opening) == (UNKNOWN, False)


@pytest.mark.parametrize(
    "source", [GEMMA, "{{ raise_exception('Only user and assistant roles are supported!') }}[INST]"]
)
def test_template_that_refuses_system_texts(source: str) -> None:
    found = recipe_for(architecture="gemma2", name="", untrusted_template=source)
    assert found == dataclasses.replace(PLAIN, system_place=SystemPlace.FIRST_QUESTION)


@given(
    st.text(max_size=40),
    st.text(max_size=40),
    st.lists(
        st.sampled_from(MARKS),
        max_size=12,
    ),
    st.sampled_from(["qwen2", "qwen3", "llama", "deepseek2", "gpt-oss", ""]),
)
def test_anything_gets_a_usable_recipe(name: str, base: str, parts: list[str], architecture: str) -> None:
    found = recipe_for(
        architecture=architecture,
        name=name,
        untrusted_template="".join(parts),
        base_names=[base],
    )
    assert_consistent(found)


def assert_consistent(recipe: Recipe) -> None:
    low, high = recipe.temperature_range
    assert 0 <= low <= recipe.temperature <= high <= 2
    assert 0 < recipe.top_p <= 1
    assert recipe.top_k >= 0
    assert 0 <= recipe.min_p < 1
    assert 1024 <= recipe.max_new_tokens <= 65_536
    assert recipe.sampling_warning(recipe.temperature, recipe.top_p) == ""
    assert recipe.can_skip_thinking == bool(recipe.skip_prefix)
    assert recipe.can_skip_thinking == (recipe.sampling_without_thinking is not None)
    if recipe.sampling_without_thinking:
        assert recipe.sampling_warning(*recipe.sampling_without_thinking) == ""
    if recipe.tags is None:
        assert not any((recipe.forces_opening, recipe.bridge, recipe.closing_text, recipe.skip_prefix))
        return
    ReasoningSplitter(recipe.tags, starts_inside=recipe.forces_opening)
    assert recipe.bridge == recipe.bridge.strip()
    assert recipe.bridge.endswith(".")
    assert recipe.tags.opening not in recipe.bridge
    assert recipe.tags.closing not in recipe.bridge
    assert recipe.closing_text.strip().startswith(recipe.tags.closing)
    if recipe.skip_prefix:
        skipped = split_reply(f"{recipe.skip_prefix}Four.", recipe.tags, starts_inside=False)
        assert skipped == SplitReply("", "Four.")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.family)
def test_each_recipe_holds_together(recipe: Recipe) -> None:
    assert_consistent(recipe)
    assert recipe.title
    assert (recipe.source == "") == (recipe in (PLAIN, UNKNOWN))
    assert recipe.source == "" or recipe.source.startswith("https://")


def test_each_family_is_listed_once() -> None:
    families = [recipe.family for recipe in RECIPES]
    assert families == [
        "r1-distill",
        "r1-0528",
        "qwen3",
        "qwq",
        "magistral",
        "gpt-oss",
        "plain",
        "unknown",
    ]


def test_r1_has_the_numbers_of_its_makers() -> None:
    assert (R1_DISTILL.temperature, R1_DISTILL.top_p) == (0.6, 0.95)
    assert (Sampling().temperature, Sampling().top_p) == (None, None), "as advised for the family"
    assert (R1_DISTILL.top_k, R1_DISTILL.min_p) == (0, 0.0)
    assert R1_DISTILL.temperature_range == (0.5, 0.7)
    assert R1_DISTILL.system_place is SystemPlace.FIRST_QUESTION


@pytest.mark.parametrize(
    ("recipe", "temperature", "top_p", "warning"),
    [
        (R1_DISTILL, 0.5, 0.95, ""),
        (R1_DISTILL, 0.7, 1.0, ""),
        (
            R1_DISTILL,
            0.9,
            0.95,
            "A temperature of 0.9 is outside the 0.5 to 0.7 advised for this model (DeepSeek-R1 distill): "
            "it may lose its thread.",
        ),
        (
            QWEN3,
            0.0,
            0.95,
            "A temperature of 0 is outside the 0.5 to 0.8 advised for this model (Qwen3): "
            "it may repeat itself without end.",
        ),
        (
            QWQ,
            0.6,
            0.3,
            "A top-p of 0.3 is below the 0.95 advised for this model (QwQ): "
            "it may repeat itself without end.",
        ),
        (GPT_OSS, 1.0, 1.0, ""),
        (PLAIN, 0.0, 0.1, ""),
    ],
)
def test_sampling_warning(recipe: Recipe, temperature: float, top_p: float, warning: str) -> None:
    assert recipe.sampling_warning(temperature, top_p) == warning


def test_system_text_does_not_drive_out_magistrals_own() -> None:
    assert MAGISTRAL.system_place is SystemPlace.FIRST_QUESTION
    chat = [Message("system", "Be brief."), Message("user", "2+2?")]
    source = ChatTemplate(template(MINISTRAL), bos_text="<s>", eos_text="</s>")
    kept = "".join(segment.text for segment in source.segments(chat, MAGISTRAL))
    lost = "".join(segment.text for segment in source.segments(chat, PLAIN))
    assert "[THINK]" in kept
    assert "Be brief.\n\n2+2?" in kept
    assert "[THINK]" not in lost


def stream(recipe: Recipe, reply: str, size: int, *, by_token: bool = False) -> SplitReply:
    """Split a reply that comes `size` characters at a time, its tags as tokens where `by_token`."""
    assert recipe.tags is not None
    splitter = ReasoningSplitter(recipe.tags, starts_inside=recipe.forces_opening, by_token=by_token)
    pieces: list[Piece] = []
    opening, closing = recipe.tags.opening, recipe.tags.closing
    for unit in units(reply, size, {opening, closing} if by_token else set()):
        is_tag = by_token and unit in (opening, closing)
        pieces += splitter.feed_tag(unit == opening) if is_tag else splitter.feed(unit)
    return join_pieces([*pieces, *splitter.finish()])


def units(reply: str, size: int, controls: set[str]) -> list[str]:
    """Cut a reply into its control tokens and stretches of text of at most `size` characters."""
    found: list[str] = []
    position = 0
    while position < len(reply):
        control = next((c for c in controls if reply.startswith(c, position)), None)
        stops = [at for c in controls if (at := reply.find(c, position + 1)) > 0]
        end = position + len(control) if control else min([position + size, *stops])
        found.append(reply[position:end])
        position = end
    return found


@pytest.mark.parametrize("by_token", [False, True])
@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("recipe", "reply"),
    [
        (R1_DISTILL, "Okay, 2+2. That is 4.\n</think>\n\nThe answer is **4**."),
        (R1_0528, "<think>\nOkay, 2+2. That is 4.\n</think>\nThe answer is **4**."),
        (QWEN3, "<think>\nOkay, 2+2. That is 4.\n</think>\n\nThe answer is **4**."),
        (QWQ, "Okay, 2+2. That is 4.\n</think>\n\nThe answer is **4**."),
        (MAGISTRAL, "[THINK]Okay, 2+2. That is 4.\n[/THINK]The answer is **4**."),
        (UNKNOWN, "<think>Okay, 2+2. That is 4.\n</think>The answer is **4**."),
    ],
    ids=lambda value: value.family if isinstance(value, Recipe) else "",
)
def test_reply_is_split(recipe: Recipe, reply: str, size: int, by_token: bool) -> None:
    assert stream(recipe, reply, size, by_token=by_token) == SplitReply(
        "Okay, 2+2. That is 4.\n", "The answer is **4**."
    )


@pytest.mark.parametrize("recipe", [r for r in RECIPES if r.tags], ids=lambda recipe: recipe.family)
def test_thought_that_is_cut_off_ends_in_the_bridge(recipe: Recipe) -> None:
    assert recipe.tags is not None
    opening = "" if recipe.forces_opening else f"{recipe.tags.opening}\n"
    thought = "Hmm, 2+2 is"
    cut = f"\n\n{recipe.bridge}{recipe.closing_text}"
    if recipe.writes_channels:
        found = read_channels(f"<|channel|>analysis<|message|>{thought}{cut}Four.", 1)
    else:
        found = stream(recipe, f"{opening}{thought}{cut}Four.", 1)
    assert found.reasoning.rstrip() == f"{thought}\n\n{recipe.bridge}"
    assert found.answer == "Four."


def read_channels(reply: str, size: int) -> SplitReply:
    assert GPT_OSS.tags is not None
    reader = ChannelReader(ReasoningSplitter(GPT_OSS.tags, starts_inside=False, by_token=True))
    pieces: list[Piece] = []
    for unit in units(reply, size, set(ChannelReader.CONTROLS)):
        take = reader.take_control if unit in ChannelReader.CONTROLS else reader.take_text
        pieces += take(unit)
    return join_pieces([*pieces, *reader.finish()])


ANALYSIS = "<|channel|>analysis<|message|>"
FINAL = "<|channel|>final<|message|>"


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    ("reply", "reasoning", "answer"),
    [
        (f"{ANALYSIS}2+2 is 4.<|end|><|start|>assistant{FINAL}**4**.<|return|>", "2+2 is 4.", "**4**."),
        (f"{FINAL}**4**.", "", "**4**."),
        (
            f"{ANALYSIS}One.<|end|><|start|>assistant{ANALYSIS}Two.<|end|><|start|>assistant{FINAL}4",
            "One.\n\nTwo.",
            "4",
        ),
        (
            f"{ANALYSIS}One.<|end|><|start|>assistant<|channel|>commentary<|message|>Let me see."
            f"<|end|><|start|>assistant{FINAL}4",
            "One.",
            "Let me see.\n\n4",
        ),
        (f"<|channel|>{'no channel, ' * 20}", "", "no channel, " * 20),
        ("<|channel|>analysis<|constrain|>json<|message|>4 it is", "4 it is", ""),
        ('<|channel|>final <|constrain|>json<|message|>{"a": 4}', "", '{"a": 4}'),
        (f"{ANALYSIS}Cut off mid", "Cut off mid", ""),
        (f"{ANALYSIS}One.<|end|><|start|>assist", "One.", ""),
        (f"{ANALYSIS}It says <think> and <|x|>.<|end|>", "It says <think> and <|x|>.", ""),
        ("4", "", "4"),
        (
            "It names no channel, and goes on for long. " * 5,
            "",
            "It names no channel, and goes on for long. " * 5,
        ),
        ("", "", ""),
    ],
)
def test_channels_are_read(reply: str, reasoning: str, answer: str, size: int) -> None:
    assert read_channels(reply, size) == SplitReply(reasoning, answer)


def test_two_fixed_tags_cannot_express_channels() -> None:
    with pytest.raises(ValueError, match="first character"):
        Tags(ANALYSIS, f"<|end|><|start|>assistant{FINAL}")


@pytest.mark.parametrize(
    ("recipe", "is_open", "expected"),
    [
        (R1_DISTILL, True, "\n</think>\n\n"),
        (R1_DISTILL, False, "<think>\n\n</think>\n\n"),
        (QWEN3, False, "<think>\n\n</think>\n\n"),
        (MAGISTRAL, False, "[THINK]\n[/THINK]"),
        (GPT_OSS, False, "<|channel|>final<|message|>"),
    ],
)
def test_an_answer_that_goes_on_stands_behind_an_empty_thought(
    recipe: Recipe, is_open: bool, expected: str
) -> None:
    assert recipe.empty_thought(recipe.tags, is_open=is_open) == expected


def test_without_tags_there_is_no_empty_thought() -> None:
    assert R1_DISTILL.empty_thought(None, is_open=False) == ""


def test_an_answer_in_channels_goes_on_as_an_answer() -> None:
    reader = ChannelReader(ReasoningSplitter(Tags(), starts_inside=False, by_token=True))
    pieces = reader.open_answer() + reader.take_text("It is 4") + reader.take_text("2.") + reader.finish()
    assert join_pieces(pieces) == SplitReply("", "It is 42.")
