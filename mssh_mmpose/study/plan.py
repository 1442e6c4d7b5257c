"""What a study consists of, read from YAML."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from ..config import merge_options
from ..errors import InputError

DIRECTIONS = ('better', 'worse')


@dataclass(frozen=True)
class Variant:
    """A network to train, once for each seed.

    Attributes:
        name: Also the name of its folder.
        config: Config file.
        seeds: Seeds of its runs.
        options: Settings of the config to change, by dotted keys; those of the study first.
    """

    name: str
    config: str
    seeds: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def make_config(self, seed: int) -> Config:
        """Give the config of one run.

        It has ``EpochSeedHook``, which the same data for all and a resumption to the same numbers
        need.

        Raises:
            InputError: If an option is no setting of the config, or does not fit.
        """
        cfg = Config.fromfile(self.config)
        try:
            merge_options(cfg, {**self.options, 'randomness.seed': seed})
        except ValueError as error:
            raise InputError(f'variant {self.name}, options {error}') from error
        hooks = cfg.get('custom_hooks') or []
        if all(hook['type'] != 'EpochSeedHook' for hook in hooks):
            cfg.custom_hooks = [*hooks, dict(type='EpochSeedHook')]
            cfg.train_dataloader.persistent_workers = False  # as the hook demands
        return cfg


@dataclass(frozen=True)
class Comparison:
    """Two variants.

    Attributes:
        variant: Name of one.
        against: Name of the other.
        question: What the comparison answers.
        paper: What the paper says of the first: 'better', 'worse', or None if nothing.
    """

    variant: str
    against: str
    question: str
    paper: str | None = None


@dataclass(frozen=True)
class Study:
    """Variants, in the order in which they are trained and listed, and what is compared."""

    name: str
    title: str
    variants: tuple[Variant, ...]
    comparisons: tuple[Comparison, ...]

    def runs(self) -> list[tuple[Variant, int]]:
        """Variants with their seeds; the first seeds of all come before the second ones."""
        seeds = sorted({seed for variant in self.variants for seed in variant.seeds})
        return [(v, seed) for seed in seeds for v in self.variants if seed in v.seeds]


def read_study(path: str | Path) -> Study:
    """Read a study.

    The file holds ``title``; ``seeds`` and ``options`` for all; ``variants``, a list of the fields
    of :class:`Variant`, whose seeds replace those for all and whose options are added; and
    ``comparisons``, a list of the fields of :class:`Comparison`. The study is named like the file.

    Raises:
        FileNotFoundError: If there is no such file, or a config is missing.
        InputError: If something is missing, unknown or of another kind; says what.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'study {path} not found.')
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except yaml.YAMLError as error:
        raise InputError(f'{path} is not YAML: {error}') from error
    _check_keys(str(path), content, ('title', 'variants'), ('seeds', 'options', 'comparisons'))
    seeds, options = content.get('seeds', [0]), content.get('options') or {}
    if not isinstance(content['variants'], list):
        raise InputError(f'{path}: expected a list of variants, got {content["variants"]!r}.')
    variants = tuple(
        _variant(f'{path}, variant {number}', fields, seeds, options)
        for number, fields in enumerate(content['variants'], 1)
    )
    names = [variant.name for variant in variants]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(f'{path}: two variants are called {twice[0]}.')
    comparisons = tuple(
        _comparison(f'{path}, comparison {number}', fields, names)
        for number, fields in enumerate(content.get('comparisons') or [], 1)
    )
    return Study(path.stem, content['title'], variants, comparisons)


def _comparison(place: str, fields: dict, names: Sequence[str]) -> Comparison:
    _check_keys(place, fields, ('variant', 'against', 'question'), ('paper',))
    for key in ('variant', 'against'):
        if fields[key] not in names:
            raise InputError(
                f'{place}: {fields[key]} is no variant, expected one of {", ".join(names)}.'
            )
    if fields.get('paper') not in (None, *DIRECTIONS):
        raise InputError(
            f'{place}: paper must be one of {", ".join(DIRECTIONS)}, got {fields["paper"]!r}.'
        )
    return Comparison(**fields)


def _variant(place: str, fields: dict, seeds: Sequence[int], options: dict[str, Any]) -> Variant:
    _check_keys(place, fields, ('name', 'config'), ('seeds', 'options'))
    fields = dict(fields)
    if not re.fullmatch(r'[\w.+-]+', str(fields['name'])):
        raise InputError(
            f'{place}: expected a name of letters, digits and ._+-, got {fields["name"]!r}.'
        )
    fields['name'] = str(fields['name'])
    seeds, own = fields.get('seeds', seeds), fields.get('options') or {}
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int for seed in seeds):
        raise InputError(f'{place}: expected a list of whole numbers as seeds, got {seeds}.')
    if len(set(seeds)) < len(seeds):
        raise InputError(f'{place}: a seed comes twice in {seeds}.')
    if not isinstance(options, dict) or not isinstance(own, dict):
        raise InputError(f'{place}: expected keys and values as options, got {options} and {own}.')
    fields.update(seeds=tuple(seeds), options={**options, **own})
    if not Path(fields['config']).is_file():
        raise FileNotFoundError(f'{place}: config {fields["config"]} not found.')
    return Variant(**fields)


def _check_keys(place: str, found: Any, needed: Sequence[str], known: Sequence[str]) -> None:
    if not isinstance(found, dict):
        raise InputError(f'{place}: expected names and values, got {found!r}.')
    missing = [key for key in needed if not found.get(key)]
    unknown = [key for key in found if key not in (*needed, *known)]
    if missing or unknown:
        raise InputError(
            f'{place}: {", ".join(missing) or "nothing"} is missing, '
            f'{", ".join(map(str, unknown)) or "nothing"} is unknown; expected '
            f'{", ".join((*needed, *known))}.'
        )


def fingerprint(cfg: Config) -> str:
    """Hash of a whole config: a run of another one is another run."""
    text = json.dumps(cfg.to_dict(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
