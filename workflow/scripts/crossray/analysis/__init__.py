"""Predictions become tidy tables, one module a question; nothing here draws."""
