"""Tables to pictures: each as SVG, as PNG and with its words."""


rule draw_auc_matrix:
    """Draw the matrix of mean AUC, sources x targets."""
    input:
        tables=["<study>/analysis/transfer.csv", "<study>/analysis/summary.csv"],
    output:
        svg=report(
            "<study>/figures/auc_matrix.svg",
            caption="../report/auc_matrix.rst",
            category="Performance",
            labels={"figure": "mean AUC of every pair"},
        ),
        png="<study>/figures/auc_matrix.png",
        words="<study>/figures/auc_matrix.json",
    log:
        "<log>/draw_auc_matrix.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=grows(20),
    params:
        settings=figure_settings("models", "members", "targets", "resamples"),
        code=code_version("draw_auc_matrix"),
        program="draw_auc_matrix",
    shell:
        # The figures below that are drawn from tables alone take this rule over, each with the program of its own name.
        """
        python {resources.scripts:q}/{params.program}.py \
            --tables {input.tables:q} \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """


use rule draw_auc_matrix as draw_drop with:
    input:
        tables=["<study>/analysis/transfer.csv", "<study>/analysis/summary.csv"],
    output:
        svg=report(
            "<study>/figures/drop.svg",
            caption="../report/drop.rst",
            category="Performance",
            labels={"figure": "loss elsewhere"},
        ),
        png="<study>/figures/drop.png",
        words="<study>/figures/drop.json",
    log:
        "<log>/draw_drop.log",
    params:
        settings=figure_settings("models", "datasets", "resamples"),
        code=code_version("draw_drop"),
        program="draw_drop",


use rule draw_auc_matrix as draw_accuracy with:
    input:
        tables=["<study>/analysis/classes.csv"],
    output:
        svg=report(
            "<study>/figures/accuracy.svg",
            caption="../report/accuracy.rst",
            category="Classes",
            labels={"figure": "accuracy and F1 of every pair"},
        ),
        png="<study>/figures/accuracy.png",
        words="<study>/figures/accuracy.json",
    log:
        "<log>/draw_accuracy.log",
    params:
        settings=figure_settings("models", "members", "resamples"),
        code=code_version("draw_accuracy"),
        program="draw_accuracy",


use rule draw_auc_matrix as draw_confusion with:
    input:
        tables=["<study>/analysis/confusion.csv", "<study>/analysis/classes.csv"],
    output:
        svg=report(
            "<study>/figures/confusion.svg",
            caption="../report/confusion.rst",
            category="Classes",
            labels={"figure": "which class is taken for which"},
        ),
        png="<study>/figures/confusion.png",
        words="<study>/figures/confusion.json",
    log:
        "<log>/draw_confusion.log",
    params:
        settings=figure_settings("models", "sources", "targets", "tasks"),
        code=code_version("draw_confusion"),
        program="draw_confusion",


use rule draw_auc_matrix as draw_local with:
    input:
        tables=["<study>/analysis/comparisons.csv"],
    output:
        svg=report(
            "<study>/figures/local.svg",
            caption="../report/local.rst",
            category="Performance",
            labels={"figure": "own model against others"},
        ),
        png="<study>/figures/local.png",
        words="<study>/figures/local.json",
    log:
        "<log>/draw_local.log",
    params:
        settings=figure_settings("models", "targets", "sources", "datasets"),
        code=code_version("draw_local"),
        program="draw_local",


use rule draw_auc_matrix as draw_domains with:
    input:
        tables=["<study>/analysis/domains.csv"],
    output:
        svg=report(
            "<study>/figures/domains.svg",
            caption="../report/domains.rst",
            category="Performance",
            labels={"figure": "leave one domain out"},
        ),
        png="<study>/figures/domains.png",
        words="<study>/figures/domains.json",
    log:
        "<log>/draw_domains.log",
    params:
        settings=figure_settings("models", "targets", "seeds", "resamples"),
        code=code_version("draw_domains"),
        program="draw_domains",


use rule draw_auc_matrix as draw_models with:
    input:
        tables=["<study>/analysis/models.csv"],
    output:
        svg=report(
            "<study>/figures/models.svg",
            caption="../report/models.rst",
            category="Performance",
            labels={"figure": "models compared"},
        ),
        png="<study>/figures/models.png",
        words="<study>/figures/models.json",
    log:
        "<log>/draw_models.log",
    params:
        settings=figure_settings("models", "resamples"),
        code=code_version("draw_models"),
        program="draw_models",


use rule draw_auc_matrix as draw_sweeps with:
    input:
        tables=["<study>/analysis/sweeps.csv", "<study>/analysis/choices.csv"],
    output:
        svg=report(
            "<study>/figures/sweeps.svg",
            caption="../report/sweeps.rst",
            category="Performance",
            labels={"figure": "what a training setting changes"},
        ),
        png="<study>/figures/sweeps.png",
        words="<study>/figures/sweeps.json",
    log:
        "<log>/draw_sweeps.log",
    params:
        settings=figure_settings("seeds", "resamples"),
        code=code_version("draw_sweeps"),
        program="draw_sweeps",


