"""May a model be used here? Criteria that were fixed before, and a sheet to sign."""


rule judge_acceptance:
    """Evaluate whether each model can be used at each target, and at which threshold."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        table=report(
            layout.table("acceptance"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "criteria met or not"},
        ),
        thresholds=report(
            layout.table("thresholds"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "what thresholds give"},
        ),
        groups=report(
            layout.table("acceptance_groups"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "criteria met or not, by group"},
        ),
    log:
        "<log>/judge_acceptance.log",
    benchmark:
        "<benchmark>/judge_acceptance.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.judge_acceptance(PLAN).to_json(),
        code=code_version("judge_acceptance"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/judge_acceptance.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --thresholds {output.thresholds:q} \
            --groups {output.groups:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule measure_usefulness:
    """Measure whether acting on outputs does more good than acting always or never."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
    output:
        curves=report(
            layout.table("decision_curve"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "net benefit of each threshold"},
        ),
        distributions=layout.table("score_distribution"),
    log:
        "<log>/measure_usefulness.log",
    benchmark:
        "<benchmark>/measure_usefulness.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.measure_usefulness(PLAN).to_json(),
        code=code_version("measure_usefulness"),
        study=subpath(output.curves, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/measure_usefulness.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --curves {output.curves:q} \
            --distributions {output.distributions:q} \
            &>{log:q}
        """


rule write_decision:
    """Write the decision sheet, to print and sign."""
    input:
        acceptance=rules.judge_acceptance.output.table,
        thresholds=rules.judge_acceptance.output.thresholds,
        groups=rules.judge_acceptance.output.groups,
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        weights=of_trainings(layout.WEIGHTS, PLAN.models),
        networks=external_networks(),
        templates=[f"{SCRIPTS}/crossray/figures/templates/{name}" for name in ("decision.html.j2", "decision.css")],
    output:
        html=report(
            layout.DECISION,
            caption="../report/report.rst",
            category="Report",
            labels={"page": "the decision, to print and sign"},
        ),
    log:
        "<log>/write_decision.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(20),
    params:
        settings=decision_settings(PLAN, code_version("judge_acceptance")),
        code=code_version("write_decision"),
        study=subpath(output.html, parent=True),
    shell:
        """
        python {resources.scripts:q}/write_decision.py \
            --study {params.study:q} \
            --networks {input.networks:q} \
            --settings {params.settings:q} \
            --templates {resources.scripts:q}/crossray/figures/templates \
            --output {output.html:q} \
            &>{log:q}
        """


rule recheck:
    """Check whether a signed sheet matches these results: snakemake recheck --config sheet=FILE."""
    input:
        networks=external_networks(),
    log:
        "<log>/recheck.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
    params:
        sheet=SHEET,
        code=code_version("recheck"),
        settings=decision_settings(PLAN, code_version("judge_acceptance")),
        study=f"results/{STUDY.study}",
    shell:
        """
        python {resources.scripts:q}/recheck.py \
            --sheet {params.sheet:q} \
            --study {params.study:q} \
            --networks {input.networks:q} \
            --settings {params.settings:q} \
            2>&1 | tee {log:q}
        """
