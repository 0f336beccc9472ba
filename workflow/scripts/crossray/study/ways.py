"""Ways to adapt a model to a hospital, by the names that configurations and tables use."""

from typing import Final

AS_IT_IS: Final = "as it is"
THRESHOLD: Final = "threshold"
RECALIBRATION: Final = "recalibration"
BATCH_NORM: Final = "batch norm"
HEAD: Final = "head"
FINE_TUNING: Final = "fine-tuning"
SCRATCH: Final = "from scratch"

#: those that the outputs of the model are enough for
OF_OUTPUTS: Final = (THRESHOLD, RECALIBRATION)
#: those that a network is computed for, the cheapest first
OF_NETWORKS: Final = (BATCH_NORM, HEAD, FINE_TUNING, SCRATCH)

#: what a threshold is chosen for: the mean of sensitivity and specificity
BALANCED: Final = "balanced accuracy"

#: how far local images may move a calibrated model's logits: standard deviations of the normal priors of an intercept
#: around 0 and of a slope around 1, as a few images alone would give wild ones
INTERCEPT_DEVIATION, SLOPE_DEVIATION = 1.0, 0.5
