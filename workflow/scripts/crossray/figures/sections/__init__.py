"""Sections of the report: each with its figures, tables and passages, in the order of the page."""
