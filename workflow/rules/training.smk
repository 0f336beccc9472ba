"""One model for each model name, source and seed."""


rule train_model:
    """Train a network on one source; a stopped run continues from its last checkpoint in the work folder."""
    input:
        manifest=lambda wildcards: manifest_of(wildcards.source),
        digest=lambda wildcards: digest_of(wildcards.source),
        index=lambda wildcards: index_of(wildcards.source),
        shards=lambda wildcards: ancient(shards(wildcards.source, SHAPE, ".h5")),
    output:
        weights="<study>/models/{model}/{source}/{seed}/weights.safetensors",
        history="<study>/models/{model}/{source}/{seed}/history.csv",
        record="<study>/models/{model}/{source}/{seed}/training.json",
    log:
        "<log>/train_model/{model}/{source}/{seed}.log",
    benchmark:
        "<benchmark>/train_model/{model}/{source}/{seed}.tsv"
    conda:
        "../../envs/crossray.yaml"
    threads: 8
    resources:
        gpu=0,
        mem_mb=8000,
        runtime=720,
    params:
        settings=training_settings,
        code=code_version("train_model"),
        folder=subpath(output.weights, parent=True),
    shell:
        # Epochs take a while, so this log is shown as it grows.
        """
        python workflow/scripts/train_model.py \
            --settings {params.settings:q} \
            --manifest {input.manifest:q} \
            --index {input.index:q} \
            --work {params.folder:q}/work \
            --tensorboard "$(dirname {log:q})/{wildcards.seed}" \
            --weights {output.weights:q} \
            --history {output.history:q} \
            --record {output.record:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            2>&1 | tee {log:q}
        """
