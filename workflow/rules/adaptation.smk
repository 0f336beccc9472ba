"""What are labelled images of a target worth? A model adapted to it in several ways, with several numbers of images."""


rule adapt_model:
    """Adapt a model to a target with samples of its images, in every way; an interrupted run goes on in its work folder."""
    input:
        weights=weights_of,
        record=record_of,
        initial=initial_weights,
        initial_record=initial_record,
        source_manifests=lambda wildcards: manifests_of(PLAN.members[wildcards.source]),
        validation=own_validation,
        manifest=lambda wildcards: manifest_of(wildcards.target),
        digest=lambda wildcards: digest_of(wildcards.target),
        index=lambda wildcards: index_of(wildcards.target),
        shards=lambda wildcards: shards_of([wildcards.target]),
    output:
        predictions=layout.ADAPTED,
    log:
        "<log>/adapt_model/{model}/{source}/{seed}/{target}.log",
    benchmark:
        "<benchmark>/adapt_model/{model}/{source}/{seed}/{target}.tsv"
    conda:
        "../../envs/crossray.yaml"
    threads: 8
    resources:
        scripts=SCRIPTS,
        gpu=gpus,
        mem_mb=grows(lambda wildcards: LOADS.training_mb([wildcards.target])),
        runtime=lasts(
            lambda wildcards: LOADS.network_minutes(
                LOADS.adapted(wildcards.model, wildcards.target), [wildcards.target]
            )
        ),
    params:
        settings=lambda wildcards: stage_settings.networks.adapt_model(
            PLAN, wildcards.model, int(wildcards.seed)
        ).to_json(),
        code=code_version("adapt_model"),
        folder=subpath(output.predictions, parent=True),
    shell:
        """
        python {resources.scripts:q}/adapt_model.py \
            --weights {input.weights:q} \
            --source-manifests {input.source_manifests:q} \
            --validation {input.validation:q} \
            --manifest {input.manifest:q} \
            --index {input.index:q} \
            --initial {input.initial:q} \
            --settings {params.settings:q} \
            --code {params.code:q} \
            --work {params.folder:q}/work/{wildcards.target:q} \
            --output {output.predictions:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            &>{log:q}
        """


rule measure_adaptation:
    """Measure what local images are worth, way by way, and what would have been recommended."""
    input:
        predictions=predictions,
        adapted=adapted_outputs,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        shift=rules.explain_drops.output.table if PLAN.conditions["explanation"] else [],
    output:
        table=report(
            layout.table("adaptation"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "what local images are worth"},
        ),
        advice=report(
            layout.table("adaptation_advice"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "what to do with local images"},
        ),
    log:
        "<log>/measure_adaptation.log",
    benchmark:
        "<benchmark>/measure_adaptation.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(120),
    params:
        settings=stage_settings.analyses.measure_adaptation(PLAN).to_json(),
        code=code_version("measure_adaptation"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_adaptation.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --adapted {params.study:q}/adapted \
            --shift {input.shift:q} \
            --advice {output.advice:q} \
            --output {output.table:q} \
            &>{log:q}
        """
