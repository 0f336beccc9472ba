"""Tables to pictures: each as SVG, as PNG and with its words."""


rule draw_auc_matrix:
    """Draw the matrix of mean AUC, sources x targets."""
    input:
        transfer=rules.measure_transfer.output.transfer,
        summary=rules.measure_transfer.output.summary,
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
        mem_mb=1000,
        runtime=20,
    params:
        settings=figure_settings("models", "sources", "targets", "resamples"),
        code=code_version("draw_auc_matrix"),
    shell:
        """
        python workflow/scripts/draw_auc_matrix.py \
            --transfer {input.transfer:q} \
            --summary {input.summary:q} \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """


rule draw_task_matrices:
    """Draw the matrix of AUC for every task."""
    input:
        performance=rules.measure_performance.output.table,
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
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        settings=figure_settings("models", "sources", "targets", "tasks", "minimum"),
        code=code_version("draw_task_matrices"),
    shell:
        """
        python workflow/scripts/draw_task_matrices.py \
            --performance {input.performance:q} \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """


rule draw_drop:
    """Draw what each model loses elsewhere."""
    input:
        transfer=rules.measure_transfer.output.transfer,
        summary=rules.measure_transfer.output.summary,
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
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        settings=figure_settings("models", "datasets", "resamples"),
        code=code_version("draw_drop"),
    shell:
        """
        python workflow/scripts/draw_drop.py \
            --transfer {input.transfer:q} \
            --summary {input.summary:q} \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """


rule draw_training_curves:
    """Draw loss and validation AUC by epoch."""
    input:
        histories=expand(rules.train_model.output.history, model=MODELS, source=SOURCES, seed=SEEDS),
        records=expand(rules.train_model.output.record, model=MODELS, source=SOURCES, seed=SEEDS),
    output:
        svg=report(
            "<study>/figures/training_curves.svg",
            caption="../report/training_curves.rst",
            category="Training",
            labels={"figure": "training curves"},
        ),
        png="<study>/figures/training_curves.png",
        words="<study>/figures/training_curves.json",
    log:
        "<log>/draw_training_curves.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        settings=figure_settings("models", "sources", "seeds", "datasets"),
        code=code_version("draw_training_curves"),
        study=subpath(output.svg, ancestor=2),
    shell:
        """
        python workflow/scripts/draw_training_curves.py \
            --models {params.study:q}/models \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """


rule draw_prevalence:
    """Draw how often each finding is called in each data set."""
    input:
        labels=rules.summarise_datasets.output.labels,
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
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        settings=figure_settings("datasets", "tasks"),
        code=code_version("draw_prevalence"),
    shell:
        """
        python workflow/scripts/draw_prevalence.py \
            --labels {input.labels:q} \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """


rule draw_patients:
    """Draw views, sexes and ages in each data set."""
    input:
        counts=rules.summarise_datasets.output.counts,
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
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        settings=figure_settings("datasets"),
        code=code_version("draw_patients"),
    shell:
        """
        python workflow/scripts/draw_patients.py \
            --counts {input.counts:q} \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """


rule draw_samples:
    """Draw a few images of each data set."""
    input:
        manifests=study_manifests,
        digests=study_digests,
        indexes=study_indexes,
    output:
        svg=report(
            "<study>/figures/samples.svg",
            caption="../report/samples.rst",
            category="Data",
            labels={"figure": "sample images"},
        ),
        png="<study>/figures/samples.png",
        words="<study>/figures/samples.json",
    log:
        "<log>/draw_samples.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        settings=figure_settings("datasets", "tasks", "size", "shape"),
        manifests=lambda wildcards, input: str(Path(input.manifests[0]).parent),
        code=code_version("draw_samples"),
    shell:
        """
        python workflow/scripts/draw_samples.py \
            --manifests {params.manifests:q} \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """
