"""Command lines of training and testing; ``tools/`` and ``python -m`` start the same code."""
