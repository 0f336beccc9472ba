"""The study: its configuration, plan, file paths, and the settings of each stage.

Independent of Snakemake and of the wings: readers of data sets pass their own settings in.
"""
