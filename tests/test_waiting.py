import json
import subprocess

import pytest
import waiting


def test_seconds_of_steps_end_at_the_limit(monkeypatch, capsys) -> None:
    steps = []
    waiting.print_seconds(lambda: steps.append(0), 3)
    said = json.loads(capsys.readouterr().out)
    assert len(steps) == 4 and len(said['wall']) == len(said['cpu']) == 3
    monkeypatch.setattr(waiting, 'LIMIT', 0)
    waiting.print_seconds(lambda: steps.append(0), 3)
    assert len(json.loads(capsys.readouterr().out)['wall']) == 1


def test_busy_loops_end() -> None:
    with waiting.busy_loops(2) as loops:
        assert [loop.poll() for loop in loops] == [None, None]
    assert all(loop.poll() for loop in loops)


@pytest.mark.parametrize('runtime, policies', [
    ('libgomp-1.so', waiting.GOMP), ('libiomp5.so', waiting.KMP),
])  # fmt: skip
def test_tables_have_the_settings_of_the_runtime(
    monkeypatch, capsys, runtime: str, policies: dict
) -> None:
    monkeypatch.setenv('OMP_WAIT_POLICY', 'ACTIVE')
    started = []

    def process(command: list, env: dict, **kwargs) -> subprocess.CompletedProcess:
        started.append({name: env[name] for name in waiting.READ if name in env})
        seconds = 0.5 if 'OMP_WAIT_POLICY' in env else 1.0
        said = json.dumps(dict(wall=[9, seconds], cpu=[3.0, 2.0], runtime=runtime))
        return subprocess.CompletedProcess(command, 0, f'torch\n{said}\n')

    monkeypatch.setattr(waiting.subprocess, 'run', process)
    waiting.print_tables(['config.py'])
    lines = capsys.readouterr().out.splitlines()
    assert '| OMP_WAIT_POLICY=PASSIVE | 0.500 | 0.50 | 0.500 | 1.00 |' in lines
    assert '| glibc.malloc.hugetlb=1 | 1.000 | 2.000 | 1.00 |' in lines
    assert [name for name in policies if any(f'| {name} |' in line for line in lines)] == [
        *policies
    ]
    # Each policy ran alone and beside the loops, none under the caller's own.
    assert all(started.count(settings) == 2 * waiting.TURNS for settings in policies.values())
    assert dict(OMP_WAIT_POLICY='ACTIVE') not in started


def test_big_blocks_come_from_the_heap() -> None:
    code = 'import ctypes, waiting; waiting.keep_freed_memory(); libc = ctypes.CDLL(None); '
    code += 'libc.malloc.restype = ctypes.c_void_p; block = libc.malloc(2**25); '
    code += 'heap = [l for l in open("/proc/self/maps") if "[heap]" in l][0].split()[0]; '
    code += 'low, high = (int(x, 16) for x in heap.split("-")); print(low <= block < high)'
    command = [waiting.sys.executable, '-c', code]
    folder = waiting.Path(waiting.__file__).parent
    assert subprocess.run(command, cwd=folder, text=True, capture_output=True).stdout == 'True\n'
