"""Films to read: how many."""


rule plan_films:
    """Compute how many films have to be read for intervals of a wanted width."""
    output:
        table=report(
            layout.table("sample_sizes"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "films to read"},
        ),
    log:
        "<log>/plan_films.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(20),
    params:
        settings=stage_settings.analyses.plan_films(PLAN).to_json(),
        code=code_version("plan_films"),
    shell:
        """
        python {resources.scripts:q}/plan_films.py \
            --settings {params.settings:q} \
            --output {output.table:q} \
            &>{log:q}
        """


rule choose_films:
    """Choose the films to read of each target, by the outputs of models."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        lookups=expand(rules.make_manifest.output.lookup, dataset=PLAN.targets),
    output:
        lists=expand(layout.TO_READ, target=PLAN.targets),
        named=expand(layout.FILMS_TO_READ, study=STUDY.study, target=PLAN.targets),
        gains=report(
            layout.table("reading_gains"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "what a list of films saves"},
        ),
    log:
        "<log>/choose_films.log",
    benchmark:
        "<benchmark>/choose_films.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.choose_films(PLAN).to_json(),
        code=code_version("choose_films"),
        study=subpath(output.gains, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/choose_films.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --lookups {input.lookups:q} \
            --outputs {output.lists:q} \
            --named {output.named:q} \
            --gains {output.gains:q} \
            &>{log:q}
        """


rule estimate_films:
    """Estimate what models are worth on all films from those that were read."""
    input:
        predictions=predictions,
        manifests=study_manifests,
        digests=study_digests,
        leakage=rules.audit_leakage.output.table,
        lists=rules.choose_films.output.lists,
    output:
        table=report(
            layout.table("read_films"),
            caption="../report/analysis.rst",
            category="Tables",
            labels={"table": "estimates from films that were read"},
        ),
    log:
        "<log>/estimate_films.log",
    benchmark:
        "<benchmark>/estimate_films.tsv"
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(60),
    params:
        settings=stage_settings.analyses.estimate_films(PLAN).to_json(),
        code=code_version("estimate_films"),
        study=subpath(output.table, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/estimate_films.py \
            --predictions {params.study:q}/predictions \
            --manifests {params.study:q}/manifests \
            --leakage {input.leakage:q} \
            --settings {params.settings:q} \
            --lists {input.lists:q} \
            --output {output.table:q} \
            &>{log:q}
        """
