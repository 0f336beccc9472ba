"""Figures and tables to one page."""


rule write_report:
    """Write the report: one HTML file with every figure and table inside."""
    input:
        performance=rules.measure_performance.output.table,
        transfer=rules.measure_transfer.output.transfer,
        summary=rules.measure_transfer.output.summary,
        flow=rules.summarise_datasets.output.flow,
        counts=rules.summarise_datasets.output.counts,
        labels=rules.summarise_datasets.output.labels,
        figures=expand(layout.FIGURE, figure=FIGURES, kind=["svg", "png", "json"]),
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        indexes=study_indexes,
        records=of_trainings(layout.RECORD, PLAN.models),
        templates=[f"{TEMPLATES}/{name}" for name in ("report.html.j2", "report.css", "report.js")],
        citation=str(CHECKOUT / "CITATION.cff"),
        references=str(CHECKOUT / "resources/methods/references.bib"),
    output:
        html=report(
            layout.REPORT,
            caption="../report/report.rst",
            category="Report",
            labels={"page": "the whole report"},
        ),
    log:
        "<log>/write_report.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        templates=TEMPLATES,
        mem_mb=grows(1000),
        runtime=lasts(20),
    params:
        settings=report_settings(PLAN, DATA.readings, FIGURES, TABLES),
        code=code_version("write_report", *contract_modules(ALL_TABLES)),
        study=subpath(output.html, parent=True),
    shell:
        """
        python {resources.scripts:q}/write_report.py \
            --study {params.study:q} \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --templates {resources.templates:q} \
            --citation {input.citation:q} \
            --references {input.references:q} \
            --output {output.html:q} \
            &>{log:q}
        """
