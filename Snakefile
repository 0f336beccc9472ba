"""CrossRay in its checkout, where plain `snakemake` finds it; targets and rules are in workflow/Snakefile."""


include: "workflow/Snakefile"


# An include leaves the default target as it was, which is none.
workflow.default_target = workflow.modifier.modify_rulename("all")
