"""Two models, two labellings, two kinds of sources, our numbers and the paper's: what compares two things."""


rule compare_outputs:
    """Compare outputs image by image."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("outputs"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "Bland-Altman limits of every pair of models"},
        ),
        points=layout.table("output_points"),
        extremes=layout.table("output_extremes"),
    log:
        "<log>/compare_outputs.log",
    benchmark:
        "<benchmark>/compare_outputs.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.compare_outputs(PLAN).to_json(),
        code=code_version("compare_outputs"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/compare_outputs.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --points {output.points:q} \
            --extremes {output.extremes:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule compare_labels:
    """Compare labellings of the same radiographs, and the drop due to the labelling alone."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        pairs=rules.audit_leakage.output.pairs,
    output:
        table=report(
            layout.table("label_agreement"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "agreement of two labellings"},
        ),
        control=report(
            layout.table("label_control"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "models tested by two labellings"},
        ),
    log:
        "<log>/compare_labels.log",
    benchmark:
        "<benchmark>/compare_labels.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.analysis(PLAN).to_json(),
        code=code_version("compare_labels"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/compare_labels.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --pairs {input.pairs:q} \
            --control {output.control:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule compare_domains:
    """Compare models trained on the target's own, all other and all data sets: leave one domain out."""
    input:
        performance=rules.measure_performance.output.table,
        replicates=rules.measure_performance.output.replicates,
    output:
        table=report(
            layout.table("domains"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "leave one domain out"},
        ),
    log:
        "<log>/compare_domains.log",
    benchmark:
        "<benchmark>/compare_domains.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=lasts(30),
    params:
        code=code_version("compare_domains"),
    shell:
        """
        python {resources.scripts:q}/compare_domains.py \
            --performance {input.performance:q} \
            --replicates {input.replicates:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule compare_paper:
    """Compare the study's numbers with those of Cohen et al. (2020)."""
    input:
        tables=paper_tables,
        paper=[str(CHECKOUT / f"resources/cohen2020/{name}.csv") for name in PAPER_NUMBERS],
    output:
        table=report(
            layout.table("paper"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "ours and the paper's, cell by cell"},
        ),
        summary=report(
            layout.table("paper_summary"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "ours and the paper's, by quantity"},
        ),
    log:
        "<log>/compare_paper.log",
    benchmark:
        "<benchmark>/compare_paper.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(30),
    params:
        settings=stage_settings.analyses.compare_paper(PLAN).to_json(),
        code=code_version("compare_paper"),
        paper=lambda wildcards, input: str(Path(input.paper[0]).parent),
    shell:
        """
        python {resources.scripts:q}/compare_paper.py \
            --tables {input.tables:q} \
            --paper {params.paper:q} \
            --settings {params.settings:q} \
            --summary {output.summary:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule summarise_models:
    """Average each model's internal and external cells, compared with the first model's."""
    input:
        performance=rules.measure_performance.output.table,
        replicates=rules.measure_performance.output.replicates,
        records=of_trainings(layout.RECORD, PLAN.reported_models),
    output:
        table=report(
            layout.table("models"),
            caption="../report/models.rst",
            category="Tables",
            labels={"table": "models compared"},
        ),
    log:
        "<log>/summarise_models.log",
    benchmark:
        "<benchmark>/summarise_models.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=lasts(30),
    params:
        settings=stage_settings.analyses.summarise_models(PLAN).to_json(),
        code=code_version("summarise_models"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/summarise_models.py \
            --performance {input.performance:q} \
            --replicates {input.replicates:q} \
            --models {params.study:q}/models \
            --settings {params.settings:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule measure_sweeps:
    """Measure the points of sweeps, and the value that each selection method would have chosen."""
    input:
        predictions=predictions_of_sweeps,
        records=of_trainings(layout.RECORD, PLAN.models),
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("sweeps"),
            caption="../report/sweeps.rst",
            category="Tables",
            labels={"table": "points of sweeps"},
        ),
        choices=report(
            layout.table("choices"),
            caption="../report/sweeps.rst",
            category="Tables",
            labels={"table": "choices among them"},
        ),
    log:
        "<log>/measure_sweeps.log",
    benchmark:
        "<benchmark>/measure_sweeps.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.measure_sweeps(PLAN).to_json(),
        code=code_version("measure_sweeps"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_sweeps.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --models {params.study:q}/models \
            --settings {params.settings:q} \
            --output {output.table:q} \
            --choices {output.choices:q} \
            &>{log:q}
        """


rule compare_readers:
    """Measure models under each way of combining several readers, and how far they agree with each."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        labels=report(
            layout.table("reader_labels"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "results by what readers say"},
        ),
        agreement=report(
            layout.table("reader_agreement"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "agreement of readers and models"},
        ),
    log:
        "<log>/compare_readers.log",
    benchmark:
        "<benchmark>/compare_readers.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.analysis(PLAN).to_json(),
        code=code_version("compare_readers"),
        study=subpath(output.labels, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/compare_readers.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --labels {output.labels:q} \
            --agreement {output.agreement:q} \
            &>{log:q}
        """
