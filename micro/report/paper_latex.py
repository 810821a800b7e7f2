"""The table of a paper as LaTeX: a ``table`` environment that needs the package booktabs and nothing else."""

from __future__ import annotations

import re
import unicodedata

from micro.report.paper_numbers import PrintedNumber
from micro.report.paper_table import PaperCell, PaperTable

__all__ = ["latex_table", "latex_text"]

_HEAD = "% written by micro; in the preamble: \\usepackage{booktabs}, for accented letters \\usepackage[T1]{fontenc}"

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
    "[": "{[}",
    "]": "{]}",
    "`": "\\`{}",
    "\N{NO-BREAK SPACE}": "~",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
    "\N{THIN SPACE}": r"\,",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "°": r"$^\circ$",
    "±": r"$\pm$",
    "−": "$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "∞": r"$\infty$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "→": r"$\rightarrow$",
    "√": r"$\surd$",
    "Å": r"\r{A}",
    "µ": r"$\mu$",
    "μ": r"$\mu$",
    "’": "'",
    "‘": "`",
    "“": "``",
    "”": "''",
    "„": ",,",
    "«": r"$\ll$",
    "»": r"$\gg$",
}
"""What LaTeX writes for each character that it does not take as it is."""

_GREEK = dict(zip("αβγδεζηθικλνξπρστυφχψω", (
    "alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "varphi", "chi", "psi", "omega",
), strict=True)) | dict(zip("ΓΔΘΛΞΠΣΦΨΩ", (
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega",
), strict=True))  # fmt: skip

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))


def latex_text(text: str) -> str:
    r"""Return text that LaTeX prints as it is: special characters, Greek, super- and subscripts.

    Latin letters with accents stay, since LaTeX reads UTF-8; letters of other scripts stay too and need
    XeLaTeX or LuaLaTeX.

    Examples
    --------
    >>> print(latex_text("Prüfling_1 & 50 % (µm⁻¹)"))
    Prüfling\_1 \& 50 \% ($\mu$m$^{-1}$)
    """
    text = unicodedata.normalize("NFC", " ".join(re.split(r"[ \t\r\n\f\v]+", text)).strip())
    return _TOKEN.sub(_printed, text)


_TOKEN = re.compile(f"([{''.join(_RAISED)}]+)|([{''.join(_LOWERED)}]+)|(.)", flags=re.DOTALL)


def _printed(token: re.Match[str]) -> str:
    if token[1]:
        return "$^{" + "".join(_RAISED[digit] for digit in token[1]) + "}$"
    if token[2]:
        return "$_{" + "".join(_LOWERED[digit] for digit in token[2]) + "}$"
    if unicodedata.category(token[3]) in ("Cc", "Cf"):
        return ""
    if token[3] in _GREEK:
        return f"$\\{_GREEK[token[3]]}$"
    return _SPECIAL.get(token[3], token[3])


def latex_table(table: PaperTable) -> str:
    r"""Return a ``table`` environment with its footnotes, to be read with ``\input``.

    Examples
    --------
    >>> from micro.model import Measurement
    >>> from micro.report.paper_table import paper_table
    >>> row = Measurement("porosity", 0.0412, "1", "porosity/v1", ci_low=0.0371, ci_high=0.0455, n=900, sample="A_1")
    >>> print(latex_table(paper_table([row], ["porosity"])).split("\n")[9])
    Porosity & $0.0412 \pm 0.0042$ \\
    """
    layout = table.layout
    body = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex_text(table.caption)}}}",
        r"\medskip",
        rf"\begin{{tabular}}{{l{'c' * len(layout.headings)}}}",
        r"\toprule",
        _line([latex_text(text) for text in (layout.corner, *layout.headings)]),
        r"\midrule",
        *(_line([latex_text(heading), *(_cell(cell) for cell in cells)]) for heading, cells in layout.lines),
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\medskip",
        r"\begin{minipage}{\linewidth}",
        r"\footnotesize\raggedright",
        *(rf"$^{{{number}}}$ {latex_text(note)}.\par" for number, note in enumerate(table.notes, start=1)),
        *(rf"\emph{{{latex_text(head)}}}, {latex_text(text)}\par" for head, text in table.definitions),
        rf"{latex_text(table.provenance)}\par",
        r"\end{minipage}",
        r"\end{table}",
    ]
    text = "\n".join(body) + "\n"
    beyond = "".join(sorted({letter for letter in text if ord(letter) > 0x17F}))
    needs = [f"% XeLaTeX or LuaLaTeX, with a font that has them, for: {beyond}"] if beyond else []
    return "\n".join([_HEAD, *needs, text])


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(cell: PaperCell) -> str:
    if cell.stated is not None:
        return latex_text(cell.stated)
    marks = f"$^{{{','.join(str(number) for number in cell.notes)}}}$" if cell.notes else ""
    return (_number(cell.printed) if cell.printed else "--") + marks


def _number(printed: PrintedNumber) -> str:
    value, half, low, high = (
        text.replace("inf", r"\infty") for text in (printed.value, printed.half, printed.low, printed.high)
    )
    if half:
        return rf"${value} \pm {half}$"
    return rf"${value}\;[{low},\,{high}]$" if low else f"${value}$"
