"""Tables become pictures and the report, one module a figure; nothing here computes."""