use rule draw_auc_matrix as draw_tasks with:
    input:
        tables=["<study>/analysis/tasks.csv", "<study>/analysis/performance.csv"],
    output:
        svg=report(
            "<study>/figures/tasks.svg",
            caption="../report/tasks.rst",
            category="Performance",
            labels={"figure": "tasks, best first"},
        ),
        png="<study>/figures/tasks.png",
        words="<study>/figures/tasks.json",
    log:
        "<log>/draw_tasks.log",
    params:
        settings=figure_settings("models", "members", "resamples"),
        code=code_version("draw_tasks"),
        program="draw_tasks",


use rule draw_auc_matrix as draw_task_matrices with:
    input:
        tables=["<study>/analysis/performance.csv"],
    output:
        svg=report(
            "<study>/figures/task_matrices.svg",
            caption="../report/task_matrices.rst",
            category="Performance",
            labels={"figure": "AUC task by task"},
        ),
        png="<study>/figures/task_matrices.png",
        words="<study>/figures/task_matrices.json",
    log:
        "<log>/draw_task_matrices.log",
    params:
        settings=figure_settings("models", "members", "targets", "tasks", "minimum"),
        code=code_version("draw_task_matrices"),
        program="draw_task_matrices",


use rule draw_auc_matrix as draw_agreement with:
    input:
        tables=["<study>/analysis/agreement_summary.csv"],
    output:
        svg=report(
            "<study>/figures/agreement.svg",
            caption="../report/agreement.rst",
            category="Agreement",
            labels={"figure": "agreement of models"},
        ),
        png="<study>/figures/agreement.png",
        words="<study>/figures/agreement.json",
    log:
        "<log>/draw_agreement.log",
    params:
        settings=figure_settings("models", "targets", "tasks", "resamples"),
        code=code_version("draw_agreement"),
        program="draw_agreement",


use rule draw_auc_matrix as draw_outputs with:
    input:
        tables=["<study>/analysis/outputs.csv", "<study>/analysis/output_points.csv", "<study>/analysis/agreement.csv"],
    output:
        svg=report(
            "<study>/figures/outputs.svg",
            caption="../report/outputs.rst",
            category="Agreement",
            labels={"figure": "outputs against each other"},
        ),
        png="<study>/figures/outputs.png",
        words="<study>/figures/outputs.json",
    log:
        "<log>/draw_outputs.log",
    params:
        settings=figure_settings("models"),
        code=code_version("draw_outputs"),
        program="draw_outputs",


use rule draw_auc_matrix as draw_operating_points with:
    input:
        tables=["<study>/analysis/operating_points.csv"],
    output:
        svg=report(
            "<study>/figures/operating_points.svg",
            caption="../report/operating_points.rst",
            category="Use",
            labels={"figure": "operating points elsewhere"},
        ),
        png="<study>/figures/operating_points.png",
        words="<study>/figures/operating_points.json",
    log:
        "<log>/draw_operating_points.log",
    params:
        settings=figure_settings("models", "sources", "members", "targets", "resamples"),
        code=code_version("draw_operating_points"),
        program="draw_operating_points",


use rule draw_auc_matrix as draw_reliability with:
    input:
        tables=["<study>/analysis/reliability.csv", "<study>/analysis/calibration.csv"],
    output:
        svg=report(
            "<study>/figures/reliability.svg",
            caption="../report/reliability.rst",
            category="Use",
            labels={"figure": "reliability curves"},
        ),
        png="<study>/figures/reliability.png",
        words="<study>/figures/reliability.json",
    log:
        "<log>/draw_reliability.log",
    params:
        settings=figure_settings("models", "sources", "targets", "datasets", "members", "resamples"),
        code=code_version("draw_reliability"),
        program="draw_reliability",


use rule draw_auc_matrix as draw_subgroups with:
    input:
        tables=["<study>/analysis/subgroups.csv"],
    output:
        svg=report(
            "<study>/figures/subgroups.svg",
            caption="../report/subgroups.rst",
            category="Use",
            labels={"figure": "sex, age band and view"},
        ),
        png="<study>/figures/subgroups.png",
        words="<study>/figures/subgroups.json",
    log:
        "<log>/draw_subgroups.log",
    params:
        settings=figure_settings("models", "members", "minimum"),
        code=code_version("draw_subgroups"),
        program="draw_subgroups",


use rule draw_auc_matrix as draw_localisation with:
    input:
        tables=["<study>/analysis/localisation.csv", "<study>/analysis/localisation_summary.csv"],
    output:
        svg=report(
            "<study>/figures/localisation.svg",
            caption="../report/localisation.rst",
            category="Localisation",
            labels={"figure": "where models look, scored"},
        ),
        png="<study>/figures/localisation.png",
        words="<study>/figures/localisation.json",
    log:
        "<log>/draw_localisation.log",
    params:
        settings=figure_settings("models", "members", "attribution"),
        code=code_version("draw_localisation"),
        program="draw_localisation",


