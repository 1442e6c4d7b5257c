"""The definition of a study, read from YAML."""

import re
import reprlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from mmengine.config import Config
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ..config import find_config, merge_options, read_config, type_name
from ..errors import InputError

# Far more than a study needs; YAML's aliases can stand for billions.
MAX_YAML_NODES = 100_000

# A study takes the settings of a run from these sections of its config.
SECTIONS = ('model', 'train_dataloader', 'train_cfg', 'test_dataloader', 'test_evaluator')


def check_once(values: Sequence) -> Sequence:
    """Return the values; raise ValueError if one comes twice."""
    value, number = Counter(values).most_common(1)[0]
    if number > 1:
        raise ValueError(f'{value} comes {number} times')
    return values


def check_seedless(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options; raise ValueError if they set the seed."""
    if any(key.split('.')[0] == 'randomness' for key in options):
        raise ValueError('randomness is set by the seeds')
    return options


# Names of folders: no '..', nothing hidden.
Name = Annotated[str, Field(pattern=r'^[A-Za-z0-9_][A-Za-z0-9._+-]*$', max_length=100)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]  # what NumPy takes
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(check_once)]
Options = Annotated[dict[str, Any], AfterValidator(check_seedless)]
Text = Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """Immutable settings, of which unknown ones are errors."""

    model_config = ConfigDict(extra='forbid', frozen=True)


class Variant(Settings):
    """A network to train, once for each seed.

    Attributes:
        name: Also the name of its folder.
        config: Config file, or package::path.
        seeds: Seeds of its runs, by default those of the study.
        options: Settings of the config to change, by dotted keys, over those of the study.
    """

    name: Name
    config: Annotated[str, AfterValidator(find_config)]
    seeds: Seeds | None = None
    options: Options = {}

    def make_config(self, seed: int) -> Config:
        """Make the config of one run.

        ``EpochSeedHook`` is added, so that all runs see the same data, and resumed runs end with
        the same numbers.

        Raises:
            InputError: If an option is not a setting of the config or does not fit, or if the
                config has no training or test.
        """
        cfg = read_config(self.config)
        try:
            merge_options(cfg, {**self.options, 'randomness.seed': seed})
        except ValueError as error:
            raise InputError(f'variant {self.name}, options {error}') from error
        missing = [section for section in SECTIONS if not cfg.get(section)]
        if missing:
            raise InputError(f'variant {self.name}: {self.config} lacks {", ".join(missing)}.')
        hooks = cfg.get('custom_hooks') or []
        if all(type_name(hook) != 'EpochSeedHook' for hook in hooks):
            cfg.custom_hooks = [*hooks, dict(type='EpochSeedHook')]
            cfg.train_dataloader.persistent_workers = False  # as the hook demands
        return cfg


class Comparison(Settings):
    """A comparison of two variants.

    Attributes:
        variant: Name of one.
        against: Name of the other.
        question: What the comparison answers.
        paper: What the paper reports for the first variant, if anything.
    """

    variant: str
    against: str
    question: Text
    paper: Literal['better', 'worse'] | None = None


class Study(Settings):
    """A study: its variants, in the order of training and listing, and its comparisons.

    Attributes:
        name: That of the file.
        title: Heading of the summary.
        seeds: Seeds of variants without seeds.
        options: Options of all variants.
        variants: Variants with seeds and options filled in.
        comparisons: Comparisons between two variants.
    """

    name: Name
    title: Text
    seeds: Seeds = (0,)
    options: Options = {}
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]
    comparisons: tuple[Comparison, ...] = ()

    @field_validator('variants')
    @classmethod
    def _fill(cls, variants: tuple[Variant, ...], info) -> tuple[Variant, ...]:
        check_once([variant.name for variant in variants])
        seeds, options = info.data.get('seeds', (0,)), info.data.get('options', {})
        return tuple(
            v.model_copy(update=dict(seeds=v.seeds or seeds, options={**options, **v.options}))
            for v in variants
        )

    @model_validator(mode='after')
    def _compares_variants(self) -> 'Study':
        names = [variant.name for variant in self.variants]
        for comparison in self.comparisons:
            if comparison.variant == comparison.against:
                raise ValueError(f'comparisons: {comparison.variant} is compared with itself')
            for name in (comparison.variant, comparison.against):
                if name not in names:
                    raise ValueError(
                        f'comparisons: {name} is not a variant, expected one of {", ".join(names)}'
                    )
        return self

    def runs(self) -> list[tuple[Variant, int]]:
        """Variants with their seeds; the first seeds of all come before the second ones."""
        seeds = sorted({seed for variant in self.variants for seed in variant.seeds})
        return [(v, seed) for seed in seeds for v in self.variants if seed in v.seeds]


def read_study(path: str | Path) -> Study:
    """Read a study from a file of the fields of :class:`Study` but its name.

    Raises:
        InputError: If something is missing, unknown or of another kind; lists all of it.
    """
    path = Path(path)
    try:
        content = read_yaml(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise InputError(f'study {path} cannot be read: {error.strerror}.') from error
    except (ValueError, yaml.YAMLError) as error:
        problem = ' '.join(str(error).split())
        raise InputError(f'study {path} is not usable YAML: {problem}') from error
    if not isinstance(content, dict) or 'name' in content:
        raise InputError(
            f'study {path}: expected title, variants and so on, and no name, which is that of the '
            f'file; got {reprlib.repr(content)}.'
        )
    try:
        return Study.model_validate({**content, 'name': path.stem})
    except ValidationError as error:
        problems = '; '.join(_problems(error.errors()))
        raise InputError(f'study {path}: {problems}. See docs/studies.md.') from error


class _Loader(yaml.SafeLoader):
    """Reads 6e-3 as a number, which YAML 1.2 does and PyYAML does not."""


_Loader.add_implicit_resolver(
    'tag:yaml.org,2002:float',
    re.compile(r'[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$'),
    list('-+.0123456789'),
)


def read_yaml(text: str) -> Any:
    """Read YAML whose aliases stand for a bounded number of values.

    Raises:
        ValueError: If they stand for more, for themselves, or if it is nested too deeply.
        yaml.YAMLError: If it is not YAML.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if _size(node, {}) > MAX_YAML_NODES:
            raise ValueError(f'its aliases stand for more than {MAX_YAML_NODES} values')
        return loader.construct_document(node) if node else None
    except RecursionError as error:
        raise ValueError('it is nested too deeply, or holds itself') from error
    finally:
        loader.dispose()


def _size(node: yaml.Node | None, known: dict[int, int]) -> int:
    """Number of values that a node stands for; ``known`` has those of nodes met before."""
    if id(node) not in known:
        parts = node.value if isinstance(node, yaml.CollectionNode) else []
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in parts for part in pair]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _problems(errors: list[dict]) -> list[str]:
    """Describe errors of pydantic; without that a list is too short since its items are wrong."""
    places = [error['loc'] for error in errors]
    return [
        _problem(error)
        for error in errors
        if error['type'] != 'too_short' or all(p[:-1] != error['loc'] for p in places)
    ]


def _problem(error: dict) -> str:
    """Describe an error of pydantic in one line, with the place in the file counted from 1."""
    place = ' '.join(str(p + 1) if isinstance(p, int) else p for p in error['loc'])
    message = re.sub('^Value error, ', '', error['msg']).removesuffix('.')
    if error['type'] in ('missing', 'value_error'):
        return f'{place}: {message}' if place else message
    return f'{place}: {message}, got {reprlib.repr(error["input"])}'
