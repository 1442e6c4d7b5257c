"""Splits of MPII's people, and their files."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from ...errors import InputError
from ...markdown import markdown_table
from ..mpii_meta import MPII_JOINTS
from .mpii import NUM_JOINTS, MpiiPerson
from .mpii_ground_truth import mpii_ground_truth_bytes

SAME_CENTER = 1.0
"""Pixels by which the centre of a person may differ between the official file and a JSON."""

SCORED = ('val', 'trainval')
"""Splits for which the ground truth of PCKh is written."""


def read_person_list(path: str) -> dict[tuple[str, int], int]:
    """Read a list of people: an image name and the number of the person (from 1) in each line.

    Separated by space or comma; empty lines and comments after # are ignored.

    Returns:
        The line number of each (image, person).

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If a line is not such a pair, or comes twice.
    """
    people: dict[tuple[str, int], int] = {}
    with open(path, encoding='utf-8', errors='replace') as file:
        for number, line in enumerate(file, 1):
            words = line.partition('#')[0].replace(',', ' ').split()
            if not words:
                continue
            if len(words) != 2 or not words[1].isdigit() or int(words[1]) < 1:
                raise InputError(
                    f'{path}, line {number}: expected an image and the number of a person from 1, '
                    f'got {line.strip()[:60]!r}.'
                )
            key = (words[0], int(words[1]))
            if key in people:
                raise InputError(
                    f'{path}, line {number}: {line.strip()!r} is in line {people[key]} too.'
                )
            people[key] = number
    return people


def find_people(
    path: str, entries: Sequence[dict], people: Sequence[MpiiPerson]
) -> dict[tuple[str, int], int]:
    """Find the people of MMPose's JSON in the official file, by image and centre.

    Args:
        path: Name of the JSON, for messages.
        entries: Its people (:func:`read_people`).
        people: All of the official file.

    Returns:
        The place in the JSON, from 0, of each (image, person).

    Raises:
        InputError: If somebody is not there, or twice.
    """
    of_image = defaultdict(list)
    for person in people:
        if person.train and reason_to_leave_out(person) is None:
            of_image[person.image].append(person)
    found: dict[tuple[str, int], int] = {}
    for number, entry in enumerate(entries):
        name = f'{path}, person {number} ({entry["image"]})'
        there = of_image[entry['image']]
        try:
            centers = np.reshape([person.center for person in there], (-1, 2))
            distances = np.abs(centers - np.reshape(entry['center'], 2)).max(axis=1)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f'{name}: expected x and y of its center: {error}') from error
        near = np.flatnonzero(distances <= SAME_CENTER)
        if len(near) != 1:
            raise InputError(
                f'{name}: {len(near)} of the {len(there)} annotated people of this image in the '
                f'official file have its center {entry["center"]}, expected one.'
            )
        key = (entry['image'], there[near[0]].person)
        if key in found:
            raise InputError(f'{name} is person {found[key]}, too.')
        found[key] = number
    return found


def reason_to_leave_out(person: MpiiPerson) -> str | None:
    """Return what a person lacks: joints to train on, or a place to crop; None if nothing."""
    if person.train and not person.labelled.any():
        return 'joints'
    if person.center is None:
        return 'objpos'
    if person.scale is None or person.scale <= 0:
        return 'scale'
    return None


def split_people(
    people: Sequence[MpiiPerson], val: dict[tuple[str, int], int] | None = None
) -> dict[str, list[MpiiPerson]]:
    """Sort people into the splits.

    Args:
        people: All of the file.
        val: Validation people of :func:`read_person_list` or :func:`find_people`.

    Returns:
        'train' and 'val' (without a list 'trainval'), and 'test', without people who lack something
        (:func:`reason_to_leave_out`). Validation people are in the order of the list.

    Raises:
        InputError: If a listed person is not annotated in a training image, or nobody is usable.
    """
    usable = [person for person in people if reason_to_leave_out(person) is None]
    annotated = [person for person in usable if person.train]
    test = [person for person in usable if not person.train]
    training = [person for person in people if person.train]
    if training and not annotated:
        first = training[0]
        raise InputError(
            f'none of the {len(training)} people in training images can be used: person '
            f'{first.person} of {first.image} has no {reason_to_leave_out(first)}.'
        )
    if val is None:
        return {'trainval': annotated, 'test': test}
    known = {(person.image, person.person): person for person in annotated}
    for (image, number), line in val.items():
        if (image, number) not in known:
            raise InputError(
                f'line {line} of the list: person {number} of {image} is not an annotated person '
                'of a training image.'
            )
    return {
        'train': [p for p in annotated if (p.image, p.person) not in val],
        'val': [known[key] for key in val],
        'test': test,
    }


def to_json(people: Sequence[MpiiPerson]) -> Iterator[dict]:
    """Return the entries of MMPose's MPII JSON, 1-based as in the file, and more of the file.

    ``joints_occluded`` is 1 for joints that are labelled and not visible; ``image_index`` and
    ``person`` find the person in the official file; ``single_person`` is the file's.
    """
    for person in people:
        yield dict(
            image=person.image,
            center=person.center.tolist(),
            scale=person.scale,
            joints=person.joints.tolist(),
            joints_vis=person.labelled.astype(int).tolist(),
            joints_occluded=person.occluded.astype(int).tolist(),
            image_index=person.image_index,
            person=person.person,
            single_person=person.single_person,
        )


def head_boxes(people: Sequence[MpiiPerson]) -> np.ndarray:
    """Return the head boxes (N, 2, 2), 1-based; zero if the file has none, which PCKh refuses."""
    boxes = [np.zeros((2, 2)) if p.headbox is None else p.headbox for p in people]
    return np.reshape(boxes, (len(people), 2, 2))


def describe_people(people: Sequence[MpiiPerson]) -> str:
    """Return Markdown: how many joints are labelled, and what share of them is occluded."""
    labelled = np.reshape([person.labelled for person in people], (-1, NUM_JOINTS))
    occluded = np.reshape([person.occluded for person in people], (-1, NUM_JOINTS))
    names = [*MPII_JOINTS, 'all']
    counts = [*labelled.sum(axis=0), labelled.sum()]
    hidden = [*occluded.sum(axis=0), occluded.sum()]
    rows = [
        (name, count, f'{100 * part / max(count, 1):.1f}')
        for name, count, part in zip(names, counts, hidden)
    ]
    return markdown_table(['joint', 'labelled', 'occluded (%)'], rows)


def split_files(splits: dict[str, Sequence[MpiiPerson]]) -> dict[str, bytes]:
    """Return the content of the splits' files by name: people and, if scored, ground truth."""
    files = {}
    for split, people in splits.items():
        files[f'mpii_{split}.json'] = json.dumps(list(to_json(people))).encode()
        if split in SCORED:
            joints = np.reshape([p.joints for p in people], (len(people), NUM_JOINTS, 2))
            labelled = np.reshape([p.labelled for p in people], (len(people), NUM_JOINTS))
            truth = mpii_ground_truth_bytes(joints, labelled, head_boxes(people))
            files[f'mpii_gt_{split}.mat'] = truth
    return files


