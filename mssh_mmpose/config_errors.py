"""Explain what is wrong with a config: file and line, or the name of the setting."""

import difflib
import inspect
import os.path as osp
import re
import textwrap
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import mmengine.registry
import mmpose.registry
import torch
from mmengine.config import Config
from mmengine.registry import Registry

from .errors import InputError, RunError

_UNKNOWN = re.compile(r'(\S+) is not in the (?:\S+::)?(.+?) registry')
_NO_ARGUMENT = re.compile(r"got an unexpected keyword argument '(\w+)'")
_TOO_FEW = re.compile(r'missing \d+ required (?:positional|keyword-only) arguments?: (.+)$')
# What MMEngine says of an unknown optimiser or layer, without its name.
_HIDE_TYPE = ('is not a callable object', 'Cannot find None in registry')
_NO_TYPE = 'must contain the key "type"'
_NO_KEY = re.compile(r"'ConfigDict' object has no attribute '(\w+)'")
# MMEngine's code that builds objects, as opposed to its loops.
_REGISTRY, _RUNNER, _LOOPS = 'registry/build_functions.py', 'runner/runner.py', 'runner/loops.py'


def file_problem(error: Exception, path: str) -> str:
    """Say why a config file or one of its bases cannot be read: file, line, reason."""
    found = _syntax_error(error)
    if found:
        return f'{_file_being_read(error) or path}, line {found.lineno}: {found.msg}'
    if isinstance(error, RecursionError):
        return f'{path}: its _base_ leads back to itself.'
    text = text_of(error)
    if not isinstance(error, (FileNotFoundError, ImportError)):
        text = f'{type(error).__name__}: {text}'
    elif 'Failed to import' in text:  # MMEngine's, without the reason
        reason: BaseException = error
        while reason.__context__:
            reason = reason.__context__
        text = f'{text}: {reason} (modules are looked for on PYTHONPATH, too)'
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.name == '<module>' and Path(frame.filename).is_file():
            return f'{frame.filename}, line {frame.lineno}: {text}'
    return f'{path}: {text}'


@contextmanager
def explained(cfg: Config) -> Iterator[None]:
    """Turn an error of building what a config describes into InputError.

    Errors of the objects themselves, such as those of a running training, are not changed.
    """
    try:
        yield
    except RunError:
        raise
    except Exception as error:
        problem = _build_problem(error, cfg)
        if problem is None:
            raise
        raise InputError(f'config {cfg.filename}: {problem}') from error


def _syntax_error(error: BaseException | None) -> SyntaxError | None:
    """Return the SyntaxError behind an error that has the line; MMEngine's own has none."""
    while error is not None:
        if isinstance(error, SyntaxError) and error.lineno:
            return error
        error = error.__cause__ or error.__context__
    return None


def _file_being_read(error: BaseException) -> str | None:
    """Return the file that MMEngine was reading: the innermost ``filename`` of its functions."""
    files = (frame.f_locals.get('filename') for frame, _ in traceback.walk_tb(error.__traceback__))
    return next((str(f) for f in reversed(list(files)) if f and Path(str(f)).is_file()), None)


def _build_problem(error: Exception, cfg: Config) -> str | None:
    """Say what is wrong with the config; None if the error is not one of building it."""
    text, settings = text_of(error), cfg.to_dict()
    built, building = _innermost_build(error.__traceback__)
    if built is not None:
        return _problem_of(built, error, settings)
    if isinstance(error, InputError):
        return None  # its message is complete
    wrong = _NO_ARGUMENT.search(text)
    place = wrong and _called_by_mmengine(error) and _find(lambda each: wrong[1] in each, settings)
    if place:  # MMEngine passes some settings on without checking them
        return f'{place}.{wrong[1]}: {text}'
    if not building:
        missing = _NO_KEY.search(text)
        return _lacking(missing[1]) if missing else None
    if isinstance(error, KeyError):
        return _lacking(text)
    return _unregistered(text, settings) or text


