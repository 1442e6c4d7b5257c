"""Configs inside checkpoints, read without running code.

MMEngine's ``Config.fromstring`` executes the text. Here it is parsed as assignments of literals,
and its types must be registered: MMEngine takes any other name of a ``type`` for a function to
import and call.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Container, Mapping
from typing import Any

import mmengine.registry
import mmpose.registry
from mmengine.config import Config
from mmengine.registry import Registry

from ..config import order_joints
from ..errors import InputError

_SCOPES = (None, 'mmengine', 'mmpose', 'mmdet', 'mmpretrain')
# MMEngine runs a .py, and what the others name as their bases.
_CONFIGS = ('.py', '.json', '.yaml', '.yml')
_Registered = Mapping[str, list[object]]
_ANY: _Registered = {}
_PARTS = ('default_scope', 'model', 'test_dataloader')
"""The parts that inference needs; the rest, such as ``custom_imports``, is ignored."""


def stored_config(text: Any, source: str) -> Config:
    """Return the parts for inference of the config in a checkpoint.

    A ``metainfo`` that is a file is left out: checkpoints hold the joints themselves. So is
    the type of a data set that is not registered here: inference needs only its pipeline.

    Args:
        text: ``meta['cfg']`` as MMEngine writes it: assignments of literals and ``dict(...)``.
        source: The checkpoint, for messages; the config's file name too.

    Raises:
        InputError: If there is none, it is not of this form, or could run code.
    """
    advice = 'Name the config that it was trained with: CONFIG CHECKPOINT.'
    if not isinstance(text, str):
        raise InputError(f'checkpoint {source} holds no config (meta["cfg"]). {advice}')
    try:
        settings = parse_assignments(text, _PARTS)
        if not isinstance(settings.get('model'), dict):
            raise InputError('it has no model')
        _drop_files_of_joints(settings)
        order_joints(settings)
        names = registered()
        if isinstance(loader := settings.get('test_dataloader'), dict):
            _drop_own_data_sets(loader.get('dataset'), names)
        _check_value(settings, names, 'cfg')
    except ValueError as error:
        raise InputError(
            f'checkpoint {source}: the config in it was not used: {error}. {advice}'
        ) from error
    return Config(settings, cfg_text=text, filename=source)


def parse_assignments(text: str, wanted: Container[str] | None = None) -> dict[str, Any]:
    """Parse Python text that assigns literals and ``dict(...)`` of literals to names.

    Args:
        text: The text; nothing in it is executed.
        wanted: Names to read; the values of others are not looked at. None for all.

    Raises:
        InputError: If it holds anything else.

    Examples:
        >>> parse_assignments("a = dict(b=[1, -2.5], c=dict({0: 'x'}))")
        {'a': {'b': [1, -2.5], 'c': {0: 'x'}}}
    """
    try:
        body = ast.parse(text).body
        settings = {}
        for line in body:
            match line:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    if wanted is None or name in wanted:
                        settings[name] = _literal(value)
                case _:
                    raise InputError(f'line {line.lineno} does not assign a value to a name')
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise InputError(f'it cannot be parsed ({type(error).__name__}: {error})') from error
    return settings


def _literal(node: ast.expr) -> Any:
    match node:
        case ast.Call(func=ast.Name(id='dict'), args=[] | [ast.Dict()], keywords=pairs):
            if all(pair.arg for pair in pairs):
                values = {pair.arg: _literal(pair.value) for pair in pairs}
                return {**(_literal(node.args[0]) if node.args else {}), **values}
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {ast.literal_eval(key): _literal(value) for key, value in zip(keys, values)}
        case ast.List(elts=items):
            return [_literal(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_literal(item) for item in items)
        case ast.Constant() | ast.UnaryOp(operand=ast.Constant()):
            return ast.literal_eval(node)
    raise InputError(f'line {node.lineno}: {ast.unparse(node)[:60]!r} is not a plain value')


def _drop_files_of_joints(value: Any) -> None:
    if isinstance(value, dict):
        if isinstance(value.get('metainfo'), dict) and 'from_file' in value['metainfo']:
            del value['metainfo']
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            _drop_files_of_joints(item)


def _drop_own_data_sets(dataset: Any, names: _Registered) -> None:
    if isinstance(dataset, dict):
        try:
            _check_type(dataset.get('type'), names, '')
        except InputError:
            dataset.pop('type', None)
        dataset = [dataset.get('dataset'), dataset.get('datasets')]
    if isinstance(dataset, (list, tuple)):
        for each in dataset:
            _drop_own_data_sets(each, names)


def _check_value(value: Any, names: _Registered, key: str) -> None:
    """Refuse types that are not registered, scopes of unknown packages and other configs."""
    if isinstance(value, dict):
        for name, item in value.items():
            place = f'{key}.{name}'
            if name == 'type':
                _check_type(item, names, place)
            elif name in ('_scope_', 'default_scope') and item not in _SCOPES:
                raise InputError(f'{place} is {item!r}, expected one of {_SCOPES}')
            elif name == 'from_file':
                raise InputError(f'{place} names another config, {item!r}')
            # The types in there are groups of joints.
            _check_value(item, _ANY if name == 'metainfo' else names, place)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            _check_value(item, names, f'{key}.{number}')
    elif isinstance(value, str) and value.endswith(_CONFIGS) and key.startswith('cfg.model'):
        raise InputError(f'{key} names another config, {value!r}')


def _check_type(name: Any, names: _Registered, place: str) -> None:
    """Refuse a type that is neither registered nor, as in MMEngine's configs in pure Python, the
    place of something that is."""
    scope, _, last = str(name).rpartition('.')
    if names is _ANY or (last in names and scope in ('', *_SCOPES)):
        return
    found = getattr(sys.modules.get(scope), last, None)
    if not any(found is each for each in names.get(last, ())):
        raise InputError(
            f'{place} {name!r} is not registered; import the package that registers it first'
        )


def registered() -> _Registered:
    """Return what is registered anywhere, by name."""
    found = defaultdict(list)
    for registry in (*vars(mmengine.registry).values(), *vars(mmpose.registry).values()):
        if isinstance(registry, Registry):
            if registry.scope == 'mmpose':
                registry.import_from_location()
            for place in (registry, *registry.children.values()):
                for name, module in place.module_dict.items():
                    found[name].append(module)
    return found
