from ..structures import Person, StackHeatmaps
from .model import PoseModel, load_model

__all__ = ['Person', 'PoseModel', 'StackHeatmaps', 'load_model']
