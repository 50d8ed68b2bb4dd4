"""A lesson: one module, read by the guide, the terminal, the reports and the laws. All its numbers are computed.

A lesson is a file in the ``lessons`` folder of a pillar, or of the algorithms. Its docstring is the prose, under fixed
headings; ``problem`` makes the problem of facts that it names by type, those that the checks name; ``compute`` is one
pure function from a problem and the controls to a sentence, numbers and pictures.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any, Literal

from .errors import InputError
from .example import Make
from .fact import About, Need, about, needs
from .number import Number
from .page import Page, page_of
from .picture import Picture
from .text import listed, quoted

SECTIONS = ("The idea", "The picture", "The formula", "Where it is used", "How it fails")
"""The headings of every lesson, in this order. The code, the questions and what comes next follow."""


@dataclass(frozen=True, slots=True)
class Slider:
    """A number that the reader moves, from ``low`` to ``high``; on a ``log`` scale, or over ``whole`` numbers."""

    name: str
    label: str
    at: float
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        ends = (self.low, self.at, self.high)
        if not all(map(math.isfinite, ends)) or not self.low <= self.at <= self.high or (self.log and self.low <= 0):
            raise InputError(f"slider {self.name}: expected finite low <= at <= high, above 0 if log, got {ends}")

    def read(self, text: str) -> float:
        """The value that a text names, within the ends. Raises ``InputError`` where it names none.

        >>> Slider("rate", "learning rate", 0.1, 0.0, 1.0).read("0.5")
        0.5
        """
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{self.name}: expected a number from {self.low:g} to {self.high:g}, got {quoted(text)}")
        return self._fit(value)

    def at_share(self, share: float) -> float:
        """The value at a share of the way from ``low`` to ``high``.

        >>> Slider("rate", "learning rate", 0.1, 0.01, 1.0, log=True).at_share(0.5)
        0.1
        """
        if self.log:
            value = self.low * (self.high / self.low) ** share
            value = float(f"{value:.3g}")
        else:
            value = float(f"{self.low + share * (self.high - self.low):.6g}")
        return self._fit(value)

    def _fit(self, value: float) -> float:
        value = min(self.high, max(self.low, value))
        return round(value) if self.whole else value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several names that the reader picks."""

    name: str
    label: str
    at: str
    among: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.at not in self.among:
            raise InputError(f"choice {self.name}: expected `at` among {listed(self.among)}, got {quoted(self.at)}")

    def read(self, text: str) -> str:
        """The text, if it is one of the names. Raises ``InputError`` otherwise.

        >>> Choice("norm", "norm", "L2", ("L1", "L2")).read("L1")
        'L1'
        """
        if text not in self.among:
            raise InputError(f"{self.name}: expected one of {listed(self.among)}, got {quoted(text)}")
        return text


Control = Slider | Choice


