"""Questions to the predictions, one rule and one module per question; comparisons of two things are in comparisons.smk."""


rule summarise_datasets:
    """Count images, patients, labels, views, sex and age of each data set."""
    input:
        manifests=study_manifests,
        digests=study_digests,
        indexes=study_indexes,
        rejected=expand(layout.REJECTED, dataset=PLAN.here, shape=SHAPE),
    output:
        flow=report(
            layout.table("flow"),
            caption="../report/datasets.rst",
            category="Tables",
            labels={"table": "from rows to labelled images"},
        ),
        counts=report(
            layout.table("datasets"),
            caption="../report/datasets.rst",
            category="Tables",
            labels={"table": "images and patients of each data set"},
        ),
        labels=report(
            layout.table("labels"),
            caption="../report/datasets.rst",
            category="Tables",
            labels={"table": "labels of each data set"},
        ),
    log:
        "<log>/summarise_datasets.log",
    benchmark:
        "<benchmark>/summarise_datasets.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(30),
    params:
        settings=stage_settings.data.summarise_datasets(PLAN).to_json(),
        code=code_version("summarise_datasets"),
        manifests=lambda wildcards, input: str(Path(input.manifests[0]).parent),
    shell:
        """
        python {resources.scripts:q}/summarise_datasets.py \
            --manifests {params.manifests:q} \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --flow {output.flow:q} \
            --counts {output.counts:q} \
            --labels {output.labels:q} \
            &>{log:q}
        """


rule measure_agreement:
    """Measure the agreement of models, and of seeds, on individual images."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("agreement"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "kappa and tau of every pair of models"},
        ),
        summary=report(
            layout.table("agreement_summary"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "mean kappa by target and task"},
        ),
    log:
        "<log>/measure_agreement.log",
    benchmark:
        "<benchmark>/measure_agreement.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(120),
    params:
        settings=stage_settings.analyses.analysis(PLAN).to_json(),
        code=code_version("measure_agreement"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_agreement.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --summary {output.summary:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule measure_calibration:
    """Measure ROC curves, operating points of the source applied to the targets, and calibration."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("calibration"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "calibration error and Brier score"},
        ),
        points=report(
            layout.table("operating_points"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "operating points carried from home"},
        ),
        bins=layout.table("reliability"),
        curves=layout.table("roc"),
    log:
        "<log>/measure_calibration.log",
    benchmark:
        "<benchmark>/measure_calibration.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(120),
    params:
        settings=stage_settings.analyses.analysis(PLAN).to_json(),
        code=code_version("measure_calibration"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_calibration.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --points {output.points:q} \
            --curves {output.curves:q} \
            --bins {output.bins:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule measure_subgroups:
    """Measure every model by sex, age band, view and strata."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("subgroups"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "AUC by sex, age band, view and strata"},
        ),
    log:
        "<log>/measure_subgroups.log",
    benchmark:
        "<benchmark>/measure_subgroups.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.analysis(PLAN).to_json(),
        code=code_version("measure_subgroups"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_subgroups.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule measure_heads:
    """Measure the distances between weight vectors of the shared network."""
    input:
        vectors=expand(
            rules.train_shared_heads.output.vectors, model=PLAN.models_on_all_sources, penalty=PENALTIES, seed=SEEDS
        ),
        tasks=rules.measure_transfer.output.tasks,
    output:
        table=report(
            layout.table("head_distances"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "distance of weight vectors by task"},
        ),
        places=layout.table("head_places"),
        relations=layout.table("head_relations"),
    log:
        "<log>/measure_heads.log",
    benchmark:
        "<benchmark>/measure_heads.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(30),
    params:
        code=code_version("measure_heads"),
    shell:
        """
        python {resources.scripts:q}/measure_heads.py \
            --vectors {input.vectors:q} \
            --tasks {input.tasks:q} \
            --places {output.places:q} \
            --relations {output.relations:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule probe_sources:
    """Measure how well a classifier predicts the data set."""
    input:
        embeddings=of_trainings(layout.EMBEDDINGS, PLAN.reported_models, seed=SEEDS[:1]),
        indexes=study_indexes,
        shards=lambda wildcards: shards_of(PLAN.domains),
    output:
        table=report(
            layout.table("probe"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "how well data sets are told apart"},
        ),
        confusion=layout.table("probe_confusion"),
    log:
        "<log>/probe_sources.log",
    benchmark:
        "<benchmark>/probe_sources.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.probe_sources(PLAN).to_json(),
        code=code_version("probe_sources"),
    shell:
        """
        python {resources.scripts:q}/probe_sources.py \
            --embeddings {input.embeddings:q} \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --confusion {output.confusion:q} \
            --output {output.table:q} \
            &>{log:q}
        """
