"""Every model on every target: predictions, and what they are worth."""

# One job a training, or one for every so many data sets where the configuration says how many.
for number, part in enumerate(PLAN.prediction_jobs):

    rule:
        """Write a model's logits for targets and the features of a sample of images; what it had computed is kept."""
        name:
            f"predict_{number + 1}" if number else "predict"
        input:
            weights=weights_of,
            record=record_of,
            manifests=lambda wildcards, part=part: manifests_of(part.reads),
            digests=lambda wildcards, part=part: digests_of(part.reads),
            indexes=lambda wildcards, part=part: indexes_of(part.reads),
            shards=lambda wildcards, part=part: shards_of(part.reads),
            features=lambda wildcards, part=part: features_of(wildcards, part.reads),
            records=lambda wildcards, part=part: feature_records_of(wildcards, part.reads),
        output:
            predictions=[layout.prediction(split, target) for split, target in part.splits],
            embeddings=layout.EMBEDDINGS if part.embeds else [],
        log:
            f"<log>/predict/{{model}}/{{source}}/{{seed}}/{number + 1}.log",
        benchmark:
            f"<benchmark>/predict/{{model}}/{{source}}/{{seed}}/{number + 1}.tsv"
        wildcard_constraints:
            model=one_of(PLAN.models),
        conda:
            "../../envs/crossray.yaml"
        threads: lambda wildcards, part=part: LOADS.network_threads(LOADS.total(part.reads))
        resources:
            scripts=SCRIPTS,
            gpu=gpus,
            mem_mb=grows(lambda wildcards, part=part: LOADS.network_mb(LOADS.largest(part.reads))),
            runtime=lasts(lambda wildcards, part=part: LOADS.network_minutes(LOADS.total(part.reads), part.reads)),
        params:
            settings=stage_settings.networks.predict(PLAN, part.embeds).to_json(),
            code=code_version("predict"),
            domains=PLAN.domains if part.embeds else [],
        shell:
            """
            python {resources.scripts:q}/predict.py \
                --weights {input.weights:q} \
                --manifests {input.manifests:q} \
                --indexes {input.indexes:q} \
                --features {input.records:q} \
                --settings {params.settings:q} \
                --code {params.code} \
                --outputs {output.predictions:q} \
                --embeddings {output.embeddings:q} \
                --domains {params.domains:q} \
                --threads {threads} \
                --gpus {resources.gpu} \
                &>{log:q}
            """


rule measure_performance:
    """Measure every cell: AUC with interval, average precision, and metrics at the source's own threshold."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("performance"),
            caption="../report/performance.rst",
            category="Tables",
            labels={"table": "performance of every cell"},
        ),
        replicates=layout.REPLICATES,
    log:
        "<log>/measure_performance.log",
    benchmark:
        "<benchmark>/measure_performance.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.analysis(PLAN).to_json(),
        code=code_version("measure_performance"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_performance.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --replicates {output.replicates:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule measure_classes:
    """Measure accuracy, F1, top-5 accuracy and confusions of models whose tasks are classes."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        performance=rules.measure_performance.output.table,
        replicates=rules.measure_performance.output.replicates,
    output:
        table=report(
            layout.table("classes"),
            caption="../report/classes.rst",
            category="Tables",
            labels={"table": "accuracy and F1 of every pair"},
        ),
        confusion=report(
            layout.table("confusion"),
            caption="../report/classes.rst",
            category="Tables",
            labels={"table": "confusion matrix"},
        ),
    log:
        "<log>/measure_classes.log",
    benchmark:
        "<benchmark>/measure_classes.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.analysis(PLAN).to_json(),
        code=code_version("measure_classes"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_classes.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --performance {input.performance:q} \
            --replicates {input.replicates:q} \
            --confusion {output.confusion:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule compare_models:
    """Test differences of AUC on the same images and between internal and external tests."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("comparisons"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "tests of differences"},
        ),
    log:
        "<log>/compare_models.log",
    benchmark:
        "<benchmark>/compare_models.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.compare_models(PLAN).to_json(),
        code=code_version("compare_models"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/compare_models.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule measure_transfer:
    """Average over tasks and measure the drop of each model from internal to external tests."""
    input:
        performance=rules.measure_performance.output.table,
        replicates=rules.measure_performance.output.replicates,
        comparisons=rules.compare_models.output.table,
    output:
        tasks=report(
            layout.table("tasks"),
            caption="../report/transfer.rst",
            category="Tables",
            labels={"table": "means and losses of every task"},
        ),
        transfer=report(
            layout.table("transfer"),
            caption="../report/transfer.rst",
            category="Tables",
            labels={"table": "means and losses of every pair"},
        ),
        summary=report(
            layout.table("summary"),
            caption="../report/transfer.rst",
            category="Tables",
            labels={"table": "means and losses of every source"},
        ),
        variances=report(
            layout.table("variances"),
            caption="../report/transfer.rst",
            category="Tables",
            labels={"table": "what makes the means vary: patients, trainings, hospitals"},
        ),
    log:
        "<log>/measure_transfer.log",
    benchmark:
        "<benchmark>/measure_transfer.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=lasts(30),
    params:
        code=code_version("measure_transfer"),
    shell:
        """
        python {resources.scripts:q}/measure_transfer.py \
            --performance {input.performance:q} \
            --replicates {input.replicates:q} \
            --comparisons {input.comparisons:q} \
            --output {output.transfer:q} \
            --summary {output.summary:q} \
            --tasks {output.tasks:q} \
            --variances {output.variances:q} \
            &>{log:q}
        """
