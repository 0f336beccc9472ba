"""Which figures and tables a report can hold, and what a study must have for each; the workflow reads this too.

The conditions: ``transfer``, two sources that are data sets; ``domains``, a source that leaves one domain out;
``heads``, a network with an output for each data set; ``labels``, two data sets with the same patients;
``explanation``, two targets and the wish to explain losses; ``truth``, the same on simulated hospitals alone;
``probe``, two domains; ``paper``, data sets of Cohen et al. (2020).
"""

#: name of a figure's files, of its module, and of its rule and program after ``draw_`` -> condition
ALL_FIGURES = {
    "auc_matrix": None,
    "drop": None,
    "local": "transfer",
    "domains": "domains",
    "tasks": None,
    "task_matrices": None,
    "agreement": "transfer",
    "outputs": "transfer",
    "disagreements": "transfer",
    "operating_points": None,
    "reliability": None,
    "subgroups": None,
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
    "comparisons": "transfer",
    "domains": "domains",
    "agreement": "transfer",
    "agreement_summary": "transfer",
    "outputs": "transfer",
    "operating_points": None,
    "calibration": None,
    "reliability": None,
    "subgroups": None,
    "shift": "explanation",
    "shift_evidence": "explanation",
    "corrections": "explanation",
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
    "datasets": None,
    "labels": None,
}

#: condition -> what a report says of a study that lacks it
MISSING = {
    "transfer": "Comparisons of models with one another: there is only one source.",
    "domains": "Leave one domain out: no source `all-but-NAME`.",
    "heads": "Weight vectors of a shared network: no `shared_heads`.",
    "explanation": "Images or labels, for every pair and task: no `explanation`.",
    "truth": "Verdicts checked against the truth: not all hospitals are simulated.",
    "labels": "Two labellings of the same images: no two data sets have the same patients.",
    "probe": "Telling the data sets apart: there is only one domain.",
    "paper": "Comparison with Cohen et al. (2020): no data set has a `paper` name.",
}
