"""Bundles: what a site sends in place of images, sealed, and the invitation that it answers."""
