"""The library behind CrossRay's programs, independent of Snakemake.

The modules of this folder are the shared base: facts and formats. The four folders are wings, which import the base
and never one another: they exchange only files.
"""
