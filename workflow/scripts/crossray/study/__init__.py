"""The study: its configuration, what it plans to do, where its files lie, and what each stage is told.

Knows nothing of Snakemake, and of no wing: readers of data sets hand their own settings in.
"""
