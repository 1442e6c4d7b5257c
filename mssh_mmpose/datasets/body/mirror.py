"""Left and right of joints."""


def mirrored_name(name: str) -> str:
    """The joint that a left-right flip of the image turns ``name`` into.

    >>> mirrored_name('left_hip'), mirrored_name('pelvis')
    ('right_hip', 'pelvis')
    """
    side, _, part = name.partition('_')
    return {'left': f'right_{part}', 'right': f'left_{part}'}.get(side, name)
