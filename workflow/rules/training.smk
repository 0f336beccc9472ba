"""One model for each model name, source and seed: trained, or a probe; and networks that share all but their last layer."""


rule train_model:
    """Train a network on one source; an interrupted run resumes from its last checkpoint in the work folder."""
    input:
        manifests=lambda wildcards: manifests_of(PLAN.members[wildcards.source]),
        digests=lambda wildcards: digests_of(PLAN.members[wildcards.source]),
        indexes=lambda wildcards: indexes_of(PLAN.members[wildcards.source]),
        shards=lambda wildcards: shards_of(PLAN.members[wildcards.source]),
        initial=initial_weights,
        initial_record=initial_record,
    output:
        weights=layout.WEIGHTS,
        history=layout.HISTORY,
        record=layout.RECORD,
    log:
        "<log>/train_model/{model}/{source}/{seed}.log",
    benchmark:
        "<benchmark>/train_model/{model}/{source}/{seed}.tsv"
    wildcard_constraints:
        model=one_of(PLAN.networks),
    # most of a study waits for them, and what does not can run beside the last of them
    priority: 20
    conda:
        "../../envs/crossray.yaml"
    threads: lambda wildcards: LOADS.training_threads(wildcards.model)
    resources:
        scripts=SCRIPTS,
        gpu=gpus,
        launcher="python",
        reading=STUDY.images.reading,
        checkpoint_every=lambda wildcards: PLAN.models[wildcards.model].training.checkpoint_every,
        mem_mb=grows(lambda wildcards: LOADS.training_mb(datasets_learnt(wildcards))),
        runtime=lasts(lambda wildcards: LOADS.training_minutes(wildcards.model, datasets_learnt(wildcards))),
    params:
        settings=lambda wildcards: stage_settings.networks.train_model(
            PLAN, wildcards.model, wildcards.source, int(wildcards.seed)
        ).to_json(),
        code=code_version("train_model"),
        folder=subpath(output.weights, parent=True),
    shell:
        # Epochs take a while, so this log is shown as it grows. Snakemake removes it before the next attempt, so each
        # attempt has one of its own beside it, which nobody else writes.
        """
        own="$(dirname {log:q})/{wildcards.seed}" && mkdir -p "$own"
        {resources.launcher} {resources.scripts:q}/train_model.py \
            --settings {params.settings:q} \
            --source {wildcards.source:q} \
            --manifests {input.manifests:q} \
            --indexes {input.indexes:q} \
            --initial {input.initial:q} \
            --reading {resources.reading} \
            --checkpoint-dir {params.folder:q}/work \
            --checkpoint-every {resources.checkpoint_every} \
            --tensorboard "$own" \
            --weights {output.weights:q} \
            --history {output.history:q} \
            --record {output.record:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            2>&1 | tee {log:q} "$own/$(date +%Y-%m-%dT%H.%M.%S)-$$.log"
        """


rule compute_features:
    """Compute what a frozen network makes of every image of a data set; probes are fitted on it and predict from it."""
    input:
        index=layout.INDEX.replace("{shape}", SHAPE),
        shards=lambda wildcards: shards_of([wildcards.dataset]),
        initial=lambda wildcards: weights_from(PLAN.frozen[wildcards.network], wildcards.seed),
        initial_record=lambda wildcards: record_from(PLAN.frozen[wildcards.network], wildcards.seed),
    output:
        features=layout.FEATURES,
        record=layout.FEATURES_RECORD,
    log:
        "<log>/compute_features/{network}/{seed}/{dataset}.log",
    benchmark:
        "<benchmark>/compute_features/{network}/{seed}/{dataset}.tsv"
    wildcard_constraints:
        network=one_of(PLAN.frozen),
    conda:
        "../../envs/crossray.yaml"
    threads: lambda wildcards: LOADS.network_threads(LOADS.images(wildcards.dataset))
    resources:
        scripts=SCRIPTS,
        gpu=gpus,
        mem_mb=grows(lambda wildcards: LOADS.network_mb(LOADS.images(wildcards.dataset))),
        runtime=lasts(lambda wildcards: LOADS.network_minutes(LOADS.images(wildcards.dataset), [wildcards.dataset])),
    params:
        settings=lambda wildcards: stage_settings.networks.compute_features(
            PLAN, wildcards.network, int(wildcards.seed)
        ).to_json(),
        code=code_version("compute_features"),
    shell:
        """
        python {resources.scripts:q}/compute_features.py \
            --index {input.index:q} \
            --initial {input.initial:q} \
            --settings {params.settings:q} \
            --output {output.features:q} \
            --record {output.record:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            &>{log:q}
        """


