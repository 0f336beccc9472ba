"""Where models look: maps of attribution, and what they are worth against known regions."""


rule attribute_images:
    """Write attribution maps of a model for test images of a target."""
    input:
        weights=weights_of,
        record=record_of,
        manifest=lambda wildcards: manifest_of(wildcards.target),
        digest=lambda wildcards: digest_of(wildcards.target),
        index=lambda wildcards: index_of(wildcards.target),
        shards=lambda wildcards: shards_of([wildcards.target]),
        predictions=first_predictions,
        regions=lambda wildcards: regions_of([wildcards.target]),
    output:
        table=layout.MAPPED_IMAGES,
        maps=layout.MAPS,
    log:
        "<log>/attribute_images/{model}/{source}/{target}.log",
    benchmark:
        "<benchmark>/attribute_images/{model}/{source}/{target}.tsv"
    conda:
        "../../envs/crossray.yaml"
    threads: lambda wildcards: LOADS.network_threads(LOADS.attributed())
    resources:
        scripts=SCRIPTS,
        gpu=gpus,
        mem_mb=grows(6000),
        runtime=lasts(lambda wildcards: LOADS.network_minutes(LOADS.attributed(), [wildcards.target])),
    params:
        settings=stage_settings.networks.attribute_images(PLAN).to_json(),
        code=code_version("attribute_images"),
    shell:
        """
        python {resources.scripts:q}/attribute_images.py \
            --weights {input.weights:q} \
            --manifest {input.manifest:q} \
            --index {input.index:q} \
            --predictions {input.predictions:q} \
            --regions {input.regions:q} \
            --settings {params.settings:q} \
            --maps {output.maps:q} \
            --output {output.table:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            &>{log:q}
        """


rule measure_localisation:
    """Measure localisation on internal and external tests, compared with chance."""
    input:
        attributions=attributions,
        predictions=of_trainings(layout.PREDICTION, PLAN.reported_models, split="test", target=PLAN.targets_here),
        regions=lambda wildcards: regions_of(PLAN.targets),
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("localisation"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "where every model looks"},
        ),
        summary=report(
            layout.table("localisation_summary"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "where models look, at home and elsewhere"},
        ),
    log:
        "<log>/measure_localisation.log",
    benchmark:
        "<benchmark>/measure_localisation.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.measure_localisation(PLAN).to_json(),
        code=code_version("measure_localisation"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_localisation.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --attributions {params.study:q}/attributions \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --summary {output.summary:q} \
            --output {output.table:q} \
            &>{log:q}
        """
