"""tools/check_env.py in environments that are broken in every way users have reported.

The environments are made of fake packages, seen by an interpreter that has no others.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import check_env
import pytest

ROOT = Path(__file__).resolve().parents[1]

NEEDS = {'torchvision': 'torch', 'mmengine': 'torch', 'mmcv': 'mmengine', 'mmdet': 'mmcv.ops'}
NEEDS['mmcv-lite'] = NEEDS['mmcv']
MODULES = {**check_env.IMPORTS, 'mmcv': 'mmcv.ops'}


@pytest.fixture(scope='module')
def bare_python(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('venv')
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', path], check=True)
    return path / 'bin' / 'python'


class FakeEnvironment:
    def __init__(self, site: Path, python: Path) -> None:
        self.site, self.python = site, python
        for name, version in check_env.read_pins().items():
            repaired = '+mssh1' if name in check_env.REPAIRED else ''
            self.add(name, version + repaired)
        self.add('mssh_mmpose', '0.1.0')
        (site / 'pkg_resources.py').touch()  # of setuptools

    def add(self, name: str, version: str, body: str = '') -> None:
        """Install a package; ``body`` is the code of the module that check_env imports."""
        info = self.site / f'{name.replace("-", "_")}-{version}.dist-info'
        info.mkdir(parents=True)
        (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')
        package, *parts = MODULES.get(name, name).split('.')
        folder = self.site / package
        folder.mkdir(exist_ok=True)
        needs = f'import {NEEDS[name]}\n' if name in NEEDS else ''
        (folder / '__init__.py').write_text(needs if parts else needs + body)
        for part in parts:
            (folder / f'{part}.py').write_text(body)

    def remove(self, name: str) -> None:
        for info in self.site.glob(f'{name.replace("-", "_")}-*.dist-info'):
            shutil.rmtree(info)
        shutil.rmtree(self.site / MODULES.get(name, name).split('.')[0])

    def replace(self, name: str, version: str, body: str = '') -> None:
        self.remove(name)
        self.add(name, version, body)

    def check(self) -> tuple[int, str]:
        environment = dict(os.environ, PYTHONPATH=str(self.site))
        command = [self.python, ROOT / 'tools' / 'check_env.py']
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert result.stderr == '' and 'Traceback' not in result.stdout
        assert '://' not in result.stdout and 'index-url' not in result.stdout
        return result.returncode, result.stdout


@pytest.fixture
def fake(tmp_path, bare_python) -> FakeEnvironment:
    return FakeEnvironment(tmp_path / 'site', bare_python)


def row(output: str, name: str) -> str:
    """The line of a component with the command below it."""
    lines = output.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f'{name} '))
    following = lines[start + 1] if lines[start + 1].startswith('    ->') else ''
    return ' '.join((lines[start] + following).split())


def test_the_tested_set_is_ok(fake) -> None:
    status, output = fake.check()
    assert status == 0 and 'Everything works.' in output and 'not tested' not in output
    assert row(output, 'mmcv').endswith(
        '2.1.0 OK: without compiled operators (enough for top-down networks)'
    )


def test_an_older_set_with_compiled_operators_is_ok(fake) -> None:
    fake.remove('mmcv-lite')
    fake.add('mmcv', '2.1.0')
    fake.replace('numpy', '1.26.4')
    fake.replace('xtcocotools', '1.14.3')
    status, output = fake.check()
    assert status == 0 and row(output, 'mmcv') == 'mmcv 2.1.0 2.1.0 OK'
    assert row(output, 'xtcocotools').endswith('OK')


def test_a_numpy_that_breaks_drawing(fake) -> None:
    fake.replace('numpy', '2.4.6')
    status, output = fake.check()
    assert status == 1 and 'FAIL: MMPose' in row(output, 'numpy')
    assert 'install "numpy<2.4"' in output


@pytest.mark.parametrize('name, version', [
    ('torch', '2.3.0+cu121'), ('numpy', '2.2.6'), ('setuptools', '69.0'),
    ('mmengine', '0.10.4'), ('scipy', '1.11.0'),
])  # fmt: skip
def test_another_version_that_works_is_no_failure(fake, name: str, version: str) -> None:
    fake.replace(name, version)
    status, output = fake.check()
    assert status == 0
    assert row(output, name).startswith(f'{name} {version}')
    assert row(output, name).endswith('OK (not tested)')


def test_a_torch_of_another_build_is_the_tested_one(fake) -> None:
    fake.replace('torch', check_env.read_pins()['torch'] + '+cpu')
    assert row(fake.check()[1], 'torch').endswith('OK')


BROKEN = {
    'xtcocotools with numpy 2': (
        'xtcocotools', '1.14.3', 'raise ValueError("numpy.dtype size changed, may indicate")',
        'FAIL: compiled for numpy 1, not 2.3.5', '-m pip uninstall -y xtcocotools; ',
    ),
    'torchvision of another build': (
        'torchvision', '0.29.1', 'raise RuntimeError("operator torchvision::nms does not exist")',
        'FAIL: it was built for another torch', '--no-deps "torchvision==0.29.*"',
    ),
    'mmcv for another torch': (
        'mmcv', '2.1.0', 'raise ImportError("_ext.so: undefined symbol: _ZN2at4_ops")',
        'FAIL: its operators were compiled for another torch', 'tools/install.py',
    ),
    'mmcv that crashes': (
        'mmcv', '2.1.0', 'import os; os.abort()',
        'FAIL: its operators were compiled for another torch', 'uninstall -y mmcv',
    ),
    'mmcv too new': (
        'mmcv', '2.2.0', '', 'FAIL: mmdet 3.3 accepts mmcv 2.0 and 2.1 only', 'uninstall -y mmcv',
    ),
    'a package that does not import': (
        'scipy', '1.17.1', 'import absent_module',
        "FAIL: ModuleNotFoundError: No module named 'absent_module'",
        '--force-reinstall --no-deps scipy==',
    ),
}  # fmt: skip


@pytest.mark.parametrize('case', BROKEN)
def test_what_is_known_to_break_names_its_fix(fake, case: str) -> None:
    name, version, body, problem, fix = BROKEN[case]
    if name == 'mmcv':
        fake.remove('mmcv-lite')
        fake.add(name, version, body)
    else:
        fake.replace(name, version, body)
    status, output = fake.check()
    assert status == 1
    assert problem in row(output, name) and fix in row(output, name)


@pytest.mark.parametrize('mmengine, status', [('0.10.7', 1), ('0.10.7+mssh1', 0)])
def test_only_the_repaired_mmengine_does_without_pkg_resources(
    fake, mmengine: str, status: int
) -> None:
    fake.replace('setuptools', '82.0')
    (fake.site / 'pkg_resources.py').write_text('raise ModuleNotFoundError("No module named")')
    fake.replace('mmengine', mmengine)
    got, output = fake.check()
    assert got == status
    if status:
        assert 'FAIL: this version has no pkg_resources' in row(output, 'setuptools')
        assert '-m pip install "setuptools<81"' in row(output, 'setuptools')


def test_mmengine_as_released_fails_on_python_3_14(monkeypatch) -> None:
    problem = 'Python 3.14 has no pkgutil.find_loader, which it calls'
    monkeypatch.setattr(check_env.sys, 'version_info', (3, 14, 1))
    assert check_env.known_problem('mmengine', '0.10.7', '') == problem
    assert check_env.known_problem('mmengine', '0.10.7+mssh1', '') == ''
    monkeypatch.setattr(check_env.sys, 'version_info', (3, 13, 0))
    assert check_env.known_problem('mmengine', '0.10.7', '') == ''


@pytest.mark.parametrize('version, status', [
    ((3, 10, 1), 'FAIL: mssh_mmpose needs Python 3.11 or newer'), ((3, 11, 9), 'OK'),
    ((3, 14, 0), 'OK'), ((3, 15, 0), 'OK (not tested)'),
])  # fmt: skip
def test_pythons(monkeypatch, version: tuple, status: str) -> None:
    monkeypatch.setattr(check_env.sys, 'version_info', version)
    assert check_env.check_python().status == status


def test_without_torch_what_needs_it_waits(fake) -> None:
    fake.remove('torch')
    status, output = fake.check()
    assert status == 1
    assert 'MISSING' in row(output, 'torch') and 'pip install torch==' in row(output, 'torch')
    assert 'WAITS' in row(output, 'mmengine') and 'WAITS' in row(output, 'mmcv')


def test_an_empty_environment(fake) -> None:
    shutil.rmtree(fake.site)
    status, output = fake.check()
    assert status == 1
    names = [{'mmcv-lite': 'mmcv'}.get(name, name) for name in check_env.read_pins()]
    # The interpreter of a virtual environment may come with setuptools.
    assert all('MISSING' in row(output, name) for name in names if name != 'setuptools')


@pytest.mark.parametrize('version, status', [('5.1.0', 1), ('4.13.0.92', 0)])
def test_two_builds_of_opencv(fake, version: str, status: int) -> None:
    # Of one version they are the same files; of two, one overwrites the other.
    fake.add('opencv-python', version)
    got, output = fake.check()
    assert got == status
    if status:
        line = row(output, 'opencv-python-headless')
        assert 'uninstall -y opencv-python-headless opencv-python;' in line


def test_opencv_with_a_window_is_opencv(fake) -> None:
    fake.remove('opencv-python-headless')
    fake.add('opencv-python', '4.13.0.92', '')
    (fake.site / 'cv2').mkdir()
    (fake.site / 'cv2' / '__init__.py').touch()
    assert fake.check()[0] == 0


def test_mmcv_lite_as_released_is_refused(fake) -> None:
    error = 'raise ModuleNotFoundError("No module named \'mmcv._ext\'")'
    fake.replace('mmcv-lite', '2.1.0', error)
    status, output = fake.check()
    assert status == 1 and 'this mmcv-lite lacks mmcv._ext' in row(output, 'mmcv')
    assert 'uninstall -y mmcv mmcv-lite; ' in row(output, 'mmcv')
    assert 'tools/install.py' in row(output, 'mmcv')


def test_mmcv_beside_mmcv_lite_is_refused(fake) -> None:
    fake.add('mmcv', '2.1.0')
    status, output = fake.check()
    assert status == 1 and 'mmcv and mmcv-lite overwrite each other' in row(output, 'mmcv')


def test_importing_without_mmengine_points_here(fake) -> None:
    fake.remove('mmengine')
    shutil.rmtree(fake.site / 'mssh_mmpose')
    environment = dict(os.environ, PYTHONPATH=f'{fake.site}{os.pathsep}{ROOT}')
    command = [fake.python, '-c', 'import mssh_mmpose']
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert 'tools/check_env.py' in result.stderr.splitlines()[-1]
