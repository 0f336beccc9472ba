"""Settings of each stage: one class per module, so that a new setting of one stage reruns no other."""