@dataclass(frozen=True, slots=True)
class View:
    """What a lesson says at one setting of its controls: one sentence, its numbers, and pictures of the same numbers.

    ``words`` are texts for the prose and the questions, made safe where they hold names from the data.

    >>> from tearless.core.picture import Picture
    >>> half = Number(0.5, "share", "of the rows")
    >>> view = View("Half of them.", {"half": half}, (Picture("Rows", "Half", ()),), {"name": "`area`"})
    >>> view.fields
    {'half': '50 %', 'name': '`area`'}
    """

    sentence: str
    numbers: Mapping[str, Number]
    pictures: tuple[Picture, ...]
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, str]:
        """What stands in the place of each ``{name}`` in prose and questions."""
        return {**{name: str(number) for name, number in self.numbers.items()}, **self.words}


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in ``tex``, and as it is ``said`` aloud.

    >>> Formula(r"\\frac{1}{n}", "one over n").said
    'one over n'
    """

    tex: str
    said: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a question, and the reply to who picks it. Both are templates of the view's fields.

    >>> Answer("{half}", "One of two rows.", right=True).text.format(half="50 %")
    '50 %'
    """

    text: str
    reply: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question with answers, one of them right. ``at`` sets the controls at which the fields are computed.

    >>> answers = (Answer("{half}", "One of two.", right=True), Answer("{all}", "That is every row."))
    >>> [answer.right for answer in Question("junior", "How many are ill?", answers).turned]
    [False, True]
    """

    level: Literal["junior", "mid", "senior"]
    ask: str
    answers: tuple[Answer, ...]
    at: Mapping[str, Any] = field(default_factory=dict)

    @property
    def turned(self) -> tuple[Answer, ...]:
        """The answers, begun at a place that differs from question to question: the right one is not always first."""
        begin = zlib.crc32(self.ask.encode()) % len(self.answers)
        return self.answers[begin:] + self.answers[:begin]


@dataclass(frozen=True)
class Lesson:
    """Everything about one lesson, as its module declares it."""

    name: str
    pillar: str
    page: Callable[[], Page]
    needs: Mapping[str, Need]
    problem: Callable[..., Any]
    controls: Callable[[Any], tuple[Control, ...]]
    compute: Callable[..., View]
    example: Make
    formulas: tuple[Formula, ...]
    code: str
    questions: tuple[Question, ...]
    catches: tuple[str, ...]
    """The checks that catch what the lesson is about, the first of them shown failing, live."""
    next: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"{self.pillar}/{self.name}"

    @property
    def about(self) -> About:
        """What its own problem may be made of: the kind of its first fact that says so, else a table."""
        return about(self.needs)


@dataclass(frozen=True)
class Opened:
    """A lesson on one problem. ``source`` says what the numbers are of; ``own`` whether that is the reader's own data.

    ``code`` is the first line of the code shown: how to come to the same problem. ``tearless.lesson`` opens one.

    >>> import tearless
    >>> opened = tearless.lesson("gradient-descent")
    >>> opened.settings({"rate": "0.5"})["rate"], opened.view(rate=0.5).numbers["rate"].value
    (0.5, 0.5)
    """

    lesson: Lesson
    problem: Any
    source: str
    own: bool = False
    code: str = ""

    @property
    def controls(self) -> tuple[Control, ...]:
        return self.lesson.controls(self.problem)

    def settings(self, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The value of every control: those given, read and kept within their ends, and the usual ones.

        Raises ``InputError`` for a name that is no control and a value that its control does not take.
        """
        known = {control.name: control for control in self.controls}
        strange = [name for name in given or {} if name not in known]
        if strange:
            raise InputError(f"{strange[0]}: expected one of the controls {listed(known)}; got {quoted(strange[0])}")
        usual = {name: control.at for name, control in known.items()}
        return usual | {name: known[name].read(str(value)) for name, value in (given or {}).items()}

    def view(self, **controls: Any) -> View:
        """The lesson at these settings of its controls; the usual ones where none is given."""
        return self.lesson.compute(self.problem, **self.settings(controls))


def load_lesson(module: ModuleType, pillar: str) -> Lesson:
    """The lesson that ``module`` declares. Raises ``TypeError`` naming the parts that are missing.

    >>> load_lesson(ModuleType("tearless.calculus.lessons.empty"), "calculus")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    TypeError: lesson calculus/empty: ['problem', 'controls', ... 'NEXT'] missing; see CONTRIBUTING for ...
    """
    got = vars(module)
    name = module.__name__.rpartition(".")[2].replace("_", "-")
    parts = ("problem", "controls", "compute", "example", "FORMULAS", "CODE", "QUESTIONS", "CATCHES", "NEXT")
    missing = [part for part in parts if part not in got]
    if missing:
        raise TypeError(f"lesson {pillar}/{name}: {missing} missing; see CONTRIBUTING for the parts of a lesson")
    return Lesson(
        name=name,
        pillar=pillar,
        page=partial(page_of, module.__name__),
        needs=needs(got["problem"]),
        problem=got["problem"],
        controls=got["controls"],
        compute=got["compute"],
        example=got["example"],
        formulas=tuple(got["FORMULAS"]),
        code=got["CODE"],
        questions=tuple(got["QUESTIONS"]),
        catches=tuple(got["CATCHES"]),
        next=tuple(got["NEXT"]),
    )
