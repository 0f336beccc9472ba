"""What a study gives to the paper about it: a folder to write from, and to deposit."""


rule typeset_figure:
    """Draw a figure of the registry at a journal's width."""
    input:
        tables=figure_tables,
        files=figure_files,
    output:
        svg="<study>/paper/figures/{figure}.svg",
        pdf="<study>/paper/figures/{figure}.pdf",
        words="<study>/paper/figures/{figure}.json",
    log:
        "<log>/typeset_figure/{figure}.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(20),
    params:
        settings=figure_settings,
        code=lambda wildcards: code_version("typeset_figure", *figure_modules(wildcards)),
        folders=paper_figure_folders,
    shell:
        """
        python {resources.scripts:q}/typeset_figure.py \
            --figure {wildcards.figure:q} \
            --tables {input.tables:q} \
            --folders {params.folders:q} \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --pdf {output.pdf:q} \
            --caption {output.words:q} \
            &>{log:q}
        """


rule write_paper:
    """Write methods, checklists, captions and references, and describe the folder as an RO-Crate."""
    input:
        report=rules.write_report.output.html,
        tables=[f"<study>/{ALL_TABLES[name].path}" for name in TABLES],
        manifests=study_manifests,
        digests=study_digests,
        indexes=study_indexes,
        figures=expand(layout.PAPER_FIGURE, figure=FIGURES, kind=["svg", "pdf", "json"]),
        references=rules.write_report.input.references,
        checklists=[str(CHECKOUT / f"resources/methods/{name}.csv") for name in CHECKLISTS],
    output:
        texts=expand(layout.PAPER, file=PAPER_TEXTS),
        tables=expand(layout.PAPER_TABLE, table=TABLES),
        printed=expand(layout.PAPER_PRINTED, table=[name for name in PRINTED if name in TABLES], kind=PRINTED_KINDS),
        crate=layout.PAPER.format(file="ro-crate-metadata.json"),
    log:
        "<log>/write_paper.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(20),
    params:
        settings=report_settings(PLAN, DATA.readings, FIGURES, TABLES),
        code=code_version("write_paper", *contract_modules(ALL_TABLES)),
        study=subpath(input.report, parent=True),
        folder=subpath(output.crate, parent=True),
    shell:
        """
        python {resources.scripts:q}/write_paper.py \
            --study {params.study:q} \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --references {input.references:q} \
            --checklists {input.checklists:q} \
            --output {params.folder:q} \
            &>{log:q}
        """
