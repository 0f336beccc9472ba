"""Which figures and tables a report can hold, and what a study must have for each; the workflow reads this too.

The conditions: ``models``, several models that are no points of a sweep; ``sweeps``, a sweep; ``transfer``, two
sources that are data sets; ``domains``, a source that leaves one domain out;
``heads``, a network with an output for each data set; ``labels``, two data sets with the same patients;
``explanation``, two targets and the wish to explain losses; ``truth``, the same on simulated hospitals alone;
``probe``, two domains; ``attribution``, maps of where models look; ``localisation``, these, and a target whose findings
are located; ``paper``, data sets of Cohen et al. (2020); ``findings``, tasks that are findings and ``classes``, tasks
that are classes, of which an image has one; ``agreement``, findings and two sources that are data sets; ``panels``, few
enough tasks for a matrix each.
"""

#: name of a figure's files, of its module, and of its rule and program after ``draw_`` -> condition
ALL_FIGURES = {
    "auc_matrix": None,
    "drop": None,
    "accuracy": "classes",
    "confusion": "classes",
    "local": "transfer",
    "domains": "domains",
    "models": "models",
    "sweeps": "sweeps",
    "tasks": None,
    "task_matrices": "panels",
    "agreement": "agreement",
    "outputs": "agreement",
    "disagreements": "agreement",
    "operating_points": "findings",
    "reliability": "findings",
    "subgroups": None,
    "localisation": "localisation",
    "attributions": "attribution",
    "shift_terms": "explanation",
    "shift_map": "explanation",
    "corrections": "explanation",
    "shift_truth": "truth",
    "label_agreement": "labels",
    "label_control": "labels",
    "heads": "heads",
    "head_distances": "heads",
    "probe": "probe",
    "paper": "paper",
    "samples": None,
    "prevalence": None,
    "patients": None,
    "training_curves": None,
}

#: name of a table in ``analysis/`` -> condition
ALL_TABLES = {
    "performance": None,
    "transfer": None,
    "summary": None,
    "tasks": None,
    "classes": "classes",
    "confusion": "classes",
    "models": "models",
    "sweeps": "sweeps",
    "choices": "sweeps",
    "comparisons": "transfer",
    "domains": "domains",
    "agreement": "agreement",
    "agreement_summary": "agreement",
    "outputs": "agreement",
    "operating_points": "findings",
    "calibration": "findings",
    "reliability": "findings",
    "subgroups": None,
    "localisation": "localisation",
    "localisation_summary": "localisation",
    "shift": "explanation",
    "shift_evidence": "explanation",
    "corrections": "explanation",
    "corrections_by_verdict": "explanation",
    "shift_truth": "truth",
    "shift_acceptance": "truth",
    "label_agreement": "labels",
    "label_control": "labels",
    "head_distances": "heads",
    "head_relations": "heads",
    "probe": "probe",
    "probe_confusion": "probe",
    "paper": "paper",
    "paper_summary": "paper",
    "flow": None,
    "datasets": None,
    "labels": None,
}

#: condition -> what a report says of a study that lacks it; nobody misses classes where tasks are findings
MISSING = {
    "models": "Comparison of models: there is only one.",
    "sweeps": "What training settings change: no model has a `sweep`.",
    "transfer": "Comparisons of models with one another: there is only one source.",
    "domains": "Leave one domain out: no source `all-but-NAME`.",
    "heads": "Weight vectors of a shared network: no `shared_heads`.",
    "explanation": "Images or labels, for every pair and task: no `explanation`.",
    "truth": "Verdicts checked against the truth: not all hospitals are simulated.",
    "labels": "Two labellings of the same images: no two data sets have the same patients.",
    "probe": "Telling the data sets apart: there is only one domain.",
    "attribution": "Where the models look: no `evaluation.attribution`.",
    "localisation": "Whether the models look where the findings are: nobody says where they are, or nobody asks.",
    "paper": "Comparison with Cohen et al. (2020): no data set has a `paper` name.",
    "findings": "Operating points and reliability of single findings: the tasks are classes.",
    "agreement": "Agreement of models about single findings: there is only one source, or the tasks are classes.",
    "panels": "A matrix for each task: there are too many; the table has them.",
}
