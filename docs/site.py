"""The documentation as a folder of pages that open from disk: ``python docs/site.py FOLDER``.

The pages are those of ``tearless learn``, with pages of the functions, the algorithms and the commands beside them.
What is an address of the server there is a file here; nothing is loaded from elsewhere.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from pathlib import Path

from jinja2 import Template
from markupsafe import Markup

from tearless.algorithms.pillars import names, pillars_of, source_of
from tearless.cli.app import app
from tearless.core.catalogue import catalogue
from tearless.core.page import parsed
from tearless.guide import around
from tearless.guide.curriculum import in_order
from tearless.guide.export import STOPS, exported
from tearless.guide.pages import STATIC, Guide, style
from tearless.guide.replays.all import INCIDENTS
from tearless.guide.templates import page, templates
from tearless.report.markdown import inert

sys.path.insert(0, str(Path(__file__).parent))
from functions import FOLDERS, Documented, modules

DOCS = Path(__file__).parent
NAV = {
    "/": "<strong>tearless</strong>",
    "/start": "begin",
    "/incidents": "incidents",
    "/checks": "checks",
    "/functions": "functions",
    "/algorithms": "algorithms",
    "/map": "map",
    "/commands": "commands",
    "/published": "published numbers",
}
"""What every page leads to."""
STYLE = """
h2 code, h3 code { font-size: 1em; font-weight: 700; }
section { border-top: 1px solid var(--edge); padding-top: .6rem; }
nav { padding-bottom: .6rem; } dt { overflow-wrap: anywhere; }
"""
"""What the pages of the functions need beside the guide's own style."""


def build(folder: Path, *, stops: int = STOPS) -> list[Path]:
    """Write the whole site; ``stops`` are those of each lesson's slider. What was written comes back."""
    files = {"style.css": style() + STYLE, "export.js": (STATIC / "export.js").read_text(encoding="utf-8")}
    files |= {file_of(address): _at(address, text) for address, text in pages(stops)}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in files]


def pages(stops: int) -> Iterator[tuple[str, str]]:
    """Every page by its address, as the server would give it."""
    guide = Guide(runs=False)
    yield "/", guide.contents()
    yield "/start", around.start()
    yield "/map", around.map_of_algorithms()
    yield "/published", around.published()
    yield "/incidents", around.incidents()
    for incident in INCIDENTS:
        yield f"/incident/{incident.name}", around.incident(incident.name)
    template = _template("lesson.html")
    for entry in in_order():
        yield f"/lesson/{entry.name}", exported(guide, entry.name, {}, most=stops, template=template)
    yield "/checks", _checks()
    for name in sorted({entry.name for entry in catalogue()}):
        yield f"/check/{name}", _to_checks(around.check(name))
    yield from _functions()
    yield from _algorithms()
    yield from _commands()


def file_of(address: str) -> str:
    """The file of an address: ``/`` is the first page, a name without a suffix is a page."""
    name = address.removeprefix("/") or "index"
    return name if Path(name).suffix else f"{name}.html"


def _template(name: str) -> Template:
    return templates().from_string((DOCS / "templates" / name).read_text(encoding="utf-8"))


def _at(address: str, text: str) -> str:
    """A page of the server as a file: its own head, and links from file to file."""
    here = posixpath.dirname(file_of(address))
    links = " ".join(f'<a href="{to}">{said}</a>' for to, said in NAV.items())
    header = f'<header><nav aria-label="site">{links}</nav></header>'
    text = re.sub("<header>.*?</header>", header, text, count=1, flags=re.DOTALL)
    text = text.replace('<script src="/static/guide.js" defer></script>', "")

    def relative(link: re.Match[str]) -> str:
        path, mark, part = link[2].partition("#")
        return f'{link[1]}="{posixpath.relpath(file_of(path), here or ".")}{mark}{part}"'

    return re.sub('(href|src)="(/[^"]*)"', relative, text)


def _listed(title: str, before: str, groups: Mapping[str, list[tuple[str, str, str]]]) -> str:
    """A page of links under headings: address, name and what it is."""
    parts = [f"<h1>{escape(title)}</h1><p>{before}</p>"]
    for heading, links in groups.items():
        found = "".join(
            f'<li><a href="{to}"><code>{escape(name)}</code></a> {escape(said)}</li>' for to, name, said in links
        )
        parts.append(f"<h2>{escape(heading)}</h2><ul>{found}</ul>" if heading else f"<ul>{found}</ul>")
    return _body(title, "".join(parts))


def _body(title: str, body: str) -> str:
    return page("prose.html", title=title, body=Markup(body))  # noqa: S704 (made inert where it is made)


