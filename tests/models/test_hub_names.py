"""Names of repositories and files: what is taken, what is refused before anything is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.download_errors import NetworkSettingsError, UnsafeNameError
from models.hub_names import (
    checked_path,
    checked_revision,
    is_model_file,
    is_safe_path,
    quantisation_of,
    repository_id,
)
from models.hub_settings import NetworkSettings, checked_settings, may_have_token, token_for

ID = "bartowski/DeepSeek-R1-Distill-Qwen-7B-GGUF"


@pytest.mark.parametrize(
    "written",
    [
        ID,
        f"  {ID}\n",
        f"https://huggingface.co/{ID}",
        f"https://huggingface.co/{ID}/",
        f"https://huggingface.co/{ID}/tree/main",
        f"https://huggingface.co/{ID}/blob/main/a/b.gguf?download=true#x",
        f"http://hf.co/{ID}",
        f"huggingface.co/{ID}",
        f"https://mirror.example:8443/{ID}/resolve/main/a.gguf",
    ],
)
def test_an_id_or_an_address_names_a_repository(written: str) -> None:
    assert repository_id(written, other_host="mirror.example") == ID


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/",
        "owner",
        "owner/",
        "/name",
        "a/b/c",
        "../../etc/passwd",
        "owner/..",
        "./name",
        "owner/na..me",
        "owner/na--me",
        "owner/name.git",
        "-owner/name",
        "owner/name.",
        "owner/na me",
        "owner\\name",
        "owner/näme",
        "owner/name\n",
        "owner/name?x=1",
        "owner/%2e%2e",
        "o/" + "n" * 95,
        f"https://evil.example/{ID}",
        f"https://huggingface.co.evil.example/{ID}",
        f"https://huggingface.co@evil.example/{ID}",
        f"ftp://huggingface.co/{ID}",
        "https://huggingface.co/datasets/owner/name",
        "https://huggingface.co/owner",
        "https://huggingface.co/../../x",
        "https://[half/owner/name",
        "\u202eowner/name",
    ],
)
def test_other_texts_name_none(written: str) -> None:
    if written == "owner/name\n":
        assert repository_id(written) == "owner/name"  # what a paste leaves behind
        return

    with pytest.raises(UnsafeNameError) as refused:
        repository_id(written)

    assert refused.value.advice
    assert str(refused.value).isprintable()


@given(st.text(alphabet=st.sampled_from("ab/.-_\\%: \x00\u202e"), max_size=12))
def test_whatever_is_written_an_id_is_two_plain_names(written: str) -> None:
    try:
        owner, name = repository_id(written).split("/")
    except UnsafeNameError:
        return

    assert all(set(part) <= set("ab.-_") and part.strip(".") for part in (owner, name))


@given(st.text(max_size=40))
def test_a_safe_path_never_leads_out(path: str) -> None:
    if is_safe_path(path):
        assert not {"", ".", ".."} & set(path.split("/"))
        assert not set(path) & set("\\:\x00\n")
    else:
        with pytest.raises(UnsafeNameError):
            checked_path(path)


@pytest.mark.parametrize("revision", ["", "../x", "a//b", "a b", "-x", "a?b", "a..b", "x" * 101])
def test_a_revision_that_is_none_is_refused(revision: str) -> None:
    with pytest.raises(UnsafeNameError):
        checked_revision(revision)


@pytest.mark.parametrize("revision", ["main", "0" * 40, "v1.0", "refs/pr/1"])
def test_a_revision_that_is_one_is_taken(revision: str) -> None:
    assert checked_revision(revision) == revision


@pytest.mark.parametrize(
    ("path", "quantisation"),
    [
        ("DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf", "Q4_K_M"),
        ("Q8_0/model-Q8_0-00001-of-00002.gguf", "Q8_0"),
        ("BF16/model-00001-of-00002.gguf", "BF16"),
        ("model-UD-IQ2_XXS.gguf", "IQ2_XXS"),
        ("model.UD-Q4_K_XL.gguf", "Q4_K_XL"),
        ("model-q4_k_m.gguf", "Q4_K_M"),
        ("qwen-Q4_0_4_8.gguf", "Q4_0_4_8"),
        ("model-fp16.gguf", "F16"),
        ("model-f32.gguf", "F32"),
        ("model-IQ4_NL.gguf", "IQ4_NL"),
        ("gpt-oss-20b-MXFP4.gguf", "MXFP4"),
        ("model-Q6_K_L.gguf", "Q6_K_L"),
        ("BitNet-TQ1_0.gguf", "TQ1_0"),
        ("QwQ-32B.gguf", ""),
        ("Qwen3-8B.gguf", ""),
        ("IQ7x.gguf", ""),
    ],
)
def test_the_name_tells_the_quantisation(path: str, quantisation: str) -> None:
    assert quantisation_of(path) == quantisation


@pytest.mark.parametrize(
    ("path", "is_model"),
    [
        ("a.gguf", True),
        ("folder/A.GGUF", True),
        ("mmproj-F16.gguf", False),
        ("x/model-mmproj-bf16.gguf", False),
        ("ggml-vocab-qwen2.gguf", False),
        ("model.imatrix.gguf", False),
        ("README.md", False),
        ("model.safetensors", False),
    ],
)
def test_only_language_models_are_listed(path: str, is_model: bool) -> None:
    assert is_model_file(path) == is_model


@pytest.mark.parametrize(
    "settings",
    [
        NetworkSettings(endpoint="http://hub.example"),
        NetworkSettings(endpoint="ftp://hub.example"),
        NetworkSettings(endpoint="hub.example"),
        NetworkSettings(endpoint="https://"),
        NetworkSettings(endpoint="https://user:geheim@hub.example"),
        NetworkSettings(endpoint="https://hub.example?x=1"),
        NetworkSettings(endpoint="https://hub.example:port"),
        NetworkSettings(endpoint="https://hub .example"),
        NetworkSettings(endpoint="https://[::1"),
        NetworkSettings(endpoint="https://" + "a" * 600),
        NetworkSettings(proxy="socks5://127.0.0.1:1080"),
        NetworkSettings(proxy="proxy.example:3128"),
        NetworkSettings(proxy="http://user:geheim@proxy.example:0"),
        NetworkSettings(proxy="http://proxy.example/path"),
        NetworkSettings(token="hf_ geheim"),
        NetworkSettings(token="hf_\r\nX-Evil: geheim"),
        NetworkSettings(token="hf_gehéim"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_without_repeating_secrets(
    settings: NetworkSettings,
) -> None:
    with pytest.raises(NetworkSettingsError) as refused:
        checked_settings(settings)

    assert refused.value.advice
    assert "geheim" not in f"{refused.value} {refused.value.details} {settings!r}"


def test_settings_are_tidied() -> None:
    written = NetworkSettings(
        endpoint=" https://mirror.example/hub/ ",
        proxy=" http://me:secret@proxy.example:3128 ",
        token=" hf_x\n",
    )

    tidy = checked_settings(written)

    assert tidy == NetworkSettings(
        "https://mirror.example/hub", "http://me:secret@proxy.example:3128", "hf_x"
    )
    assert "secret" not in repr(tidy)
    assert "hf_x" not in repr(tidy)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"])
def test_this_computer_itself_needs_no_encryption(endpoint: str) -> None:
    assert checked_settings(NetworkSettings(endpoint=endpoint)).endpoint == endpoint


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://huggingface.co", True),
        ("https://huggingface.co:443/x", True),
        ("https://HuggingFace.co/x", True),
        ("http://huggingface.co", False),
        ("https://huggingface.co:8443", False),
        ("https://hf-mirror.example", False),
        ("https://cdn-lfs.huggingface.co", False),
        ("https://huggingface.co.evil.example", False),
        ("https://huggingface.co@evil.example", False),
        ("http://127.0.0.1:8000", False),
    ],
)
def test_a_token_is_for_the_hubs_own_host_only(url: str, may: bool) -> None:
    assert may_have_token(url) == may
    assert token_for(NetworkSettings(endpoint=url, token="hf_x")) == ("hf_x" if may else "")
