"""HTML and PDF, made by the real process: formulas drawn, hostile text text, nothing from elsewhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from app.errors import ExportError
from app.history.records import TurnState
from app.history.transfer.exporting import Form
from app.history.transfer.records import ChatRecord, TurnRecord
from models.engine.protocol import Usage
from ui.export.renderer import ProcessRenderer

NOW = datetime(2025, 3, 1, 8, tzinfo=UTC)
ANSWER = r"""The roots of $x^2 - 5x + 6 = 0$:

\[ x = \frac{5 \pm 1}{2} \]

> 1. a quote with *emphasis* and [a link](https://example.org/?a=1&b=2)

```python
def roots(a: int) -> str: return "<b>"  # here
```

| n | square |
|--:|:-------|
| 2 | $2^2$ |

\boxed{5} $\unknowncommand{x}$
"""
HOSTILE = """</article><script>alert(1)</script><img src=x onerror=alert(2)>
![p](file:///etc/passwd) ![q](https://evil.example/q.png) [x](javascript:alert(3)) [y](data:text/html,hello)
<style>@import url(https://evil.example)</style> <svg onload=alert(4)> &lt;b&gt; \u202eevil
$\\text{"><script>alert(5)</script>}$ `<i>` ```"""
TAGS = """html head meta title style body main section article div p span h1 h2 h3 h4 h5 h6 strong em s sup
code pre blockquote a br hr table tr th td svg path rect text"""
ATTRIBUTES = """lang charset http-equiv content name dir class role aria-label viewbox style d x y width
height rx font-size href rel"""


def chat(*turns: tuple[str, str], title: str = "Roots") -> ChatRecord:
    usage = Usage(reasoning_tokens=212, reasoning_s=4.2)
    made = tuple(
        TurnRecord(
            None if not place else place - 1, question, answer, TurnState.FINISHED, "R1 <7B>", NOW, usage
        )
        for place, (question, answer) in enumerate(turns)
    )
    return ChatRecord(title, NOW, NOW, made, len(made) - 1 if made else None)


class Page(HTMLParser):
    """The tags, the attributes and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "br", "hr", "path", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.fixture
def renderer() -> Iterator[ProcessRenderer]:
    made = ProcessRenderer()
    yield made
    made.close()


def test_a_page_has_all_of_the_chat_and_drawn_formulas(renderer: ProcessRenderer) -> None:
    html = renderer.render(chat(("Roots?\nAll of them.", ANSWER)), Form.HTML).decode()
    page = Page(html)

    assert page.open == []
    assert page.tags <= {*TAGS.split()}
    assert "Thought for 4 s · 212 tokens" in page.text
    assert "Roots?\nAll of them." in page.text
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert "The roots of :" in page.text  # what stands behind a formula is no part of it
    assert labels == ["$x^2 - 5x + 6 = 0$", "\\[ x = \\frac{5 \\pm 1}{2} \\]", "$2^2$"]
    assert r"$\unknowncommand{x}$" in page.text
    assert '<span class="code_keyword">def</span>' in html
    assert "prefers-color-scheme:dark" in html
    assert ("href", "https://example.org/?a=1&b=2") in page.attributes


def test_hostile_text_stays_text(renderer: ProcessRenderer) -> None:
    html = renderer.render(chat((HOSTILE, HOSTILE), title='</title><script>"'), Form.HTML).decode()
    page = Page(html)

    assert page.open == []
    assert page.tags <= {*TAGS.split()}
    assert {name for name, _ in page.attributes} <= {*ATTRIBUTES.split()}
    links = {value for name, value in page.attributes if name == "href"}
    assert links == {"https://evil.example"}  # the bare address, shown as it is
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in page.text
    assert "\u202e" not in html
    assert "default-src 'none'" in html


def test_nothing_is_from_elsewhere(renderer: ProcessRenderer) -> None:
    html = renderer.render(
        chat(("?", ANSWER.replace("https://example.org/?a=1&b=2", "b"))), Form.HTML
    ).decode()

    assert not re.search(r"https?://|url\(|@import|<script|<link|<img|src=", html)


def test_a_pdf_has_pages_and_no_actions(renderer: ProcessRenderer) -> None:
    pdf = renderer.render(chat(*[(f"Part {n}?", ANSWER + HOSTILE) for n in range(6)]), Form.PDF)

    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 3
    assert not re.search(rb"/JavaScript|/Launch|/SubmitForm|/EmbeddedFile|/OpenAction", pdf)


@pytest.mark.parametrize("form", [Form.HTML, Form.PDF])
def test_an_empty_chat_and_strange_texts_are_pages_too(renderer: ProcessRenderer, form: Form) -> None:
    strange = "\0\x01\ufffc\u2029\ufdd0 😀 " + "x" * 20_000
    for each in (chat(), chat((strange, ""), ("   ", strange)), chat(("?", "> " * 60 + "deep\n\n```\nopen"))):
        assert renderer.render(each, form)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "print('no JSON', flush=True)",
        "import sys; print('{\"size_bytes\": 5}', flush=True); sys.stdin.readline()",
        "import time; time.sleep(60)",
    ],
)
def test_a_process_that_fails_costs_one_page(code: str) -> None:
    renderer = ProcessRenderer([sys.executable, "-c", code], timeout_s=0.5)
    for _ in range(2):
        with pytest.raises(ExportError, match="could not be made HTML"):
            renderer.render(chat(("?", "x" * 200_000)), Form.HTML)
    renderer.close()


def test_a_missing_program_is_an_error_in_words() -> None:
    with pytest.raises(ExportError, match="could not be started"):
        ProcessRenderer(["/no/such/program"]).render(chat(), Form.HTML)
