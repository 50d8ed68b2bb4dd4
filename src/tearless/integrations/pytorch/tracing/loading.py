"""A model by its name, ``module:Model``, as Python would import it; made without numbers where it can be."""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from tearless.core import InputError, listed, quoted, visible
from tearless.linear_algebra.shapes import Where

from .entrywise import META
from .fake import without_numbers
from .places import USERS, kind_of, place_of

FORMS = "`module:Model`, `file.py:Model`, `package.module:factory` or `module:Model(10, hidden=5)`"
_CPU = torch.device("cpu")


class Loaded:
    """A model to trace, and what is known of how it was made."""

    def __init__(
        self, model: torch.nn.Module, name: str, made: Mapping[str, Where], notes: tuple[str, ...] = ()
    ) -> None:
        self.model = model
        self.name = name
        self.made = made
        self.notes = notes


def loaded(target: str) -> Loaded:
    """The model that a text names. Raises ``InputError`` where there is none, saying what is there."""
    place, name, args, kwargs = parsed(target)
    with contextlib.redirect_stdout(sys.stderr):
        module = _imported(place)
        thing = _named(module, name, place)
        if isinstance(thing, torch.nn.Module):
            return Loaded(bare(thing), type(thing).__name__, {})
        if not callable(thing):
            kind = quoted(type(thing).__name__)
            raise InputError(f"TARGET: expected a torch.nn.Module or what makes one, got {kind}; name a model")
        _check_arguments(thing, target, name, args, kwargs)
        return made_by(lambda: thing(*args, **kwargs), target)


