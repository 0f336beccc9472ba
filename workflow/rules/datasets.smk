"""Raw releases to manifests, and images to shards. These files hang on the data set and serve every study."""


rule simulate_hospital:
    """Render a hospital of chest phantoms: DICOM files, labels, and the true severities."""
    output:
        dicom=directory("results/datasets/{dataset}/release/dicom"),
        labels="results/datasets/{dataset}/release/labels.csv",
        truth="results/datasets/{dataset}/release/truth.csv",
    log:
        "logs/datasets/{dataset}/simulate_hospital.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        settings=dataset_settings(
            "images",
            "seed",
            "several_images",
            "ap_share",
            "prevalence",
            "appearance",
            "labelling",
        ),
        code=code_version("simulate_hospital"),
    shell:
        """
        python workflow/scripts/simulate_hospital.py \
            --dataset {wildcards.dataset:q} \
            --settings {params.settings:q} \
            --dicom {output.dicom:q} \
            --labels {output.labels:q} \
            --truth {output.truth:q} \
            &>{log:q}
        """


rule make_manifest:
    """Read a release: one row an image, with patient, split and labels."""
    input:
        table=lambda wildcards: RELEASES[wildcards.dataset].table,
        root=lambda wildcards: ancient(RELEASES[wildcards.dataset].root),
    output:
        manifest="results/datasets/{dataset}/manifest.parquet",
    log:
        "logs/datasets/{dataset}/make_manifest.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=manifest_settings,
        code=manifest_code,
        key=STUDY["pseudonym_key"],
    shell:
        """
        python workflow/scripts/make_manifest.py \
            --dataset {wildcards.dataset:q} \
            --settings {params.settings:q} \
            --root {input.root:q} \
            --table {input.table:q} \
            --pseudonym-key {params.key:q} \
            --output {output.manifest:q} \
            &>{log:q}
        """


rule convert_shard:
    """Convert a share of a data set's images to one shard of square 8-bit pixels."""
    input:
        manifest=rules.make_manifest.output.manifest,
        root=lambda wildcards: ancient(RELEASES[wildcards.dataset].root),
    output:
        shard="results/datasets/{dataset}/{size}px/shards/{shard}.h5",
        rejected="results/datasets/{dataset}/{size}px/shards/{shard}.rejected.csv",
    log:
        "logs/datasets/{dataset}/convert_shard/{size}px-{shard}.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        settings=lambda wildcards: as_settings(size=int(wildcards.size), shards=shard_count(wildcards.dataset)),
        code=code_version("convert_shard"),
    shell:
        """
        python workflow/scripts/convert_shard.py \
            --dataset {wildcards.dataset:q} \
            --shard {wildcards.shard:q} \
            --settings {params.settings:q} \
            --manifest {input.manifest:q} \
            --root {input.root:q} \
            --output {output.shard:q} \
            --rejected {output.rejected:q} \
            &>{log:q}
        """


checkpoint index_shards:
    """List a data set's shards with their digests, and all images that could not be used."""
    input:
        shards=lambda wildcards: shards(wildcards.dataset, wildcards.size, ".h5"),
        rejected=lambda wildcards: shards(wildcards.dataset, wildcards.size, ".rejected.csv"),
    output:
        index="results/datasets/{dataset}/{size}px/index.json",
        rejected="results/datasets/{dataset}/{size}px/rejected.csv",
    log:
        "logs/datasets/{dataset}/index_shards/{size}px.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        settings=lambda wildcards: as_settings(
            size=int(wildcards.size),
            max_rejected=DATASETS[wildcards.dataset]["max_rejected"],
        ),
        code=code_version("index_shards"),
    shell:
        """
        python workflow/scripts/index_shards.py \
            --dataset {wildcards.dataset:q} \
            --settings {params.settings:q} \
            --shards {input.shards:q} \
            --rejected {input.rejected:q} \
            --all-rejected {output.rejected:q} \
            --output {output.index:q} \
            &>{log:q}
        """
