"""Which figures the report holds; the workflow reads this too, so it stays light."""

#: names of the figures' files, of their modules, and of their rules and programs after ``draw_``
FIGURES = ("auc_matrix", "task_matrices", "drop", "prevalence", "patients", "samples", "training_curves")
