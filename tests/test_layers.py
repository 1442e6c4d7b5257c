"""Imports inside the package never run upwards; read from the sources, nothing is imported."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / 'mssh_mmpose'
# From the top down; a part may import its own row and those below it.
LAYERS = (
    ('cli',),
    ('study', 'export', 'web', 'apis'),
    ('visualization',),
    ('evaluation', 'datasets', 'models', 'codecs', 'engine', 'analysis'),
)
RANKS = {part: rank for rank, row in enumerate(LAYERS) for part in row}
# How far below the others: whatever is not named above, such as errors and files.
BOTTOM = len(LAYERS)


def imported(path: Path) -> set[tuple[str, ...]]:
    """Parts of this package that a module imports, such as ('datasets', 'flags')."""
    here = path.relative_to(PACKAGE).with_suffix('').parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [tuple(each.name.split('.')) for each in node.names]
            found |= {name[1:] for name in names if name[0] == 'mssh_mmpose'}
        elif isinstance(node, ast.ImportFrom):
            module = tuple((node.module or '').split('.')) if node.module else ()
            if node.level:
                base = here[: len(here) - node.level] + module
            elif module[:1] == ('mssh_mmpose',):
                base = module[1:]
            else:
                continue
            # 'from .. import checks' names modules, 'from ..checks import x' does not.
            found |= {(*base, each.name) for each in node.names} if len(base) < 2 else {base}
    return found


def modules(part: str = '') -> list[Path]:
    return sorted(p for p in (PACKAGE / part).rglob('*.py') if '.mim' not in p.parts)


@pytest.mark.parametrize('path', modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_never_run_upwards(path):
    part = path.relative_to(PACKAGE).with_suffix('').parts[0]
    if part == '__init__':
        return  # registers everything
    rank = RANKS.get(part, BOTTOM)
    upwards = {name for name in imported(path) if name and RANKS.get(name[0], BOTTOM) < rank}
    assert not upwards, f'{path} imports {upwards}'


def test_converters_do_not_import_the_data_sets_that_use_them():
    found = {name for path in modules('datasets/converters') for name in imported(path)}
    assert ('datasets', 'lsp_meta') in found
    assert not {name for name in found if name[:2] == ('datasets', 'body')}


def test_the_reader_of_imports_sees_every_form(tmp_path, monkeypatch):
    monkeypatch.setattr(f'{__name__}.PACKAGE', tmp_path)
    path = tmp_path / 'datasets' / 'a.py'
    path.parent.mkdir()
    path.write_text(
        'import os, mssh_mmpose.cli.train\nfrom .. import checks\nfrom ..web.app import b\n'
        'def f():\n    from mssh_mmpose.apis import c\n    from .flags import d\n'
    )
    expected = {('cli', 'train'), ('checks',), ('web', 'app'), ('apis', 'c'), ('datasets', 'flags')}
    assert imported(path) == expected
