"""The style sheet of an exported page, in Ponder's colours, light and dark as the reader's system is."""

from __future__ import annotations

from ui.theme import Theme

_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);
 font:15px/1.6 Inter,system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere}
main{max-width:752px;margin:0 auto;padding:40px 16px 64px}
h1{font-size:24px;line-height:1.3;margin:0 0 32px}
h2,h3,h4,h5,h6{line-height:1.4;margin:24px 0 8px}h2{font-size:20px}h3{font-size:18px}
h4,h5,h6{font-size:16px}
p{margin:0 0 12px}p.tight{margin:0 0 4px}hr{border:0;border-top:1px solid var(--line);margin:16px 0}
section{margin:0 0 40px}
.who{color:var(--third);font-size:12px;margin:0 0 6px}.ending{color:var(--second);font-style:italic}
.question{background:var(--question);border-radius:12px;padding:12px 16px;margin:0 0 20px;
 white-space:pre-wrap}
.item{position:relative;padding-inline-start:24px}.item>.item{padding-inline-start:24px}
.marker{position:absolute;inset-inline-start:0;color:var(--second)}
.marker+*{margin-inline-start:0}
blockquote{margin:12px 0;padding-inline-start:16px;border-inline-start:2px solid var(--line)}
blockquote>:last-child{margin-bottom:0}
a{color:var(--accent)}s{opacity:.8}
code,pre{font:13px/20px "JetBrains Mono",ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
code{background:var(--question);border-radius:4px;padding:1px 3px}
.code{background:var(--code);border:1px solid var(--line);border-radius:12px;margin:14px 0 16px}
.language{color:var(--third);font-size:12px;padding:6px 12px;border-bottom:1px solid var(--line)}
pre{margin:0;padding:12px 16px;white-space:pre-wrap;tab-size:4}
.wide{overflow-x:auto;margin:8px 0 16px}table{border-collapse:collapse}
th,td{border-bottom:1px solid var(--line);padding:4px 20px 4px 0;text-align:left;vertical-align:top}
th{border-color:var(--third)}.center{text-align:center}.right{text-align:right}
.math{text-align:center;margin:12px 0;overflow-x:auto}
.boxed{border:1px solid var(--accent);border-radius:5px;background:var(--accent_soft);
 color:var(--accent);font-weight:600;padding:1px 2px}
svg{overflow:visible;max-width:100%;fill:currentColor}
svg .accent{fill:var(--accent)}svg .box{fill:var(--accent_soft);stroke:var(--accent);stroke-width:60}
.code_keyword{color:var(--code_keyword)}.code_number{color:var(--code_number)}
.code_string{color:var(--code_string)}.code_comment{color:var(--code_comment)}
.code_name{color:var(--code_name)}
@media print{main{padding:0;max-width:none}.question{border:1px solid var(--line)}pre{white-space:pre-wrap}}
"""


def _colours(theme: Theme) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in theme.colours().items())


STYLE = (
    f":root{{color-scheme:light dark;{_colours(Theme.light())}}}\n"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_colours(Theme.dark())}}}}}"
    f"\n{_RULES.strip()}\n"
)
