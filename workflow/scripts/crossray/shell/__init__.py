"""CrossRay for people: the command ``crossray`` and what ``import crossray`` offers; no stage of a study uses it."""