def _problem_of(built: dict, error: Exception, settings: dict) -> str:
    """Say what is wrong with the settings of the object that was being built."""
    text, name = text_of(error), getattr(built.get('type'), '__name__', built.get('type'))
    where = _where(built, name, settings) or f'type={name}'
    file = built.get('ann_file')
    if isinstance(file, str) and file not in text:
        text = f'{osp.join(built.get("data_root") or "", file)}: {text}'
    unknown, wrong, few = (p.search(text) for p in (_UNKNOWN, _NO_ARGUMENT, _TOO_FEW))
    if unknown:
        return f'{where}.type: {name} is not in the registry {unknown[2]}{_similar(name, _names())}'
    if _NO_TYPE in text:
        return f'{where}: expected a type in {_short(built)}.'
    if wrong and wrong[1] in built:
        known = _similar(wrong[1], _arguments(name))
        return f'{where}.{wrong[1]}: {name} has no such argument{known}'
    if few:
        return f'{where}: {name} needs {few[1]}.'
    if isinstance(error, ValueError):
        return f'{where}: {error if isinstance(error, InputError) else text}'
    return _unregistered(text, settings) or f'{where}: {type(error).__name__}: {text}'


def _where(built: dict, name: str | None, settings: dict) -> str | None:
    """Return the dotted name of an object's settings: the same, a part of them, or of its type."""
    for fits in (
        lambda each: each == built,
        lambda each: each != {} and _is_part(each, built),
        lambda each: each.get('type') == name,
    ):
        if place := _find(fits, settings):
            return place
    return None


def _lacking(name: str) -> str:
    return f'it has no {name}, which is needed.'


def _innermost_build(trace: TracebackType | None) -> tuple[dict | None, bool]:
    """Return the config of the innermost object that was being built, and whether any was."""
    built, building = None, False
    while trace is not None:
        frame = trace.tb_frame
        file = frame.f_code.co_filename.replace('\\', '/')
        name = frame.f_code.co_name
        of_a_person = name == 'prepare_data' and re.search('/(mmengine|mmpose)/', file)
        if (file.endswith(_LOOPS) and name != '__init__') or of_a_person:
            return None, False
        if file.endswith((_RUNNER, _REGISTRY)):
            building = True
        if file.endswith(_REGISTRY) and isinstance(frame.f_locals.get('cfg'), dict):
            built = frame.f_locals['cfg']
        trace = trace.tb_next
    return built, building


def _called_by_mmengine(error: TypeError) -> bool:
    """Return whether MMEngine called a function with wrong arguments, PyTorch between them."""
    files = [Path(frame.f_code.co_filename) for frame, _ in traceback.walk_tb(error.__traceback__)]
    while len(files) > 1 and Path(torch.__file__).parent in files[-1].parents:
        files.pop()
    return Path(mmengine.__file__).parent in files[-1].parents


def _is_part(settings: dict, built: dict) -> bool:
    """Whether these are the settings of an object; builders may have added to them."""
    return all(key in built and built[key] == value for key, value in settings.items())


def _find(fits: Callable[[dict], bool], settings: dict) -> str | None:
    """Return the dotted name of the outermost dict of a config that fits."""
    found = [path for path, each in _dicts(settings, '') if path and fits(each)]
    return min(found, key=lambda path: path.count('.'), default=None)


def _dicts(value: Any, path: str) -> Iterator[tuple[str, dict]]:
    """Yield (dotted name, dict) of all dicts in a config."""
    if isinstance(value, dict):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in items:
        if isinstance(each, (dict, list, tuple)):
            yield from _dicts(each, f'{path}.{key}' if path else str(key))


def _unregistered(text: str, settings: dict) -> str | None:
    """Name the first unknown type in a config, if an error is one that hides it."""
    if not any(part in text for part in _HIDE_TYPE):
        return None
    known = _names()
    for path, each in _dicts(settings, ''):
        name = each.get('type')
        if isinstance(name, str) and name.split('.')[-1] not in known and 'metainfo' not in path:
            return f'{path}.type: nothing is registered as {name}{_similar(name, known)}'
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
    if close and name not in known:
        return f'; did you mean {" or ".join(close)}?'
    return f'; it has {", ".join(known)}.' if isinstance(known, list) and known else '.'


def text_of(error: Exception) -> str:
    """Return what an error says, in plain words where it says nothing."""
    if isinstance(error, OSError) and error.filename:
        return f'{error.filename}: {error.strerror}'
    if not str(error) and error.__traceback__:  # an assertion
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return f'{frame.line} ({Path(frame.filename).name}, line {frame.lineno})'
    if 'need at least one array to concatenate' in str(error):  # MMEngine's data sets
        return 'there is nobody in the data set'
    # str() of a KeyError has quotes around it.
    return _short(error.args[0] if isinstance(error, KeyError) and error.args else error)


def _short(value: object) -> str:
    return textwrap.shorten(str(value), 400, placeholder=' ...')
