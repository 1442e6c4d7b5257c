"""Comparisons of networks over several seeds: what tools/study.py runs, and how it is judged."""