rule fit_probe:
    """Fit a linear probe on features of a source; its weights are a file as that of a training."""
    input:
        manifests=lambda wildcards: manifests_of(PLAN.members[wildcards.source]),
        digests=lambda wildcards: digests_of(PLAN.members[wildcards.source]),
        features=lambda wildcards: features_of(wildcards, PLAN.members[wildcards.source]),
        records=lambda wildcards: feature_records_of(wildcards, PLAN.members[wildcards.source]),
        initial=initial_weights,
        initial_record=initial_record,
    output:
        weights=layout.WEIGHTS,
        penalties=layout.PENALTIES,
        record=layout.RECORD,
    log:
        "<log>/fit_probe/{model}/{source}/{seed}.log",
    benchmark:
        "<benchmark>/fit_probe/{model}/{source}/{seed}.tsv"
    wildcard_constraints:
        model=one_of(PLAN.probes),
    conda:
        "../../envs/crossray.yaml"
    threads: 2
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(lambda wildcards: LOADS.probe_mb(PLAN.members[wildcards.source])),
        runtime=lasts(60),
    params:
        settings=lambda wildcards: stage_settings.networks.fit_probe(
            PLAN, wildcards.model, wildcards.source, int(wildcards.seed)
        ).to_json(),
        code=code_version("fit_probe"),
    shell:
        """
        python {resources.scripts:q}/fit_probe.py \
            --settings {params.settings:q} \
            --source {wildcards.source:q} \
            --manifests {input.manifests:q} \
            --features {input.records:q} \
            --initial {input.initial:q} \
            --weights {output.weights:q} \
            --penalties {output.penalties:q} \
            --record {output.record:q} \
            --threads {threads} \
            &>{log:q}
        """


rule train_shared_heads:
    """Train one network on the pool with one output per data set and task, with or without a penalty."""
    input:
        manifests=lambda wildcards: manifests_of(PLAN.pool),
        digests=lambda wildcards: digests_of(PLAN.pool),
        indexes=lambda wildcards: indexes_of(PLAN.pool),
        shards=lambda wildcards: shards_of(PLAN.pool),
        initial=initial_weights,
        initial_record=initial_record,
    output:
        vectors=layout.SHARED_VECTORS,
        history=layout.SHARED_HISTORY,
        record=layout.SHARED_RECORD,
    log:
        "<log>/train_shared_heads/{model}/{penalty}/{seed}.log",
    benchmark:
        "<benchmark>/train_shared_heads/{model}/{penalty}/{seed}.tsv"
    conda:
        "../../envs/crossray.yaml"
    threads: lambda wildcards: LOADS.training_threads(wildcards.model)
    resources:
        scripts=SCRIPTS,
        gpu=gpus,
        launcher="python",
        reading=STUDY.images.reading,
        checkpoint_every=lambda wildcards: PLAN.models[wildcards.model].training.checkpoint_every,
        mem_mb=grows(lambda wildcards: LOADS.training_mb(datasets_learnt(wildcards))),
        runtime=lasts(lambda wildcards: LOADS.training_minutes(wildcards.model, datasets_learnt(wildcards))),
    params:
        settings=lambda wildcards: stage_settings.networks.train_shared_heads(
            PLAN, wildcards.model, wildcards.penalty, int(wildcards.seed)
        ).to_json(),
        code=code_version("train_shared_heads"),
        folder=subpath(output.vectors, parent=True),
    shell:
        """
        own="$(dirname {log:q})/{wildcards.seed}" && mkdir -p "$own"
        {resources.launcher} {resources.scripts:q}/train_shared_heads.py \
            --settings {params.settings:q} \
            --manifests {input.manifests:q} \
            --indexes {input.indexes:q} \
            --initial {input.initial:q} \
            --reading {resources.reading} \
            --checkpoint-dir {params.folder:q}/work \
            --checkpoint-every {resources.checkpoint_every} \
            --tensorboard "$own" \
            --vectors {output.vectors:q} \
            --history {output.history:q} \
            --record {output.record:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            2>&1 | tee {log:q} "$own/$(date +%Y-%m-%dT%H.%M.%S)-$$.log"
        """