def describe_splits(people: Sequence[MpiiPerson], splits: dict[str, Sequence[MpiiPerson]]) -> str:
    """Describe the splits: how many people they have, who is left out, and the labels."""
    lines = [
        f'{split}: {len(chosen)} people in {len({person.image for person in chosen})} images'
        for split, chosen in splits.items()
    ]
    lacking = Counter(filter(None, map(reason_to_leave_out, people)))
    counts = ', '.join(f'{count} without {what}' for what, count in lacking.items())
    lines.append(f'left out: {sum(lacking.values())} people' + (f': {counts}' if counts else ''))
    validated = {person.image for person in splits.get('val', ())}
    beside = sum(person.image in validated for person in splits.get('train', ()))
    if beside:
        lines.append(f'train: {beside} people are in images of validation people, too')
    repeated = sum(person.repeated for person in people)
    if repeated:
        lines.append(f'joints given more than once: {repeated}; the first annotation is used')
    for split in set(SCORED) & set(splits):
        headless = sum(not np.ptp(box, axis=0).all() for box in head_boxes(splits[split]))
        if headless:
            lines.append(f'{split}: {headless} people without a head box, whom PCKh cannot score')
    trained = [person for split, chosen in splits.items() if split != 'test' for person in chosen]
    return '\n'.join([*lines, '', describe_people(trained)])
