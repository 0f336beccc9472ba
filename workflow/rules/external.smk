"""Models that were trained elsewhere: their scores or their networks become predictions, as those of other models."""


rule simulate_scores:
    """Write the scores of a simulated reader of a simulated hospital, with known errors."""
    input:
        truth=expand(rules.simulate_hospital.output.truth, dataset="{target}", allow_missing=True),
    output:
        scores=layout.SIMULATED_SCORES,
    log:
        "<log>/simulate_scores/{model}/{target}.log",
    wildcard_constraints:
        model=one_of(EXTERNAL["simulated"]),
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(10),
    params:
        settings=lambda wildcards: stage_settings.external.simulate_scores(PLAN, wildcards.model).to_json(),
        code=code_version("simulate_scores"),
    shell:
        """
        python {resources.scripts:q}/simulate_scores.py \
            --dataset {wildcards.target:q} \
            --truth {input.truth:q} \
            --settings {params.settings:q} \
            --output {output.scores:q} \
            &>{log:q}
        """


rule read_scores:
    """Read and check a file of scores and match it to the manifest, before all long jobs."""
    input:
        scores=scores_of,
        manifest=expand(layout.MANIFEST_AS_READ, dataset="{target}", allow_missing=True),
        lookup=expand(rules.make_manifest.output.lookup, dataset="{target}", allow_missing=True),
    output:
        scores=layout.SCORES,
    log:
        "<log>/read_scores/{model}/{target}.log",
    wildcard_constraints:
        model=one_of(EXTERNAL["scores"], EXTERNAL["simulated"]),
    priority: 10
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(lambda wildcards: 2000 + LOADS.images(wildcards.target) // 100),
        runtime=lasts(20),
    params:
        settings=lambda wildcards: stage_settings.external.read_scores(
            PLAN, wildcards.model, wildcards.target
        ).to_json(),
        code=code_version("read_scores"),
    shell:
        """
        python {resources.scripts:q}/read_scores.py \
            --scores {input.scores:q} \
            --manifest {input.manifest:q} \
            --lookup {input.lookup:q} \
            --settings {params.settings:q} \
            --output {output.scores:q} \
            &>{log:q}
        """


rule place_scores:
    """Write the predictions of a model for a split, from its scores."""
    input:
        scores=rules.read_scores.output.scores,
        manifest=lambda wildcards: manifest_of(wildcards.target),
        digest=lambda wildcards: digest_of(wildcards.target),
        index=lambda wildcards: index_of(wildcards.target),
        shards=lambda wildcards: shards_of([wildcards.target]),
    output:
        predictions=layout.PREDICTION,
    log:
        "<log>/place_scores/{model}/{source}/{seed}/{split}/{target}.log",
    wildcard_constraints:
        model=one_of(EXTERNAL["scores"], EXTERNAL["simulated"]),
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=lasts(20),
    params:
        settings=lambda wildcards: stage_settings.external.place_scores(PLAN.external[wildcards.model]).to_json(),
        code=code_version("place_scores"),
    shell:
        """
        python {resources.scripts:q}/place_scores.py \
            --scores {input.scores:q} \
            --manifest {input.manifest:q} \
            --index {input.index:q} \
            --split {wildcards.split:q} \
            --settings {params.settings:q} \
            --output {output.predictions:q} \
            &>{log:q}
        """


rule apply_network:
    """Apply an external network to the images of a split."""
    input:
        network=network_of,
        manifest=lambda wildcards: manifest_of(wildcards.target),
        digest=lambda wildcards: digest_of(wildcards.target),
        index=lambda wildcards: index_of(wildcards.target),
        shards=lambda wildcards: shards_of([wildcards.target]),
    output:
        predictions=layout.PREDICTION,
    log:
        "<log>/apply_network/{model}/{source}/{seed}/{split}/{target}.log",
    benchmark:
        "<benchmark>/apply_network/{model}/{source}/{seed}/{split}/{target}.tsv"
    wildcard_constraints:
        model=one_of(PLAN.invited),
        target=one_of(PLAN.here),
    conda:
        "../../envs/crossray.yaml"
    threads: lambda wildcards: LOADS.network_threads(LOADS.images(wildcards.target))
    resources:
        scripts=SCRIPTS,
        gpu=gpus,
        mem_mb=grows(lambda wildcards: LOADS.network_mb(LOADS.images(wildcards.target))),
        runtime=lasts(lambda wildcards: LOADS.network_minutes(LOADS.images(wildcards.target), [wildcards.target])),
    params:
        settings=lambda wildcards: stage_settings.external.apply_network(PLAN, wildcards.model).to_json(),
        code=code_version("apply_network"),
    shell:
        """
        python {resources.scripts:q}/apply_network.py \
            --network {input.network:q} \
            --manifest {input.manifest:q} \
            --index {input.index:q} \
            --split {wildcards.split:q} \
            --settings {params.settings:q} \
            --output {output.predictions:q} \
            --threads {threads} \
            --gpus {resources.gpu} \
            &>{log:q}
        """


rule measure_external:
    """Compare external models with their makers' claims and with other models, and report their refusals."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        claims=report(
            layout.table("claims"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "claimed and measured"},
        ),
        refusals=report(
            layout.table("refusals"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "images without a score"},
        ),
        versions=report(
            layout.table("versions"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "two models on the same images"},
        ),
    log:
        "<log>/measure_external.log",
    benchmark:
        "<benchmark>/measure_external.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.measure_external(PLAN).to_json(),
        code=code_version("measure_external"),
        study=subpath(output.claims, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_external.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --claims {output.claims:q} \
            --refusals {output.refusals:q} \
            --versions {output.versions:q} \
            &>{log:q}
        """
