from .model import Person, PoseModel, StackHeatmaps, load_model

__all__ = ['Person', 'PoseModel', 'StackHeatmaps', 'load_model']
