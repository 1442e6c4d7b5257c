"""Publishing of checkpoints: weights only, with a model card inside."""

import hashlib
import importlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmpose.registry import DATASETS
from torch import Tensor, nn

from .. import __version__
from ..config import CONFIGS, config_name, type_name
from ..dataset_config import parts, test_pipeline
from ..engine.commit import current_commit
from ..engine.stored_config import registered
from ..errors import InputError
from ..markdown import markdown_table

PACKAGES = ('torch', 'mmengine', 'mmcv', 'mmpose')
# Whoever loads a published file has these.
_REGISTERING = (*PACKAGES, 'torchvision', 'mmdet', 'mssh_mmpose')


def weights_only(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights of a network in float32, without the state of losses.

    Examples:
        >>> weights_only(nn.Linear(2, 1, bias=False).half())['weight'].dtype
        torch.float32
    """
    return {
        key: (value.float() if value.is_floating_point() else value).detach().cpu().contiguous()
        for key, value in network.state_dict().items()
        if '.loss_module.' not in key
    }


def plain(value: Any) -> Any:
    """Turn arrays, tuples and sets into lists, which ``torch.load(weights_only=True)`` accepts.

    Examples:
        >>> plain({'colors': np.array([[255, 128, 0]]), 'links': ((0, 1),)})
        {'colors': [[255, 128, 0]], 'links': [[0, 1]]}
    """
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value


def model_card(
    cfg: Config,
    meta: dict,
    dataset_meta: dict,
    metrics: dict | None,
    licence: str,
    notes: str = '',
) -> dict[str, Any]:
    """Collect the facts about a checkpoint that its users need, in plain types.

    Args:
        cfg: The config, read from a file.
        meta: Metadata of the checkpoint.
        dataset_meta: Parsed meta information of the data set.
        metrics: As ``tools/test.py --out`` writes them.
        licence: Terms of the training data.
        notes: Further sections, Markdown.
    """
    return plain(
        dict(
            model=Path(cfg.filename).stem,
            config=config_name(cfg.filename),
            dataset=dataset_meta['dataset_name'],
            training_data=training_data(cfg.train_dataloader.dataset),
            data_licence=licence,
            epoch=meta.get('epoch'),
            seed=meta.get('seed'),
            metrics=metrics or {},
            notes=notes,
            commit=current_commit(),
            versions=dict(
                mssh_mmpose=__version__,
                **{name: str(importlib.import_module(name).__version__) for name in PACKAGES},
            ),
        )
    )


def training_data(dataset: dict) -> list[str]:
    """Name the data sets in a data set's config, and their papers where their classes say.

    Examples:
        >>> training_data(dict(type='RepeatDataset', dataset=dict(type='LSPDataset')))[0][:40]
        'LSPDataset (Sam Johnson and Mark Evering'
    """
    leaves = [part for _, part in parts(dataset, '') if not {'dataset', 'datasets'} & part.keys()]
    return list(dict.fromkeys(map(_with_paper, leaves)))


def _with_paper(dataset: dict) -> str:
    name = type_name(dataset)
    paper = getattr(DATASETS.get(name), 'METAINFO', {}).get('paper_info') or {}
    facts = [paper[key] for key in ('author', 'title', 'year') if key in paper]
    return f'{name} ({", ".join(facts)})' if facts else name


def foreign_parts(cfg: Config) -> list[str]:
    """Return the parts of a network and its test's pipeline that are of the user's packages."""
    known = registered()
    names = set(_names(cfg.model.to_dict())) | set(_names([*test_pipeline(cfg)]))
    return sorted(name for name in names if any(map(_is_foreign, known.get(name, ()))))


def _names(part: Any) -> Iterator[str]:
    """Yield the types and blocks in a part of a config, without their scopes."""
    if isinstance(part, dict):
        kinds = (part[key] for key in ('type', 'block') if key in part)
        yield from (getattr(kind, '__name__', str(kind)).rpartition('.')[2] for kind in kinds)
    if isinstance(part, (dict, list, tuple)):
        for value in part.values() if isinstance(part, dict) else part:
            yield from _names(value)


def _is_foreign(kind: Any) -> bool:
    return getattr(kind, '__module__', 'torch').partition('.')[0] not in _REGISTERING


def card_text(card: dict[str, Any], file_name: str, folder: str = 'checkpoints/') -> str:
    """Describe a model card as Markdown.

    Args:
        card: The card, from :func:`model_card`.
        file_name: File name of the checkpoint.
        folder: Folder of the checkpoint in the commands: this project's, or '' for any other.
    """
    facts = {
        'config': f'`{card["config"]}`, also inside the file (`meta["cfg"]`)',
        'trained on': '; '.join(card['training_data']),
        'joints as in data set': card['dataset'],
        'terms of the training data': card['data_licence'],
        'epoch': card['epoch'],
        'seed': card['seed'],
        'published at commit': card['commit'],
        'versions': ', '.join(f'{name} {number}' for name, number in card['versions'].items()),
    }
    known = [(name, value) for name, value in facts.items() if value is not None]
    lines = [f'# {card["model"]}', '', f'Weights: `{file_name}`.', '']
    lines += [markdown_table(['', ''], known, 'll'), '', '## Results', '']
    metrics = [(name, f'{value:.2f}') for name, value in card['metrics'].items()]
    lines.append(markdown_table(['metric', 'value'], metrics) if metrics else 'None stated.')
    if card['notes']:
        lines += ['', card['notes']]
    configs = 'configs/' if (CONFIGS / card['config']).is_file() else ''
    use = [
        f'python tools/infer.py {folder}{file_name} picture.jpg',
        f'python tools/test.py {configs}{card["config"]} {folder}{file_name}',
    ]
    return '\n'.join([*lines, '', '## Use', '', '```', *use, '```', ''])


def pack(weights: dict[str, Tensor], meta: dict[str, Any]) -> tuple[bytes, str]:
    """Return the content of a checkpoint file and the first 8 hex digits of its SHA-256.

    Equal weights and notes have equal bytes, and so equal names.
    """
    buffer = io.BytesIO()
    torch.save(dict(meta=meta, state_dict=weights), buffer)
    content = buffer.getvalue()
    return content, hashlib.sha256(content).hexdigest()[:8]


def check_metrics(metrics: Any) -> dict[str, float]:
    """Return metrics if they are a dict of numbers.

    Raises:
        InputError: If they are not.

    Examples:
        >>> check_metrics({'lsp/PCK@0.2': 69.9})
        {'lsp/PCK@0.2': 69.9}
    """
    if not isinstance(metrics, dict) or not metrics:
        raise InputError('expected names and numbers, as tools/test.py --out FILE.json writes them')
    bad: list[str] = [
        str(name)
        for name, value in metrics.items()
        if isinstance(value, bool) or not isinstance(value, (int, float))
    ]
    if bad:
        raise InputError(f'expected numbers, but {", ".join(bad[:3])} is not one')
    return metrics
