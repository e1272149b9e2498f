"""Benchmarks: every budget of docs/architecture.md, measured by one command.

Knows nothing of how the parts work inside; it calls what users call. All data are synthetic except
in benchmarks/olist.py, which says so.
"""
