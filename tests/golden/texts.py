"""What is said in the scenes of the golden pictures. `tools/golden_fonts.sh` takes its letters from here."""

from __future__ import annotations

QUESTION_SUM = (
    "Why is the sum of the first n odd numbers always a perfect square? Show me a proof I can picture."
)

ANSWER_SHORT = """Picture a growing square. To go from side *k* to side *k* + 1 you add an L-shaped border \
of exactly 2*k* + 1 tiles, and those borders are the odd numbers.

So after **n** borders there are n² tiles."""

ANSWER_AGAIN = "Yes. Cubes grow by three walls instead of one border, and 1³ + 2³ + … + n³ is a square too."

THOUGHT = """The `pop` and the `mark_started` are two separate steps. If worker A pops the item and is \
descheduled before it marks it, the sweeper may see an item that is neither waiting nor started.

Wait, the sweeper holds the lock while it scans. Let me check whether `pop` takes the same lock. It doesn't: \
it uses the deque's own atomicity. So the window is real.

Alternatively the retry path could re-add an item that is still in flight. A retry is scheduled after 30 s, \
and an upload can take longer than that.

Let me verify with the timestamps: the second upload began 31.2 s after the first"""

QUESTION_RACE = (
    "Two workers sometimes upload the same file twice. Where is the race, and what is the smallest fix?"
)

ANSWER_FORMULAS = r"""The roots of \(ax^2 + bx + c = 0\) are

\[ x_{1,2} = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a} \]

With $a = 1$, $b = -3$ and $c = 2$ the discriminant is $\Delta = 9 - 8 = 1$, which is a square. The sum
$\sum_{k=1}^{n} k = \dfrac{n(n+1)}{2}$ and the matrix

$$ A = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}, \qquad
   \int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2} $$

stand here to be looked at. It costs $5 and $10, which is no formula.

$$\boxed{x = 1 \text{ or } x = 2}$$

In words: \boxed{1692} tiles."""

ANSWER_CODE = """The smallest fix takes the lock around both steps:

```python
class UploadQueue:
    def take(self) -> Item | None:
        # one step, so that the sweeper never sees an item between the two
        with self._lock:
            if not self._items:
                return None
            item = self._items.popleft()
            self._started[item.id] = time.monotonic()
            return item
```

Inline code such as `self._lock` stays in its line.

| way | uploads twice | cost |
| :-- | :-: | --: |
| as it is | 3 of 10,000 | 0 µs |
| with the lock | **never** | 1.4 µs |
| a queue of the database | never | 2,100 µs |
"""

ANSWER_LISTS = """## What to bring

1. A tent that two people can put up
   - pegs, ten of them
   - the ~~blue~~ green line
2. Something to cook on[^stove]
3. Maps

- [x] ask Mira about the car
- [ ] book the ferry
- [ ] tell the neighbours

> Whoever carries it decides how heavy it is.
>
> — an old rule

---

More is on [the club's page](https://example.org/trips), *in German*, or **call**.

[^stove]: Gas is not allowed on the ferry.
"""

QUESTION_LANGUAGES = "为什么天空是蓝色的？🌍 请用三种语言回答。"

ANSWER_LANGUAGES = """天空之所以是蓝色的，是因为空气分子对**短波长**的光散射得更强。\
这叫做瑞利散射：强度与波长的四次方成反比。

השמיים כחולים כי האוויר מפזר אור כחול יותר מאשר אור אדום. (Rayleigh, 1871)

السماء زرقاء لأن الهواء يشتت الضوء الأزرق أكثر من الأحمر.

- 🌅 傍晚的天空是红色的 👍🏽
- 👩‍🔬 Rayleigh, naïve façade, Zürich, Łódź

> ציטוט: האור הולך רחוק.
"""

LOOP_FINDING = "A passage of 38 words came four times in a row."

FAILURE = "The model ran out of memory while it read the question."

NARROW_QUESTION = "Grams to cups, with a catch: the flour is sifted."

NARROW_ANSWER = (
    "Sifted flour weighs about **115 g** a cup, unsifted about 130 g. So 460 g are *four* cups, sifted."
)

TITLES = (
    "Why the sum of odd numbers is a square",
    "Race in the upload queue",
    "为什么天空是蓝色的",
    "Grams to cups, with a catch",
    "Proof that √2 is irrational",
    "Schedule for the seminar",
)
