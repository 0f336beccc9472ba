"""What the data sets hold; later questions to the predictions stand here too."""


rule summarise_datasets:
    """Count images, patients, labels, views, sexes and ages of each data set."""
    input:
        manifests=study_manifests,
        digests=study_digests,
        indexes=study_indexes,
    output:
        counts=report(
            "<study>/analysis/datasets.csv",
            caption="../report/datasets.rst",
            category="Tables",
            labels={"table": "images and patients of each data set"},
        ),
        labels=report(
            "<study>/analysis/labels.csv",
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
        mem_mb=4000,
        runtime=30,
    params:
        settings=as_settings(datasets=list(DATASETS), shape=SHAPE, tasks=STUDY["tasks"]),
        code=code_version("summarise_datasets"),
        manifests=lambda wildcards, input: str(Path(input.manifests[0]).parent),
    shell:
        """
        python workflow/scripts/summarise_datasets.py \
            --manifests {params.manifests:q} \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --counts {output.counts:q} \
            --labels {output.labels:q} \
            &>{log:q}
        """
