"""The commit of this source tree."""

import os
import subprocess
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def current_commit() -> str:
    """Return this source tree's commit, with '-dirty' if code was changed, or 'unknown'.

    Changed results do not count: a study writes them itself. A repository around an installed
    package is not its own.
    """
    try:
        if Path(_git('rev-parse', '--show-toplevel')).resolve() != _ROOT.resolve():
            return 'unknown'
        commit = _git('rev-parse', 'HEAD')
        changes = _git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!results')
    except (OSError, subprocess.CalledProcessError):
        return 'unknown'
    return f'{commit}-dirty' if changes else commit


def _git(*arguments: str) -> str:
    # Git's own variables, as its hooks have them, name another repository.
    environment = {k: value for k, value in os.environ.items() if not k.startswith('GIT_')}
    done = subprocess.run(
        ['git', *arguments],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
