"""Tables, histories and images to pictures: each figure of the registry as SVG, as PNG and with its words."""

#: what Snakemake's own report says under each figure; as a param of its rule it would draw the figure again
config = config | {"captions": {name: figure.caption for name, figure in ALL_FIGURES.items()}}


rule draw_figure:
    """Draw a figure of the registry."""
    input:
        tables=figure_tables,
        files=figure_files,
    output:
        svg=report(
            "<study>/figures/{figure}.svg",
            caption="../report/figure.rst",
            category=lambda wildcards: CATEGORIES[wildcards.figure],
            labels=lambda wildcards: {"figure": ALL_FIGURES[wildcards.figure].label},
        ),
        png="<study>/figures/{figure}.png",
        words="<study>/figures/{figure}.json",
    log:
        "<log>/draw_figure/{figure}.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(20),
    params:
        settings=figure_settings,
        code=lambda wildcards: code_version("draw_figure", *figure_modules(wildcards)),
        folders=figure_folders,
    shell:
        """
        python {resources.scripts:q}/draw_figure.py \
            --figure {wildcards.figure:q} \
            --tables {input.tables:q} \
            --folders {params.folders:q} \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --caption {output.words:q} \
            &>{log:q}
        """
