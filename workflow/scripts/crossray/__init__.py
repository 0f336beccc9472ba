"""The library behind CrossRay's programs; it knows nothing of Snakemake.

The modules of this folder are the ground floor: facts and formats that everything stands on. The four
folders are wings, which import the ground floor and never one another: what passes between them is a file.
"""
