"""What is said in the window while it is read."""

from __future__ import annotations

MODEL_NAME = "Tom & Jerry 7B"
THOUGHT_TOKEN = "mumble "
TOKENS = 120
SECOND_QUESTION = "And what does it cost?"
FORMULAS = "The root of \\(x^2 = 2\\) is\n\n\\[ \\sqrt{2} \\]\n\nor $\\frac{a}{b}$, about **1.4**."
FORMULAS_SAID = "The root of \\(x^2 = 2\\) is\n\\[ \\sqrt{2} \\]\nor $\\frac{a}{b}$, about 1.4."
ANSWER = "The lock costs **1.4 µs**:\n\n```python\nwith lock:\n    take()\n```\n\nThat is all."
