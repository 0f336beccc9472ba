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
        settings=stage_settings.plan_films(PLAN).to_json(),
        code=code_version("plan_films"),
    shell:
        """
        python {resources.scripts:q}/plan_films.py \
            --settings {params.settings:q} \
            --output {output.table:q} \
            &>{log:q}
        """