def parsed(target: str) -> tuple[str, str, tuple[Any, ...], dict[str, Any]]:
    """The module or file, the name in it, and the arguments, which are literals.

    >>> parsed("nets.vision:Net(10, hidden=5)")
    ('nets.vision', 'Net', (10,), {'hidden': 5})
    """
    head = target[: target.index("(")] if "(" in target else target
    place, colon, name = head.rpartition(":")
    if not colon or not place or not all(part.isidentifier() for part in name.strip().split(".")):
        raise InputError(f"TARGET: expected {FORMS}, got {quoted(target)}; write the name after a colon")
    if head == target:
        return place, name.strip(), (), {}
    try:
        call = ast.parse(target[len(place) + 1 :].strip(), mode="eval").body
        if not isinstance(call, ast.Call) or any(one.arg is None for one in call.keywords):
            raise ValueError
        args = tuple(ast.literal_eval(one) for one in call.args)
        return place, name.strip(), args, {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise InputError(
            f"TARGET: expected literal arguments such as Model(10, hidden=5), got {quoted(target)}; give numbers, "
            "texts, tuples, lists or dictionaries, or write a function that makes the model, and name it"
        ) from None


def _imported(place: str) -> ModuleType:
    path = Path(place)
    if path.suffix == ".py" or (path.is_file() and "/" in place):
        if not path.is_file():
            raise InputError(f"TARGET: expected a Python file, got {quoted(place)}, which is not there; check the path")
        name, folder = _as_module(path.resolve())
    else:
        name, folder = place, Path.cwd()
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as fault:
        if fault.name is None or not (name == fault.name or name.startswith(fault.name + ".")):
            raise _failed(f"importing {quoted(place)}", fault) from None
        near = difflib.get_close_matches(name, [p.stem for p in Path.cwd().glob("*.py")], 3)
        hint = f"; there is {listed(near)}" if near else "; check the name, and the folder you are in"
        raise InputError(f"TARGET: expected a module that can be imported, got {quoted(place)}{hint}") from None
    except (Exception, SystemExit) as fault:  # noqa: BLE001 - whatever the user's module raises
        raise _failed(f"importing {quoted(place)}", fault) from None


def _as_module(file: Path) -> tuple[str, Path]:
    """The name to import a file by, and the folder that Python must look in: the one above its packages."""
    parts, folder = [file.stem], file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    known = sys.modules.get(name)
    if known is not None and Path(getattr(known, "__file__", None) or "") != file:
        spec = importlib.util.spec_from_file_location(f"_traced_{file.stem}", file)
        if spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            try:
                spec.loader.exec_module(module)
            except (Exception, SystemExit) as fault:  # noqa: BLE001 - whatever the user's file raises
                raise _failed(f"importing {quoted(str(file))}", fault) from None
            return spec.name, folder
    return name, folder


def _failed(doing: str, fault: BaseException) -> InputError:
    where = ""
    for frame, line in traceback.walk_tb(fault.__traceback__):
        if kind_of(frame.f_code.co_filename) == USERS:
            where = f" at {visible(frame.f_code.co_filename, 160)}:{line}"
    if isinstance(fault, SyntaxError):
        where = f" at {visible(str(fault.filename), 160)}:{fault.lineno}"
    said = visible(str(fault), 300)
    return InputError(f"TARGET: {doing} failed{where}: {type(fault).__name__}: {said}; see that Python can do it")


def _named(module: ModuleType, name: str, place: str) -> Any:
    thing: Any = module
    for part in name.split("."):
        there = vars(thing) if isinstance(thing, (ModuleType, type)) else {}
        try:
            thing = getattr(thing, part)
        except AttributeError:
            raise InputError(f"TARGET: {quoted(place)} has no {quoted(part)}; {_offered(part, there)}") from None
    return thing


def _offered(name: str, there: Mapping[str, Any]) -> str:
    models = [k for k, v in there.items() if isinstance(v, torch.nn.Module) or _makes_models(v)]
    near = difflib.get_close_matches(name, [k for k in there if not k.startswith("__")], 3)
    lower = [k for k in there if k.lower() == name.lower()]
    found = list(dict.fromkeys([*lower, *near])) or models
    return f"it has {listed(found)}" if found else "it has no model"


def _makes_models(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, torch.nn.Module)


def _check_arguments(thing: Any, target: str, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as fault:
        empty, kinds = inspect.Parameter.empty, (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        needed = [p.name for p in signature.parameters.values() if p.default is empty and p.kind not in kinds]
        like = ", ".join(f"{one}=..." for one in needed)
        told = f"{quoted(name)} needs {listed(needed)}" if needed else f"{quoted(name)} takes no such arguments"
        raise InputError(
            f"TARGET: {told}, got {quoted(target)} ({visible(str(fault), 120)}); write `{visible(name)}({like})` with "
            "literal values"
        ) from None


def made_by(factory: Callable[[], Any], target: str = "the model") -> Loaded:
    """The model that a factory makes: without numbers, or for real where making it reads numbers."""
    notes: tuple[str, ...] = ()
    with _births() as births:
        try:
            with without_numbers(_CPU):
                model = factory()
        except (Exception, SystemExit):  # noqa: BLE001 - tried again for real, and told if it fails then
            births.clear()
            try:
                model = factory()
            except (Exception, SystemExit) as fault:  # noqa: BLE001 - whatever the user's code raises
                raise _failed(f"making {quoted(target)}", fault) from None
            notes = ("the model was made for real, since making it reads numbers of its tensors",)
    if not isinstance(model, torch.nn.Module):
        raise InputError(
            f"TARGET: expected a torch.nn.Module from {quoted(target)}, got {quoted(type(model).__name__)}; name what "
            "makes the model"
        )
    inner = bare(model)
    made = {path: births[id(module)][1] for path, module in inner.named_modules() if id(module) in births}
    return Loaded(inner, type(inner).__name__, made, notes)


def bare(model: torch.nn.Module) -> torch.nn.Module:
    """The model itself, out of what ``torch.compile`` and parallel training wrap it in."""
    if isinstance(model, torch.jit.ScriptModule):
        raise InputError("TARGET: a TorchScript model hides its layers; name the model that it was made from")
    for inside in ("_orig_mod", "module"):
        within = getattr(model, inside, None)
        if isinstance(within, torch.nn.Module) and kind_of(inspect.getfile(type(model))) != USERS:
            return bare(within)
    return model


@contextlib.contextmanager
def _births() -> Iterator[dict[int, tuple[torch.nn.Module, Where]]]:
    """Where each layer is made, while it lasts: the innermost line of the user's that is no code of the layer's own."""
    found: dict[int, tuple[torch.nn.Module, Where]] = {}
    init = torch.nn.Module.__init__

    def heard(self: torch.nn.Module, *args: Any, **kwargs: Any) -> None:
        frame = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            own = code.co_argcount > 0 and frame.f_locals.get(code.co_varnames[0]) is self
            if not own and kind_of(code.co_filename) == USERS:
                found[id(self)] = (self, place_of(code, frame.f_lasti))
                break
            frame = frame.f_back  # type: ignore[assignment]
        init(self, *args, **kwargs)

    torch.nn.Module.__init__ = heard  # type: ignore[method-assign]
    try:
        yield found
    finally:
        torch.nn.Module.__init__ = init  # type: ignore[method-assign]


def claimed_device(model: torch.nn.Module) -> torch.device:
    """The device that its parameters are on, or would be."""
    first = next((p for p in model.parameters()), None)
    return _CPU if first is None or first.device == META else first.device
