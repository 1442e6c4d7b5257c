"""Comparison of networks over several seeds, for tools/study.py."""
