"""Is a model still what it was? Estimates without labels with their back-tests, and control charts of months."""


rule estimate_unlabelled:
    """Estimate what models are worth without labels, and back-test every estimate where there are labels."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        shift=rules.explain_drops.output.table if PLAN.conditions["explanation"] else [],
    output:
        table=report(
            layout.table("unlabelled"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "estimates without labels"},
        ),
        errors=report(
            layout.table("unlabelled_errors"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "errors of estimates without labels"},
        ),
    log:
        "<log>/estimate_unlabelled.log",
    benchmark:
        "<benchmark>/estimate_unlabelled.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.estimate_unlabelled(PLAN).to_json(),
        code=code_version("estimate_unlabelled"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/estimate_unlabelled.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --shift {input.shift:q} \
            --errors {output.errors:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule chart_months:
    """Chart the months of every target: outputs of models, refusals and acquisition."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        descriptions=expand(rules.describe_images.output.descriptions, target=PLAN.targets_here),
    output:
        watched=report(
            layout.table("watched"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "what is watched"},
        ),
        charts=report(
            layout.table("control_charts"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "control charts"},
        ),
        alarms=report(
            layout.table("alarms"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "alarms"},
        ),
    log:
        "<log>/chart_months.log",
    benchmark:
        "<benchmark>/chart_months.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.chart_months(PLAN).to_json(),
        code=code_version("chart_months"),
        study=subpath(output.watched, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/chart_months.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --descriptions {input.descriptions:q} \
            --charts {output.charts:q} \
            --alarms {output.alarms:q} \
            --output {output.watched:q} \
            &>{log:q}
        """
