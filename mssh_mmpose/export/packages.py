"""The optional packages of export."""

from importlib import import_module
from types import ModuleType


def require(name: str) -> ModuleType:
    """Import an optional package or one of its modules.

    Raises:
        ImportError: If it does not import; says how to install it.

    Examples:
        >>> require('json').dumps([1])
        '[1]'
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f'{name} does not import ({error}); export needs '
            '"pip install -r requirements/export.txt -c requirements/constraints.txt".'
        ) from error
