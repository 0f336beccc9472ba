"""Every model on every target: predictions, and what they are worth."""


rule predict:
    """Write a model's logits for the images of one split of a target."""
    input:
        weights=weights_of,
        record=record_of,
        manifest=lambda wildcards: manifest_of(wildcards.target),
        digest=lambda wildcards: digest_of(wildcards.target),
        index=lambda wildcards: index_of(wildcards.target),
        shards=lambda wildcards: ancient(shards(wildcards.target, SHAPE, ".h5")),
    output:
        predictions=layout.PREDICTION,
    log:
        "<log>/predict/{model}/{source}/{seed}/{split}/{target}.log",
    benchmark:
        "<benchmark>/predict/{model}/{source}/{seed}/{split}/{target}.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        gpu=0,
        mem_mb=grows(lambda wildcards: 4000 + pixels_mb([wildcards.target])),
        runtime=grows(lambda wildcards: 20 + count_images(wildcards.target) // 2000),
    params:
        settings=stage_settings.predict(PLAN).to_json(),
        code=code_version("predict"),
    shell:
        """
        python {resources.scripts:q}/predict.py \
            --weights {input.weights:q} \
            --manifest {input.manifest:q} \
            --index {input.index:q} \
            --split {wildcards.split} \
            --settings {params.settings:q} \
            --output {output.predictions:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            &>{log:q}
        """


rule embed_images:
    """Write what a model makes of a sample of the images of each domain before its last layer."""
    input:
        manifests=lambda wildcards: manifests_of(PLAN.domains),
        digests=lambda wildcards: digests_of(PLAN.domains),
        indexes=lambda wildcards: indexes_of(PLAN.domains),
        shards=lambda wildcards: shards_of(PLAN.domains),
        weights=weights_of,
        record=record_of,
    output:
        embeddings=layout.EMBEDDINGS,
    log:
        "<log>/embed_images/{model}/{source}.log",
    benchmark:
        "<benchmark>/embed_images/{model}/{source}.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        settings=stage_settings.embed_images(PLAN).to_json(),
        code=code_version("embed_images"),
    shell:
        """
        python {resources.scripts:q}/embed_images.py \
            --weights {input.weights:q} \
            --manifests {input.manifests:q} \
            --indexes {input.indexes:q} \
            --settings {params.settings:q} \
            --output {output.embeddings:q} \
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
        runtime=grows(60),
    params:
        settings=stage_settings.analysis(PLAN).to_json(),
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
    """Measure accuracy, F1, the surest five and confusions of models whose tasks are classes."""
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
            labels={"table": "which class is taken for which"},
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
        runtime=grows(60),
    params:
        settings=stage_settings.analysis(PLAN).to_json(),
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


rule measure_transfer:
    """Average over tasks and measure what each model loses between home and elsewhere."""
    input:
        performance=rules.measure_performance.output.table,
        replicates=rules.measure_performance.output.replicates,
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
    log:
        "<log>/measure_transfer.log",
    benchmark:
        "<benchmark>/measure_transfer.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        code=code_version("measure_transfer"),
    shell:
        """
        python {resources.scripts:q}/measure_transfer.py \
            --performance {input.performance:q} \
            --replicates {input.replicates:q} \
            --output {output.transfer:q} \
            --summary {output.summary:q} \
            --tasks {output.tasks:q} \
            &>{log:q}
        """