def _checks() -> str:
    groups = {
        pillar.replace("-", " ").capitalize(): [(f"/check/{e.name}", e.name, f"{e.title()}.") for e in entries]
        for pillar, entries in groupby(catalogue(), key=lambda entry: entry.pillar)
    }
    return _listed("The checks", "Each page is made from the file of its check, and its examples were run.", groups)


def _functions() -> Iterator[tuple[str, str]]:
    """A page a pillar, and the list of them."""
    links: dict[str, list[tuple[str, str, str]]] = {}
    for folder in FOLDERS:
        title, parts, toc = folder.replace("_", " ").capitalize(), [], []
        address = f"/functions/{folder}"
        for module in modules(folder):
            toc.append((f"{address}#{module.name}", module.name, _first(module.words)))
            parts.append(f'<h2 id="{module.name}"><code>tearless.{folder}.{module.name}</code></h2>')
            parts.append(around.html(module.words))
            parts += [_defined(f"{module.name}.{one.name}", one) for one in module.defined]
        links[title] = toc
        yield address, _body(title, f"<h1>{title}</h1>{''.join(parts)}")
    before = "Every public function and class of the pillars and the algorithms. Each example is run as a test."
    yield "/functions", _listed("The functions", before, links)


def _defined(name: str, one: Documented) -> str:
    heading = f'<h3 id="{name}"><code>{escape(one.name)}</code></h3><pre tabindex="0">{escape(one.signature)}</pre>'
    methods = "".join(f'<pre tabindex="0">{escape(of.signature)}</pre>{around.html(of.words)}' for of in one.methods)
    return f"<section>{heading}{around.html(one.words)}{methods}</section>"


def _first(words: str) -> str:
    """The first sentence, without the marks of code."""
    return re.split(r"(?<=\.)\s|\n\n", words, maxsplit=1)[0].replace("`", "").replace("\n", " ")


def _algorithms() -> Iterator[tuple[str, str]]:
    known = {(folder, f"{m.name}.{one.name}") for folder in FOLDERS for m in modules(folder) for one in m.defined}
    links = []
    for name in names():
        found = parsed(source_of(name))
        links.append((f"/algorithm/{name}", name, f"{found.title}."))
        stands = "".join(
            f"<li>{pillar.replace('_', ' ')}: {', '.join(_to_function(pillar, f, known) for f in taken)}</li>"
            for pillar, taken in pillars_of(name).items()
        )
        prose = "\n\n".join(f"## {heading}\n\n{body}" for heading, body in found.sections.items())
        body = f"<h1>{name}</h1>{around.html(inert(found.title) + '.')}<h2>Stands on</h2><ul>{stands}</ul>"
        yield f"/algorithm/{name}", _body(name, body + _to_checks(around.html(prose)))
    before = 'Composed of the pillars, with the interface of scikit-learn; <a href="/map">the map</a> shows of which.'
    yield "/algorithms", _listed("The algorithms", before, {"": links})


def _to_function(pillar: str, name: str, known: set[tuple[str, str]]) -> str:
    code = f"<code>{name}</code>"
    return f'<a href="/functions/{pillar}#{name}">{code}</a>' if (pillar, name) in known else code


def _to_checks(text: str) -> str:
    """The names of checks that stand in the text as code, made links."""
    known = {entry.name for entry in catalogue()}

    def link(code: re.Match[str]) -> str:
        return f'<a href="/check/{code[1]}">{code[0]}</a>' if code[1] in known else code[0]

    return re.sub(r'(?<!">)<code>([\w-]+)</code>', link, text)


def _commands() -> Iterator[tuple[str, str]]:
    from typer.main import get_command

    links = []
    for name, command in sorted(vars(get_command(app))["commands"].items()):
        context = command.make_context(f"tearless {name}", [], resilient_parsing=True)
        records = [param.get_help_record(context) for param in command.get_params(context)]
        rows = "".join(
            f"<dt><code>{escape(record[0])}</code></dt><dd>{escape(record[1])}</dd>" for record in records if record
        )
        usage = " ".join(command.collect_usage_pieces(context))
        said = "".join(f"<p>{escape(part)}</p>" for part in (command.help or "").split("\n\n"))
        body = f'<h1>tearless {name}</h1><pre tabindex="0">tearless {name} {escape(usage)}</pre>{said}'
        links.append((f"/command/{name}", f"tearless {name}", _first(command.help or "")))
        yield f"/command/{name}", _body(name, f'{body}<dl class="symptoms">{rows}</dl>')
    before = 'What each does and takes; <code>--help</code> prints the same. <a href="/">The lessons</a> are in '
    yield "/commands", _listed("The commands", f"{before}<code>tearless learn</code>.", {"": links})


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python docs/site.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    print(f"wrote {len(build(folder))} files; open {folder / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
