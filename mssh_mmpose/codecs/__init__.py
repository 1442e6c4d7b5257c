from .signed_heatmap import SignedHeatmap

__all__ = ['SignedHeatmap']
