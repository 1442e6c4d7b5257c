"""Several processes: starting them on CPUs, and the model inside their wrapper."""

import os
import subprocess

import torch.distributed
from mmengine.model import is_model_wrapper
from torch import nn

from ..errors import InputError

# What each launcher calls the values of torchrun: RANK, LOCAL_RANK, WORLD_SIZE.
_VARIABLES = dict(
    pytorch=('RANK', 'LOCAL_RANK', 'WORLD_SIZE'),
    slurm=('SLURM_PROCID', 'SLURM_LOCALID', 'SLURM_NTASKS'),
    mpi=('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_LOCAL_RANK', 'OMPI_COMM_WORLD_SIZE'),
)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model itself, without the wrapper of a distributed run."""
    return model.module if is_model_wrapper(model) else model


def init_cpu_processes(launcher: str) -> None:
    """Join the launcher's processes into a group that uses gloo.

    MMEngine's own initialisation selects a GPU first and fails without one. It keeps a group that
    already exists.

    Args:
        launcher: 'pytorch' (torchrun), 'slurm' or 'mpi'.

    Raises:
        InputError: If the launcher's environment variables are not set.
    """
    missing = [name for name in _VARIABLES[launcher] if name not in os.environ]
    if missing:
        raise InputError(
            f'--launcher {launcher} needs the environment variables {", ".join(missing)}: '
            f'start the processes with {_start_command(launcher)}.'
        )
    for name, source in zip(_VARIABLES['pytorch'], _VARIABLES[launcher]):
        os.environ[name] = os.environ[source]
    if launcher == 'slurm' and 'MASTER_ADDR' not in os.environ:
        nodes = os.environ['SLURM_NODELIST']
        listing = subprocess.run(
            ['scontrol', 'show', 'hostnames', nodes], check=True, capture_output=True, text=True
        )
        os.environ['MASTER_ADDR'] = listing.stdout.split()[0]
    os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
    os.environ.setdefault('MASTER_PORT', '29500')
    torch.distributed.init_process_group('gloo')


def _start_command(launcher: str) -> str:
    commands = dict(pytorch='tools/dist_train.sh or torchrun', slurm='srun', mpi='mpirun')
    return commands[launcher]
