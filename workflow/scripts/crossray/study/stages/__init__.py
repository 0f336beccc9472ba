"""What each stage is told: a class in a module of its own, so that a new setting of one stage reruns no other."""
