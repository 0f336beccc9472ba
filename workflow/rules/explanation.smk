"""Is it the images or the labels? What is lost elsewhere, split by cause, and the figures of it."""


rule predict_corrected:
    """Write a model's logits for a target's test images after corrections that use no label of the target."""
    input:
        weights=weights_of,
        record=record_of,
        source_manifests=lambda wildcards: manifests_of(PLAN.members[wildcards.source]),
        source_indexes=lambda wildcards: indexes_of(PLAN.members[wildcards.source]),
        source_shards=lambda wildcards: shards_of(PLAN.members[wildcards.source]),
        manifest=lambda wildcards: manifest_of(wildcards.target),
        digest=lambda wildcards: digest_of(wildcards.target),
        index=lambda wildcards: index_of(wildcards.target),
        shards=lambda wildcards: shards_of([wildcards.target]),
    output:
        predictions=layout.CORRECTED,
    log:
        "<log>/predict_corrected/{model}/{source}/{seed}/{target}.log",
    benchmark:
        "<benchmark>/predict_corrected/{model}/{source}/{seed}/{target}.tsv"
    conda:
        "../../envs/crossray.yaml"
    threads: lambda wildcards: LOADS.network_threads(LOADS.corrected(wildcards.target))
    resources:
        scripts=SCRIPTS,
        gpu=gpus,
        mem_mb=grows(lambda wildcards: LOADS.network_mb(LOADS.images(wildcards.target))),
        runtime=lasts(lambda wildcards: LOADS.network_minutes(LOADS.corrected(wildcards.target), [wildcards.target])),
    params:
        settings=stage_settings.networks.predict_corrected(PLAN).to_json(),
        code=code_version("predict_corrected"),
    shell:
        """
        python {resources.scripts:q}/predict_corrected.py \
            --weights {input.weights:q} \
            --source-manifests {input.source_manifests:q} \
            --source-indexes {input.source_indexes:q} \
            --manifest {input.manifest:q} \
            --index {input.index:q} \
            --settings {params.settings:q} \
            --output {output.predictions:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            &>{log:q}
        """


rule train_encoder:
    """Train an encoder on the training images of all data sets that are here, without labels, to describe images."""
    input:
        manifests=lambda wildcards: manifests_of(STUDY.encoder_datasets()),
        digests=lambda wildcards: digests_of(STUDY.encoder_datasets()),
        indexes=lambda wildcards: indexes_of(STUDY.encoder_datasets()),
        shards=lambda wildcards: shards_of(STUDY.encoder_datasets()),
    output:
        weights=layout.ENCODER,
        record=layout.ENCODER_RECORD,
    log:
        "<log>/train_encoder.log",
    benchmark:
        "<benchmark>/train_encoder.tsv"
    conda:
        "../../envs/crossray.yaml"
    threads: lambda wildcards: LOADS.network_threads(LOADS.encoded())
    resources:
        scripts=SCRIPTS,
        gpu=gpus,
        mem_mb=grows(lambda wildcards: LOADS.training_mb(STUDY.encoder_datasets())),
        runtime=lasts(lambda wildcards: LOADS.network_minutes(LOADS.encoded(), STUDY.encoder_datasets())),
    params:
        settings=stage_settings.networks.train_encoder(PLAN).to_json(),
        code=code_version("train_encoder"),
    shell:
        # epochs take a while, so this log is shown as it grows
        """
        python {resources.scripts:q}/train_encoder.py \
            --settings {params.settings:q} \
            --manifests {input.manifests:q} \
            --indexes {input.indexes:q} \
            --weights {output.weights:q} \
            --record {output.record:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            2>&1 | tee {log:q}
        """


