"""Benchmarks: ratios of runs side by side, never assertions in tests."""
