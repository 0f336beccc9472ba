"""Histories and images to pictures: figures that read more than the tables of the analyses."""


rule draw_training_curves:
    """Draw loss and validation AUC by epoch."""
    input:
        histories=of_trainings(rules.train_model.output.history, PLAN.reported_models),
        records=of_trainings(rules.train_model.output.record, PLAN.reported_models),
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
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=grows(20),
    params:
        settings=figure_settings("models", "sources_of", "sources", "seeds", "datasets"),
        code=code_version("draw_training_curves"),
        study=subpath(output.svg, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/draw_training_curves.py \
            --models {params.study:q}/models \
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
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=grows(20),
    params:
        settings=figure_settings("datasets", "tasks", "size", "shape"),
        manifests=lambda wildcards, input: str(Path(input.manifests[0]).parent),
        code=code_version("draw_samples"),
    shell:
        """
        python {resources.scripts:q}/draw_samples.py \
            --manifests {params.manifests:q} \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """


rule draw_disagreements:
    """Draw the images on which two models differ most."""
    input:
        extremes=rules.compare_outputs.output.extremes,
        indexes=study_indexes,
        shards=lambda wildcards: shards_of(PLAN.targets),
    output:
        svg=report(
            "<study>/figures/disagreements.svg",
            caption="../report/disagreements.rst",
            category="Agreement",
            labels={"figure": "images of disagreement"},
        ),
        png="<study>/figures/disagreements.png",
        words="<study>/figures/disagreements.json",
    log:
        "<log>/draw_disagreements.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=grows(20),
    params:
        settings=figure_settings("size", "shape"),
        code=code_version("draw_disagreements"),
    shell:
        """
        python {resources.scripts:q}/draw_disagreements.py \
            --extremes {input.extremes:q} \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """


rule draw_attributions:
    """Draw where models look in the most telling images of each pair."""
    input:
        attributions=attributions,
        indexes=study_indexes,
        shards=lambda wildcards: shards_of(PLAN.targets),
        regions=lambda wildcards: regions_of(PLAN.targets),
    output:
        svg=report(
            "<study>/figures/attributions.svg",
            caption="../report/attributions.rst",
            category="Localisation",
            labels={"figure": "where models look, in images"},
        ),
        png="<study>/figures/attributions.png",
        words="<study>/figures/attributions.json",
    log:
        "<log>/draw_attributions.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=grows(20),
    params:
        settings=figure_settings("models", "sources", "targets", "size", "shape", "fit", "attribution"),
        code=code_version("draw_attributions"),
        study=subpath(output.svg, ancestor=2),
    shell:
        """
        python {resources.scripts:q}/draw_attributions.py \
            --attributions {params.study:q}/attributions \
            --datasets results/datasets \
            --settings {params.settings:q} \
            --svg {output.svg:q} \
            --png {output.png:q} \
            --words {output.words:q} \
            &>{log:q}
        """
