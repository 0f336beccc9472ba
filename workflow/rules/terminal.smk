"""What a run says in the terminal, where this workflow is the one that runs: progress, the answer, how to go on."""

from snakemake.logging import logger

from crossray.changes import Changes
from crossray.progress import Progress

#: rules of which nobody knows how long a job takes before one has finished
LONG_RULES = frozenset({"train_model", "train_shared_heads", "train_encoder", "explain_drops"})
#: whoever asks for other output than usual gets Snakemake's own
ASKED = workflow.output_settings
#: what is called where no other workflow uses this one
MAIN = {CHECKOUT.resolve() / name for name in ("Snakefile", "workflow/Snakefile")}
if workflow.is_main_process and Path(workflow.main_snakefile).resolve() in MAIN:
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            handler.addFilter(Changes())
            if not (ASKED.dryrun or ASKED.verbose or ASKED.printshellcmds or ASKED.quiet or ASKED.debug_dag):
                handler.addFilter(Progress(LONG_RULES))


onsuccess:
    checked = "check" in workflow.dag_settings.targets
    if "plan" in workflow.dag_settings.targets:
        shell(f"python {shlex.quote(SCRIPTS)}/print_plan.py results/{STUDY.study}")
    # of a single file that was asked for, not all that an answer needs may be there
    analysis = Path(f"results/{STUDY.study}/analysis")
    if (analysis / "transfer.csv").is_file() and not checked:
        causes = "--causes" if PLAN.conditions["explanation"] and (analysis / "shift.csv").is_file() else ""
        shell(f"python {shlex.quote(SCRIPTS)}/print_matrix.py {causes} results/{STUDY.study}")


onerror:
    print("Stopped. Fix the cause and run the same command again; finished steps are kept.", file=sys.stderr)
