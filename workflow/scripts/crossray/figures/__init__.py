"""From tables to figures and the report, one module per figure; nothing here computes."""