rule describe_images:
    """Extract features of a target's test images: from an encoder not trained on labels, and of the acquisition."""
    input:
        manifest=lambda wildcards: manifest_of(wildcards.target),
        digest=lambda wildcards: digest_of(wildcards.target),
        index=lambda wildcards: index_of(wildcards.target),
        shards=lambda wildcards: shards_of([wildcards.target]),
        weights=encoder_weights,
        record=encoder_record,
        models=ancient(describing_models(layout.WEIGHTS)),
        records=describing_records,
    output:
        descriptions=layout.DESCRIPTIONS,
    log:
        "<log>/describe_images/{target}.log",
    benchmark:
        "<benchmark>/describe_images/{target}.tsv"
    conda:
        "../../envs/crossray.yaml"
    threads: lambda wildcards: LOADS.network_threads(LOADS.descriptions(wildcards.target))
    resources:
        scripts=SCRIPTS,
        gpu=gpus,
        mem_mb=grows(lambda wildcards: LOADS.network_mb(LOADS.described(wildcards.target))),
        runtime=lasts(lambda wildcards: LOADS.network_minutes(LOADS.descriptions(wildcards.target), [wildcards.target])),
    params:
        settings=stage_settings.networks.describe_images(PLAN).to_json(),
        code=code_version("describe_images"),
    shell:
        """
        python {resources.scripts:q}/describe_images.py \
            --manifest {input.manifest:q} \
            --index {input.index:q} \
            --weights {input.weights:q} \
            --models {input.models:q} \
            --settings {params.settings:q} \
            --output {output.descriptions:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            &>{log:q}
        """


rule explain_drops:
    """Split drops into prevalence, images and label rule, or report that no verdict is possible."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        pairs=rules.audit_leakage.output.pairs,
        descriptions=expand(rules.describe_images.output.descriptions, target=PLAN.targets_here),
    output:
        table=report(
            layout.table("shift"),
            caption="../report/shift.rst",
            category="Tables",
            labels={"table": "images or labels: terms and verdicts"},
        ),
        evidence=report(
            layout.table("shift_evidence"),
            caption="../report/shift.rst",
            category="Tables",
            labels={"table": "images or labels: what verdicts hang on"},
        ),
    log:
        "<log>/explain_drops.log",
    benchmark:
        "<benchmark>/explain_drops.tsv"
    # it takes all processors, and what waits for it can run beside the figures of the rest
    priority: 10
    conda:
        "../../envs/crossray.yaml"
    threads: 8
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(240),
    params:
        settings=stage_settings.analyses.explain_drops(PLAN).to_json(),
        code=code_version("explain_drops"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/explain_drops.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --descriptions {input.descriptions:q} \
            --pairs {input.pairs:q} \
            --processes {threads} \
            --evidence {output.evidence:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule check_verdicts:
    """Check the verdicts on simulated hospitals with known truth."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        shift=rules.explain_drops.output.table,
        # in the order in which settings are written
        truths=expand(rules.simulate_hospital.output.truth, dataset=sorted(PLAN.phantoms)),
    output:
        table=report(
            layout.table("shift_truth"),
            caption="../report/shift_truth.rst",
            category="Tables",
            labels={"table": "causes planted and found"},
        ),
        acceptance=report(
            layout.table("shift_acceptance"),
            caption="../report/shift_truth.rst",
            category="Tables",
            labels={"table": "what is asked of verdicts"},
        ),
    log:
        "<log>/check_verdicts.log",
    benchmark:
        "<benchmark>/check_verdicts.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.check_verdicts(PLAN).to_json(),
        code=code_version("check_verdicts"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/check_verdicts.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --shift {input.shift:q} \
            --truths {input.truths:q} \
            --acceptance {output.acceptance:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule measure_corrections:
    """Measure whether corrections help against the causes found."""
    input:
        predictions=predictions,
        corrected=corrected_predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        shift=rules.explain_drops.output.table,
        evidence=rules.explain_drops.output.evidence,
    output:
        table=report(
            layout.table("corrections"),
            caption="../report/corrections.rst",
            category="Tables",
            labels={"table": "what corrections give back"},
        ),
        groups=report(
            layout.table("corrections_by_verdict"),
            caption="../report/corrections.rst",
            category="Tables",
            labels={"table": "what corrections give back, by verdict"},
        ),
    log:
        "<log>/measure_corrections.log",
    benchmark:
        "<benchmark>/measure_corrections.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.measure_corrections(PLAN).to_json(),
        code=code_version("measure_corrections"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_corrections.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --corrected {params.study:q}/corrected \
            --shift {input.shift:q} \
            --evidence {input.evidence:q} \
            --groups {output.groups:q} \
            --output {output.table:q} \
            &>{log:q}
        """
