"""Synthetic people in MPII's layout, the data set that needs no download."""

from .person import sample_person
from .scene import render_scene
from .writing import default_workers, write_dataset

__all__ = ['default_workers', 'render_scene', 'sample_person', 'write_dataset']
