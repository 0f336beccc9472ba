"""CrossRay: does a chest X-ray model trained at one hospital work at another?

Raw DICOM -> manifests and shards -> one model a source -> predictions on every target -> tables, figures, report.
"""

from snakemake.utils import min_version

min_version("9.27")


include: "workflow/rules/configuration.smk"


check_configuration(*workflow.overwrite_configfiles or [CHECKOUT / "config/config.yaml"])


if not workflow.overwrite_configfiles:  # --configfile replaces the default study, it does not mix with it

    configfile: workflow.current_basedir.join("config/config.yaml").get_path_or_uri(secret_free=True)


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/attempts.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/params.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/leakage.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/external.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/localisation.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/comparisons.smk"
include: "workflow/rules/explanation.smk"
include: "workflow/rules/decision.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/forget.smk"
include: "workflow/rules/terminal.smk"


onstart:
    with raised_as(WorkflowError):
        check_writable("results", "logs", STUDY.private)
        close_folder(Path(STUDY.private))
        check_clock(STUDY, DATA.releases.values())
    check_left_over()


localrules:  # targets, and drawings of a second or two, which a cluster would keep waiting for longer
    all,
    check,
    diff,
    convert,
    train,
    evaluate,
    report,
    forget,
    recheck,
    write_decision,
    write_report,
    draw_figure,


rule all:
    default_target: True
    input:
        rules.write_report.output.html,
        rules.write_decision.output.html if STUDY.acceptance else [],


rule check:
    """What a run would come to, before it; writes nothing and runs whenever it is asked for."""
    log:
        "<log>/check.log",
    conda:
        "envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
    params:
        settings=GIVEN,
    shell:
        """
        python {resources.scripts:q}/check.py \
            --settings {params.settings:q} \
            2>{log:q}
        """


rule diff:
    """Which numbers differ from another study's, or from an earlier run's: snakemake diff --config before=FOLDER."""
    log:
        "<log>/diff.log",
    conda:
        "envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
    params:
        before=BEFORE,
        after=f"results/{STUDY.study}",
    shell:
        """
        python {resources.scripts:q}/diff.py \
            --before {params.before:q} \
            --after {params.after:q} \
            2>{log:q}
        """


rule convert:
    """Everything up to the shards."""
    input:
        expand(
            layout.INDEX,
            dataset=DATASETS,
            shape=SHAPE,
        ),


rule train:
    """Everything up to the models."""
    input:
        of_trainings(rules.train_model.output.weights),


rule evaluate:
    """Everything up to the tables."""
    input:
        rules.measure_performance.output.table,
        rules.measure_transfer.output.transfer,


rule report:
    """Everything."""
    input:
        rules.write_report.output.html,
