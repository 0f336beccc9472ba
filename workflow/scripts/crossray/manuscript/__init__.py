"""What a study gives to the paper about it: methods, checklists, references, figures at journal widths, a crate."""
