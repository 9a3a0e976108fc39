r"""Formulas as R1 writes them: every one is drawn, but those of `NOT_DRAWN`, which stay their source."""

from __future__ import annotations

DRAWN = r"""
x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
x^2 - 5x + 6 = 0
a^2 + b^2 = c^2
\sum_{i=1}^{n} i = \frac{n(n+1)}{2}
\int_0^\infty e^{-x^2} \, dx = \frac{\sqrt{\pi}}{2}
\boxed{42}
\boxed{\frac{1}{2}}
x = \boxed{\dfrac{3\sqrt{2}}{4}}
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}
\begin{bmatrix} a & b \\ c & d \end{bmatrix} \begin{bmatrix} x \\ y \end{bmatrix} = \mathbf{b}
\det(A) = \begin{vmatrix} a & b \\ c & d \end{vmatrix} = ad - bc
f(x) = \begin{cases} x^2 & \text{if } x \geq 0 \\ -x & \text{if } x < 0 \end{cases}
\begin{aligned} 2x + 3y &= 7 \\ x - y &= 1 \end{aligned}
\begin{align*} (a+b)^2 &= a^2 + 2ab + b^2 \\ &= a^2 + b^2 + 2ab \end{align*}
\dfrac{d}{dx}\left( x^n \right) = n x^{n-1}
\tfrac{1}{2}
\lim_{x \to 0} \frac{\sin x}{x} = 1
\lim\limits_{n \to \infty} \left(1 + \frac{1}{n}\right)^n = e
a \equiv b \pmod{n}
17 \bmod 5 = 2
\binom{n}{k} = \frac{n!}{k!(n-k)!}
\dbinom{10}{3} = 120
\sqrt[3]{27} = 3
\overline{AB} \parallel \overline{CD}
\angle ABC = 90^\circ
\angle ABC = 90^{\circ}
\triangle ABC \sim \triangle DEF
\therefore x = 5
\because a > b
x \in \mathbb{R}, \quad n \in \mathbb{Z}^+
\mathbb{N} \subset \mathbb{Z} \subset \mathbb{Q} \subset \mathbb{R} \subset \mathbb{C}
A \cup B \cap C \setminus D
\forall \epsilon > 0 \; \exists \delta > 0
p \implies q \iff \neg q \implies \neg p
a \Rightarrow b \Leftrightarrow c \rightarrow d \to e \mapsto f
\left\lfloor \frac{n}{2} \right\rfloor + \left\lceil \frac{n}{2} \right\rceil = n
\left| \frac{a}{b} \right| \leq 1
\|v\| = \sqrt{v_1^2 + v_2^2}
\vec{F} = m\vec{a}
\mathbf{v} \cdot \mathbf{w} = |\mathbf{v}||\mathbf{w}|\cos\theta
\hat{x} + \bar{y} + \tilde{z} + \dot{a} + \ddot{b}
\widehat{ABC}
\nabla \times \mathbf{E} = -\frac{\partial \mathbf{B}}{\partial t}
\frac{\partial^2 u}{\partial t^2} = c^2 \frac{\partial^2 u}{\partial x^2}
\oint_C \mathbf{F} \cdot d\mathbf{r} = \iint_S (\nabla \times \mathbf{F}) \cdot d\mathbf{S}
\iiint_V f(x,y,z)\,dV
\prod_{k=1}^{n} k = n!
\sum_{\substack{1 \le i \le n \\ i \text{ odd}}} i^2
e^{i\pi} + 1 = 0
\log_2 8 = 3, \quad \ln e = 1
\sin^2\theta + \cos^2\theta = 1
\text{面积} = \pi r^2
\text{速度} = \frac{\text{路程}}{\text{时间}} = \frac{120\,\text{km}}{2\,\text{h}} = 60 \text{ km/h}
\boxed{\text{是}}
\boxed{x = 3 \text{ 或 } x = -2}
v = 9.8 \, \text{m/s}^2
F = 6.67 \times 10^{-11} \, \mathrm{N \cdot m^2/kg^2}
3.00 \times 10^8 \ \mathrm{m/s}
100\% \times \$5 = \$5
1{,}692
12,345,678
\frac{1}{2} + \frac{1}{3} = \frac{5}{6}
\frac{\frac{1}{2}}{\frac{3}{4}} = \frac{2}{3}
\cfrac{1}{1 + \cfrac{1}{2 + \cfrac{1}{3}}}
x_1, x_2, \ldots, x_n
1 + 2 + \cdots + n
\begin{pmatrix} a_{11} & \cdots & a_{1n} \\ \vdots & \ddots & \vdots \\ a_{m1} & \cdots & a_{mn} \end{pmatrix}
\underbrace{1 + 1 + \cdots + 1}_{n \text{ times}} = n
\overbrace{a + b}^{c}
\underline{x + y}
\operatorname{lcm}(a, b) = \frac{ab}{\gcd(a,b)}
\operatorname*{argmax}_{x} f(x)
\arg\max_{\theta} L(\theta)
\max_{i} x_i \le \min_{j} y_j
\Pr(A \mid B) = \frac{P(B \mid A) P(A)}{P(B)}
P(A|B) = \frac{P(A \cap B)}{P(B)}
\mathbb{E}[X] = \mu, \quad \operatorname{Var}(X) = \sigma^2
f: X \to Y, \; x \mapsto x^2
\alpha, \beta, \gamma, \delta, \varepsilon, \zeta, \eta, \theta, \lambda, \mu, \pi
\rho, \sigma, \tau, \varphi, \chi, \psi, \omega
\Gamma, \Delta, \Theta, \Lambda, \Sigma, \Phi, \Psi, \Omega
\Delta = b^2 - 4ac
x \neq y, \; x \approx y, \; x \propto y, \; x \ll y
a \perp b, \; a \parallel b
a \mid b, \; a \nmid b
\{ x \mid x > 0 \}
\left\{ x \in \mathbb{R} \,\middle|\, x^2 < 2 \right\}
[0, 1) \cup (2, 3]
\langle u, v \rangle
\left\langle \frac{u}{2}, v \right\rangle
\emptyset \subseteq A \subsetneq B \supseteq C
a \oplus b \otimes c
\lnot p \land q \lor r
\overrightarrow{AB} = \vec{b} - \vec{a}
x \xrightarrow{f} y
\text{H}_2\text{O}
2\text{H}_2 + \text{O}_2 \rightarrow 2\text{H}_2\text{O}
\mathrm{CO_2}
E = mc^2 \tag{1}
x^2 + y^2 = r^2 \quad \text{(1)}
\begin{array}{c|cc} & A & B \\ \hline 1 & a & b \\ 2 & c & d \end{array}
\begin{array}{r} 47 \\ \times\ 36 \\ \hline 1692 \end{array}
\begin{equation} y = mx + b \end{equation}
\begin{gather} a = b \\ c = d \end{gather}
\begin{align} x &= 1 \\ y &= 2 \end{align}
\begin{split} a &= b + c \\ &= d \end{split}
\left( \begin{array}{cc} 1 & 0 \\ 0 & 1 \end{array} \right)
\left. \frac{df}{dx} \right|_{x=0}
\left[ \frac{x^3}{3} \right]_0^1 = \frac{1}{3}
\bigg( \frac{1}{2} \bigg) \Big[ x \Big]
\mathcal{L}\{f(t)\} = \int_0^\infty f(t) e^{-st} \, dt
\mathcal{O}(n \log n)
O(n^2)
T(n) = 2T\left(\frac{n}{2}\right) + O(n)
\mathfrak{g}
\ell, \hbar, \Re, \Im, \aleph_0
a' = b'', \; f'(x), f^{\prime}(x)
x^{2^{3}}
x_{i_{j}}
{}_nC_r
^{14}_{6}\text{C}
C_n^k = C_{n-1}^{k-1} + C_{n-1}^{k}
\displaystyle \sum_{i=1}^n i
\textstyle\sum_{i=1}^n i
\color{red}{x}
\textcolor{blue}{y}
\cancel{x}
\frac{\cancel{2} \cdot 3}{\cancel{2}}
\phantom{x} y
a \quad b \qquad c \, d \; e \: f \! g
60^\circ C
25\,^{\circ}\mathrm{C}
\textbf{Answer: } 5
\mathbf{A}^{-1} = \frac{1}{\det A} \operatorname{adj}(A)
\mathbf{x}^\top \mathbf{y}
A^{\mathsf{T}}
\stackrel{?}{=} \overset{!}{=} \underset{x}{y}
a \not= b, \; a \notin B
\sqrt{2 + \sqrt{2 + \sqrt{2}}}
\frac{a + b}{2} \geq \sqrt{ab}
|x - 3| < 5
\lvert x \rvert, \lVert v \rVert
5 \div 2 = 2.5
a : b = c : d
\underbrace{2 \times 2 \times 2}_{3\text{个}}
x = 3 \quad \text{or} \quad x = -2
\Rightarrow \boxed{x = 3}
\boxed{A}
\boxed{\begin{pmatrix} 1 \\ 2 \end{pmatrix}}
\begin{cases} x + y = 5 \\ x - y = 1 \end{cases} \implies \boxed{(3, 2)}
\int_{0}^{1} \! x^2 \, \mathrm{d}x
\left(\frac{a}{b}\right)^{-1}
\dfrac{\sqrt{3}}{2}
\frac{1}{\sqrt{2\pi\sigma^2}} \exp\left(-\frac{(x-\mu)^2}{2\sigma^2}\right)
\zeta(s) = \sum_{n=1}^{\infty} \frac{1}{n^s} = \prod_{p} \frac{1}{1 - p^{-s}}
i\hbar \frac{\partial}{\partial t} \Psi = \hat{H} \Psi
ax^2 + bx + c = 0 \; (a \ne 0)
\overset{\frown}{AB}
\odot O
\square ABCD
\checkmark
\bigcup_{i=1}^n A_i, \; \bigcap_{i} B_i
\limsup_{n\to\infty} a_n
\hspace{1cm} x
x \longrightarrow y \Longrightarrow z
\text{Let } x = 5\text{, then } y = \frac{x}{2}\text{.}
\text{Total} = 3 \times \$4.50 = \$13.50
x\ge 1, y\le 2
\mathop{\mathrm{argmin}}_x
\left\{\begin{array}{l} x + y = 3 \\ x - y = 1 \end{array}\right.
\lfloor x \rfloor
\cdots \dots \ldots \vdots \ddots
0.\overline{3} = \frac{1}{3}
0.\dot{3}
\boxed{12\pi\text{ cm}^2}
""".strip().split("\n")

NOT_DRAWN = r"""
\ce{H2O}
\text{a_b & c}
\unknowncommand{x}
\frac{1}{
\def\a{\a\a}\a
\newcommand{\x}{1}\x
\begin{tikzpicture} \draw (0,0); \end{tikzpicture}
\left( x
x_1_2
\includegraphics{x.png}
\href{https://example.org}{x}
""".strip().split("\n")
