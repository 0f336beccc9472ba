"""A patient withdraws: snakemake forget --config forget=FILE."""


rule forget:
    """Remove patients from all results and from later runs."""
    log:
        "<log>/forget.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(4000),
        runtime=lasts(120),
    params:
        patients=FORGET,
        code=code_version("forget"),
        settings=stage_settings.data.forget(PLAN, release_paths(STUDY, DATA.releases)).to_json(),
        private=STUDY.private,
        cache=list(filter(None, [os.environ.get("SNAKEMAKE_OUTPUT_CACHE")])),
    shell:
        """
        python {resources.scripts:q}/forget.py \
            --patients {params.patients:q} \
            --settings {params.settings:q} \
            --private {params.private:q} \
            --results results \
            --cache {params.cache:q} \
            2>&1 | tee {log:q}
        """
