"""The pages around the lessons: where to begin, what stands on what, published numbers, a check, incidents."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

from tearless.algorithms.pillars import PILLARS, names, pillars_of
from tearless.core.catalogue import LessonEntry, find, lesson_on, lessons
from tearless.core.picture import Axis, Heat, Picture
from tearless.core.seen import recorded
from tearless.report.html import findings_html
from tearless.report.page import to_markdown
from tearless.report.pictures.svg import figure

from .curriculum import LEAST, NETWORKS
from .published.page import every_row
from .published.page import to_markdown as published_markdown
from .replays.all import INCIDENTS, run
from .templates import page


def start() -> str:
    """Where to begin, and with what."""
    there = {entry.name: entry for entry in lessons()}

    def found(wanted: tuple[tuple[str, str], ...]) -> list[tuple[LessonEntry, str]]:
        return [(there[name], why) for name, why in wanted if name in there]

    return page("start.html", least=found(LEAST), networks=found(NETWORKS))


def map_of_algorithms() -> str:
    """Which algorithm stands on which pillars, from the imports."""
    algorithms = {name: pillars_of(name) for name in names()}
    rows = tuple(tuple(float(len(taken.get(pillar, ()))) for pillar in PILLARS) for taken in algorithms.values())
    picture = Picture(
        "Functions that each algorithm takes from each pillar",
        "; ".join(f"{name} stands on {', '.join(taken)}" for name, taken in algorithms.items()).replace("_", " "),
        (Heat(rows),),
        Axis(names=tuple(pillar.replace("_", " ") for pillar in PILLARS)),
        Axis(names=tuple(algorithms)),
    )
    return page("map.html", picture=Markup(figure(picture)), pillars=PILLARS, algorithms=algorithms)  # noqa: S704


def published() -> str:
    """Figures of a widely read tutorial, computed again."""
    return prose("published numbers", published_markdown(every_row()))


def check(name: str) -> str:
    """The pages of the checks of one name, with the lesson that explains them. Raises ``InputError`` for none.

    >>> "statistics/constant-column" in check("constant-column")
    True
    """
    parts = []
    for entry in find(name):
        found = entry.page()
        parts.append(to_markdown(entry.path, found, recorded(entry.path, found.examples) or ()))
    body = html("\n\n".join(parts))
    lesson = lesson_on(name)
    more = f'<p>The lesson: <a href="/lesson/{lesson.name}">{Markup.escape(lesson.title())}</a></p>' if lesson else ""
    return page("prose.html", title=name, body=Markup(body + more))  # noqa: S704


def incidents() -> str:
    """The list of incidents."""
    return page("replays.html", incidents=INCIDENTS)


def incident(name: str) -> str:
    """One incident, run now and run again mended. Raises ``InputError`` for a name that is none."""
    found = run(name)
    told, at = found.incident, [one.name for one in INCIDENTS].index(name)
    return page(
        "replay.html",
        incident=told,
        story=told.story.format(**found.fields),
        mend=told.mend.format(**found.fields),
        moral=told.moral.format(**found.fields),
        pictures=Markup("".join(map(figure, found.broken.pictures))),  # noqa: S704
        pictures_after=Markup("".join(map(figure, found.mended.pictures))),  # noqa: S704
        findings=Markup(findings_html(found.broken.report)),  # noqa: S704
        findings_after=Markup(findings_html(found.mended.report)),  # noqa: S704
        lesson=next((entry for entry in lessons() if entry.name == told.lesson), None),
        before=INCIDENTS[at - 1] if at else None,
        after=INCIDENTS[at + 1] if at + 1 < len(INCIDENTS) else None,
    )


def prose(title: str, markdown: str) -> str:
    """A page of our own Markdown.

    >>> "<h1>Limits</h1>" in prose("limits", "# Limits")
    True
    """
    return page("prose.html", title=title, body=Markup(html(markdown)))  # noqa: S704


def html(markdown: str) -> str:
    """Our own Markdown as HTML; wide tables and code scroll by themselves.

    >>> html("a *b*")
    '<p>a <em>b</em></p>\\n'
    """
    text = str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))
    region = '<div class="wide" tabindex="0"><table>'
    text = text.replace("<pre>", '<pre tabindex="0">')
    return text.replace("<table>", region).replace("</table>", "</table></div>").replace("&lt;br&gt;", "<br>")