use rule draw_auc_matrix as draw_label_agreement with:
    input:
        tables=["<study>/analysis/label_agreement.csv"],
    output:
        svg=report(
            "<study>/figures/label_agreement.svg",
            caption="../report/label_agreement.rst",
            category="Why",
            labels={"figure": "two labellings"},
        ),
        png="<study>/figures/label_agreement.png",
        words="<study>/figures/label_agreement.json",
    log:
        "<log>/draw_label_agreement.log",
    params:
        settings=figure_settings("resamples"),
        code=code_version("draw_label_agreement"),
        program="draw_label_agreement",


use rule draw_auc_matrix as draw_label_control with:
    input:
        tables=["<study>/analysis/label_control.csv"],
    output:
        svg=report(
            "<study>/figures/label_control.svg",
            caption="../report/label_control.rst",
            category="Why",
            labels={"figure": "cost of another labelling"},
        ),
        png="<study>/figures/label_control.png",
        words="<study>/figures/label_control.json",
    log:
        "<log>/draw_label_control.log",
    params:
        settings=figure_settings("models", "datasets"),
        code=code_version("draw_label_control"),
        program="draw_label_control",


use rule draw_auc_matrix as draw_heads with:
    input:
        tables=["<study>/analysis/head_places.csv"],
    output:
        svg=report(
            "<study>/figures/heads.svg",
            caption="../report/heads.rst",
            category="Why",
            labels={"figure": "weight vectors"},
        ),
        png="<study>/figures/heads.png",
        words="<study>/figures/heads.json",
    log:
        "<log>/draw_heads.log",
    params:
        settings=figure_settings("models", "datasets"),
        code=code_version("draw_heads"),
        program="draw_heads",


use rule draw_auc_matrix as draw_head_distances with:
    input:
        tables=["<study>/analysis/head_distances.csv", "<study>/analysis/head_relations.csv"],
    output:
        svg=report(
            "<study>/figures/head_distances.svg",
            caption="../report/head_distances.rst",
            category="Why",
            labels={"figure": "distance of weight vectors"},
        ),
        png="<study>/figures/head_distances.png",
        words="<study>/figures/head_distances.json",
    log:
        "<log>/draw_head_distances.log",
    params:
        settings=figure_settings("models", "seeds"),
        code=code_version("draw_head_distances"),
        program="draw_head_distances",


use rule draw_auc_matrix as draw_probe with:
    input:
        tables=["<study>/analysis/probe.csv", "<study>/analysis/probe_confusion.csv"],
    output:
        svg=report(
            "<study>/figures/probe.svg",
            caption="../report/probe.rst",
            category="Why",
            labels={"figure": "telling data sets apart"},
        ),
        png="<study>/figures/probe.png",
        words="<study>/figures/probe.json",
    log:
        "<log>/draw_probe.log",
    params:
        settings=figure_settings(),
        code=code_version("draw_probe"),
        program="draw_probe",


use rule draw_auc_matrix as draw_paper with:
    input:
        tables=["<study>/analysis/paper.csv", "<study>/analysis/paper_summary.csv"],
    output:
        svg=report(
            "<study>/figures/paper.svg",
            caption="../report/paper.rst",
            category="Paper",
            labels={"figure": "ours and the paper's"},
        ),
        png="<study>/figures/paper.png",
        words="<study>/figures/paper.json",
    log:
        "<log>/draw_paper.log",
    params:
        settings=figure_settings("models", "resamples"),
        code=code_version("draw_paper"),
        program="draw_paper",


use rule draw_auc_matrix as draw_prevalence with:
    input:
        tables=["<study>/analysis/labels.csv"],
    output:
        svg=report(
            "<study>/figures/prevalence.svg",
            caption="../report/prevalence.rst",
            category="Data",
            labels={"figure": "prevalence"},
        ),
        png="<study>/figures/prevalence.png",
        words="<study>/figures/prevalence.json",
    log:
        "<log>/draw_prevalence.log",
    params:
        settings=figure_settings("datasets", "tasks"),
        code=code_version("draw_prevalence"),
        program="draw_prevalence",


use rule draw_auc_matrix as draw_patients with:
    input:
        tables=["<study>/analysis/datasets.csv"],
    output:
        svg=report(
            "<study>/figures/patients.svg",
            caption="../report/patients.rst",
            category="Data",
            labels={"figure": "views, sexes, ages"},
        ),
        png="<study>/figures/patients.png",
        words="<study>/figures/patients.json",
    log:
        "<log>/draw_patients.log",
    params:
        settings=figure_settings("datasets"),
        code=code_version("draw_patients"),
        program="draw_patients",
