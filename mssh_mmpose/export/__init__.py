"""Networks outside PyTorch: ONNX files, their checks, quantisation, and publishing.

``import mssh_mmpose`` does not import this package, and its modules import the runtimes only where
they use them, so that training needs none of ``requirements/export.txt``.
"""

from .decoding import decode_peaks, decode_signed_peaks
from .network import DeployedNetwork

__all__ = ['DeployedNetwork', 'decode_peaks', 'decode_signed_peaks']
