"""Settings of each stage: exactly those that decide its result, and nothing else of the configuration."""

from crossray.study.stage_settings import analyses, bundles, data, external, networks

__all__ = ["analyses", "bundles", "data", "external", "networks"]
