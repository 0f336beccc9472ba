"""From predictions to tidy tables, one module per question; nothing here draws."""
