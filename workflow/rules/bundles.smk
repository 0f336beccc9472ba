"""Sites that cannot share images: the invitation, the bundle that a site seals, and what is made of those that came."""

#: what makes pixels and outputs, which must be the same code at the coordinator and at a site
BINDING_CODE = {name: code_version(name) for name in ("apply_network", "convert_shard")}


rule write_invitation:
    """Write an invitation: models, and what a site must have alike."""
    input:
        networks=networks_of,
    output:
        invitation=layout.INVITATION,
    log:
        "<log>/write_invitation.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(20),
    params:
        settings=stage_settings.bundles.write_invitation(PLAN, BINDING_CODE).to_json(),
        code=code_version("write_invitation"),
    shell:
        """
        python {resources.scripts:q}/write_invitation.py \
            --settings {params.settings:q} \
            --networks {input.networks:q} \
            --output {output.invitation:q} \
            &>{log:q}
        """


rule seal_bundle:
    """Seal what a site sends in place of its images."""
    input:
        invitation=STUDY.bundle.invitation if STUDY.bundle else [],
        networks=networks_of,
        predictions=own_outputs,
        manifest=own_manifest,
        digest=own_digest,
        model=own_model,
    output:
        bundle=layout.BUNDLE,
    log:
        "<log>/seal_bundle.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        key=STUDY.bundle.key if STUDY.bundle else "",  # Snakemake keeps digests of inputs, and of this there is none
        mem_mb=grows(2000),
        runtime=lasts(20),
    params:
        settings=stage_settings.bundles.seal_bundle(PLAN, BINDING_CODE).to_json() if STUDY.bundle else "",
        code=code_version("seal_bundle"),
        private=layout.BUNDLES.replace("<private>", STUDY.private),
    shell:
        """
        python {resources.scripts:q}/seal_bundle.py \
            --settings {params.settings:q} \
            --invitation {input.invitation:q} \
            --networks {input.networks:q} \
            --predictions {input.predictions:q} \
            --manifest {input.manifest:q} \
            --model {input.model:q} \
            --private {params.private:q} \
            --key {resources.key:q} \
            --output {output.bundle:q} \
            &>{log:q}
        """


rule open_bundle:
    """Check a site's bundle against this study's invitation, and write what it holds."""
    input:
        bundle=bundle_of,
        signer=signer_of,
        networks=networks_of,
    output:
        content=layout.BUNDLE_CONTENT,
    log:
        "logs/datasets/{dataset}/open_bundle.log",
    wildcard_constraints:
        dataset=one_of(STUDY.at_sites()),
    priority: 10
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=lasts(20),
    params:
        settings=lambda wildcards: stage_settings.bundles.open_bundle(PLAN, BINDING_CODE, wildcards.dataset).to_json(),
        code=code_version("open_bundle"),
        private=layout.BUNDLES.replace("<private>", STUDY.private),
    shell:
        """
        python {resources.scripts:q}/open_bundle.py \
            --settings {params.settings:q} \
            --bundle {input.bundle:q} \
            --signer {input.signer:q} \
            --networks {input.networks:q} \
            --private {params.private:q} \
            --output {output.content:q} \
            &>{log:q}
        """


rule take_model:
    """Take the model that a site trained and sent in its bundle."""
    input:
        bundle=lambda wildcards: PLAN.external[wildcards.model].bundle,
        signer=lambda wildcards: PLAN.signer_of(wildcards.model),
    output:
        weights=layout.SENT_MODEL,
    log:
        "<log>/take_model/{model}.log",
    wildcard_constraints:
        model=one_of(PLAN.sent),
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=lasts(20),
    params:
        settings=lambda wildcards: stage_settings.bundles.take_model(PLAN, wildcards.model).to_json(),
        code=code_version("take_model"),
    shell:
        """
        python {resources.scripts:q}/take_model.py \
            --settings {params.settings:q} \
            --bundle {input.bundle:q} \
            --signer {input.signer:q} \
            --output {output.weights:q} \
            &>{log:q}
        """


rule place_bundle:
    """Write the predictions of a model for the test images of a site."""
    input:
        content=expand(rules.open_bundle.output.content, dataset="{target}"),
        manifest=lambda wildcards: manifest_of(wildcards.target),
        digest=lambda wildcards: digest_of(wildcards.target),
        lookup=expand(rules.make_manifest.output.lookup, dataset="{target}", allow_missing=True),
    output:
        predictions=layout.PREDICTION,
    log:
        "<log>/place_bundle/{model}/{source}/{seed}/{split}/{target}.log",
    wildcard_constraints:
        model=one_of(PLAN.invited),
        target=one_of(STUDY.at_sites()),
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=lasts(20),
    params:
        settings=lambda wildcards: stage_settings.bundles.place_bundle(
            PLAN, wildcards.model, wildcards.target
        ).to_json(),
        code=code_version("place_bundle"),
    shell:
        """
        python {resources.scripts:q}/place_bundle.py \
            --settings {params.settings:q} \
            --model {wildcards.model:q} \
            --content {input.content:q} \
            --manifest {input.manifest:q} \
            --lookup {input.lookup:q} \
            --output {output.predictions:q} \
            &>{log:q}
        """


rule measure_bounds:
    """Measure how far numbers that come from the counts of sites can be off."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("bounds"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "how far numbers of counts can be off"},
        ),
    log:
        "<log>/measure_bounds.log",
    benchmark:
        "<benchmark>/measure_bounds.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.measure_bounds(PLAN).to_json(),
        code=code_version("measure_bounds"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_bounds.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --output {output.table:q} \
            &>{log:q}
        """
