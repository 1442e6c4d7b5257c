"""What is wrong with a config, in its own terms: file and line, or the name of the setting."""

import difflib
import inspect
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import mmengine.registry
import mmpose.registry
from mmengine.config import Config
from mmengine.registry import Registry

from .errors import InputError

_UNKNOWN = re.compile(r'(\S+) is not in the (?:\S+::)?(.+?) registry')
_NO_ARGUMENT = re.compile(r"got an unexpected keyword argument '(\w+)'")
_TOO_FEW = re.compile(r'missing \d+ required (?:positional|keyword-only) arguments?: (.+)$')
_NO_TYPE = 'must contain the key "type"'
_NO_KEY = re.compile(r"'ConfigDict' object has no attribute '(\w+)'")
# Code of MMEngine that builds things; what its loops run is another matter.
_REGISTRY, _RUNNER, _LOOPS = 'registry/build_functions.py', 'runner/runner.py', 'runner/loops.py'


def file_problem(error: Exception, path: str) -> str:
    """Say why a config file, or one that it is made of, cannot be read: file, line, reason."""
    found = _syntax_error(error)
    if found:
        in_file = re.search(r'config file (.+?): ', str(error))
        return f'{in_file[1] if in_file else path}, line {found.lineno}: {found.msg}'
    if isinstance(error, RecursionError):
        return f'{path}: its _base_ leads back to itself.'
    text = _text(error)
    if not isinstance(error, (FileNotFoundError, ImportError)):
        text = f'{type(error).__name__}: {text}'
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.name == '<module>' and Path(frame.filename).is_file():
            return f'{frame.filename}, line {frame.lineno}: {text}'
    return f'{path}: {text}'


@contextmanager
def explained(cfg: Config) -> Iterator[None]:
    """Turn an error of building what a config describes into InputError.

    Errors of what was built, such as those of a training that runs, stay as they are.
    """
    try:
        yield
    except Exception as error:
        problem = _build_problem(error, cfg)
        if problem is None:
            raise
        raise InputError(f'config {cfg.filename}: {problem}') from error


def _syntax_error(error: BaseException | None) -> SyntaxError | None:
    """Return the SyntaxError with a line that led to an error; MMEngine raises one without."""
    while error is not None:
        if isinstance(error, SyntaxError) and error.lineno:
            return error
        error = error.__cause__ or error.__context__
    return None


def _build_problem(error: Exception, cfg: Config) -> str | None:
    """Say what is wrong with the config; None if the error is not one of building it."""
    missing = _NO_KEY.search(str(error))
    built, place = _innermost_build(error.__traceback__)
    if built is None:
        if missing or isinstance(error, KeyError) and place == _RUNNER:
            return f'it has no {missing[1] if missing else _text(error)}, which is needed.'
        return _text(error) if place == _RUNNER else None
    name = getattr(built.get('type'), '__name__', built.get('type'))
    where = _find(built, cfg.to_dict(), '') or f'type={name}'
    unknown = _UNKNOWN.search(str(error))
    if unknown:
        return f'{where}.type: nothing called {name} is registered{_similar(name, _names())}.'
    if _NO_TYPE in str(error):
        return f'{where}: expected a type, got the keys {", ".join(map(str, built))}.'
    wrong = _NO_ARGUMENT.search(str(error))
    if wrong and wrong[1] in built:
        known = _similar(wrong[1], _arguments(name))
        return f'{where}.{wrong[1]}: {name} has no such argument{known}.'
    few = _TOO_FEW.search(str(error))
    if few:
        return f'{where}: {name} needs {few[1]}.'
    kind = '' if isinstance(error, ValueError) else f'{type(error).__name__}: '
    return f'{where}: {kind}{_text(error)}'


def _innermost_build(trace: TracebackType | None) -> tuple[dict | None, str]:
    """Return the config of the innermost object that was being built, and the place's file."""
    built, place = None, ''
    while trace is not None:
        frame = trace.tb_frame
        file = frame.f_code.co_filename.replace('\\', '/')
        if file.endswith(_LOOPS) and frame.f_code.co_name != '__init__':
            return None, _LOOPS
        if file.endswith(_RUNNER):
            place = _RUNNER
        elif file.endswith(_REGISTRY) and isinstance(frame.f_locals.get('cfg'), dict):
            built = frame.f_locals['cfg']
        trace = trace.tb_next
    return built, place


def _find(wanted: dict, within: Any, path: str) -> str | None:
    """Find a dict in a config: its dotted name. Builders may have added to it."""
    if isinstance(within, dict):
        same = within and all(key in wanted and wanted[key] == within[key] for key in within)
        if same and 'type' in within or within == wanted:
            return path or 'config'
    items = within.items() if isinstance(within, dict) else enumerate(within)
    for key, value in items:
        if isinstance(value, (dict, list, tuple)):
            found = _find(wanted, value, f'{path}.{key}' if path else str(key))
            if found:
                return found
    return None


def _registries() -> list[Registry]:
    modules = (mmpose.registry, mmengine.registry)
    return [value for m in modules for value in vars(m).values() if isinstance(value, Registry)]


def _names() -> set[str]:
    return {name for registry in _registries() for name in registry.module_dict}


def _arguments(name: str) -> list[str]:
    """Names of the arguments of a registered class, those of its bases included."""
    found = {}
    for cls in filter(None, (registry.module_dict.get(name) for registry in _registries())):
        for base in inspect.getmro(cls) if inspect.isclass(cls) else [cls]:
            try:
                parameters = inspect.signature(base).parameters.values()
            except (TypeError, ValueError):
                continue
            found.update(dict.fromkeys(p.name for p in parameters if p.kind != p.VAR_KEYWORD))
            if all(p.kind != p.VAR_KEYWORD for p in parameters):
                break
    return list(found)


def _similar(name: str, known: set[str] | list[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=3)
    if close:
        return f'; did you mean {" or ".join(close)}?'
    return f'; it has {", ".join(known)}' if isinstance(known, list) and known else ''


def _text(error: Exception) -> str:
    # str() of a KeyError has quotes around it.
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return ' '.join(text.split())
