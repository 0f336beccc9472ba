"""What jobs ask for."""

#: variable of the environment in which jobs find how many GPUs each has that computes a network
GPUS = "CROSSRAY_GPUS"


def grows(amount, cause=Cause.MEMORY):
    """Return a resources function: an amount, or one for the wildcards, plus the same for each attempt that ran short."""
    size = amount if callable(amount) else lambda wildcards: amount
    return lambda wildcards, rulename: size(wildcards) * (1 + ATTEMPTS.short(rulename, wildcards, cause))


def lasts(amount):
    """Return a resources function: minutes, once more for each time limit that a job ran into."""
    return grows(amount, Cause.TIME)


def gpus(wildcards, rulename):
    """Return the GPUs of a job that computes a network: one where a scheduler gives them out or a machine has some.

    It is this function that makes a rule a GPU job. Predictions of a linear probe need none, as features are kept.
    Which GPUs there are is said by `--resources gpu=NUMBER`, as the profiles do: 0 for none, which holds for a scheduler
    too. Snakemake does not hand that on to the Snakemake in a job; the environment does.
    """
    if workflow.is_main_process:
        os.environ[GPUS] = str(min(1, gpus_to_give()))
    return 0 if has_features(wildcards, rulename) else int(os.environ.get(GPUS, "0"))


def has_features(wildcards, rulename):
    """Return whether a job only applies the last layer of a probe to features that are kept."""
    return rulename.rstrip("_0123456789") == "predict" and wildcards.model in PLAN.probes


def gpus_to_give():
    """Return the limit of GPUs at a time; without one, none on this machine and any number from a scheduler."""
    limit = workflow.global_resources["gpu"].value if "gpu" in workflow.global_resources else None
    return limit if limit is not None else int(workflow.non_local_exec and not workflow.dryrun)
