"""The findings that the simulated hospitals know, in the order of their reports."""

FINDINGS = ("Cardiomegaly", "Effusion", "Lung Opacity", "Nodule", "Pneumothorax")
