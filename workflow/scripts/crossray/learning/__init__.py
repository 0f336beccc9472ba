"""Manifests and shards become models, and models become predictions."""
