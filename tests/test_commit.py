"""The commit that results are recorded with."""

import os
import subprocess

import pytest

from mssh_mmpose.engine import commit


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a file in a folder; none of Git's variables, as in its hooks, is set."""
    for name in [name for name in os.environ if name.startswith('GIT_')]:
        monkeypatch.delenv(name)
    file = tmp_path / 'venv/lib/code.py'
    file.parent.mkdir(parents=True)
    file.write_text('a = 1')
    author = ['-c', 'user.name=a', '-c', 'user.email=a@b']
    for words in (['init', '-q'], ['add', '.'], [*author, 'commit', '-q', '-m', 'first']):
        subprocess.run(['git', *words], cwd=tmp_path, check=True)
    return tmp_path


def test_the_commit_of_the_source_tree(repository, monkeypatch):
    monkeypatch.setattr(commit, '_ROOT', repository)
    clean = commit.current_commit()
    assert len(clean) == 40
    (repository / 'venv/lib/code.py').write_text('a = 2')
    assert commit.current_commit() == f'{clean}-dirty'


def test_variables_of_git_name_no_other_repository(repository, monkeypatch):
    monkeypatch.setattr(commit, '_ROOT', repository)
    known = commit.current_commit()
    monkeypatch.setenv('GIT_DIR', '/nowhere')
    assert commit.current_commit() == known


def test_a_repository_around_an_installed_package_is_not_its_own(repository, monkeypatch):
    monkeypatch.setattr(commit, '_ROOT', repository / 'venv/lib')
    assert commit.current_commit() == 'unknown'


def test_no_repository(tmp_path, monkeypatch):
    monkeypatch.setattr(commit, '_ROOT', tmp_path)
    assert commit.current_commit() == 'unknown'
