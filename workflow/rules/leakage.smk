"""No patient on both sides of a split: the audit of a study's data sets, and the manifests that it leaves."""


rule audit_leakage:
    """Find patients and near-duplicate images in several splits, within and across data sets."""
    input:
        manifests=expand(layout.MANIFEST_AS_READ, dataset=DATASETS),
        indexes=study_indexes,
        shards=lambda wildcards: shards_of(PLAN.here),
    output:
        table=report(
            layout.LEAKAGE,
            caption="../report/leakage.rst",
            category="Tables",
            labels={"table": "patients and images in several splits"},
        ),
        pairs=layout.LEAKAGE_PAIRS,
        moves=expand(layout.MOVES, dataset=DATASETS),
    log:
        "<log>/audit_leakage.log",
    benchmark:
        "<benchmark>/audit_leakage.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(8000),
        runtime=lasts(120),
    params:
        settings=stage_settings.data.audit_leakage(PLAN).to_json(),
        code=code_version("audit_leakage"),
    shell:
        """
        python {resources.scripts:q}/audit_leakage.py \
            --settings {params.settings:q} \
            --manifests {input.manifests:q} \
            --indexes {input.indexes:q} \
            --pairs {output.pairs:q} \
            --moves {output.moves:q} \
            --output {output.table:q} \
            &>{log:q}
        """


checkpoint assign_splits:
    """Write a data set's manifest as this study uses it."""
    input:
        manifest=layout.MANIFEST_AS_READ,
        moves=layout.MOVES,
    output:
        manifest=layout.MANIFEST,
        digest=layout.DIGEST,
    log:
        "<log>/assign_splits/{dataset}.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(20),
    params:
        settings=stage_settings.data.assign_splits(PLAN).to_json(),
        code=code_version("assign_splits"),
    shell:
        """
        python {resources.scripts:q}/assign_splits.py \
            --manifest {input.manifest:q} \
            --settings {params.settings:q} \
            --moves {input.moves:q} \
            --output {output.manifest:q} \
            --digest {output.digest:q} \
            &>{log:q}
        """
