"""CrossRay: does a chest X-ray model trained at one hospital work at another?

A study is a YAML file. `crossray COMMAND --help` explains each command.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crossray.program import parser, run
from crossray.shell import export, new, predict, workflow


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        line: what it does, for the list of commands.
        text: the same in full, for its own help.
        add_options: adds its options.
        function: does it.
    """

    line: str
    text: str
    add_options: Callable[[argparse.ArgumentParser], None]
    function: Callable[[argparse.Namespace], None]


COMMANDS = {
    "new": Command(
        "write a study for a table and a folder of images",
        """Looks at the table and the images and writes a study that crossray check accepts, for a laptop. Comments say
where each value comes from; what cannot be guessed is said in one line each, with what to write.""",
        new.new_options,
        new.new_study,
    ),
    "check": Command(
        "say what a study will measure, what it will cost and what to change",
        """Reads the study's data, decodes some images of each kind, and writes no result. It ends with status 1 where
a run would stop or end without a number. Runs: snakemake check, with the options that follow the study.""",
        workflow.study_options,
        workflow.check_study,
    ),
    "run": Command(
        "run a study, or what of it has changed",
        """Runs Snakemake with the rules of this installation, on all cores unless --cores, --jobs, --executor or
--profile says otherwise. Results are written to results/STUDY in the working folder, the same as by
snakemake in a checkout.""",
        workflow.study_options,
        workflow.run_study,
    ),
    "predict": Command(
        "apply a trained model to image files",
        """Prepares DICOM, PNG and JPEG files as the study's images were and writes CSV, a row a file and finding:
logit, probability, output calibrated to 0.5 at the threshold, threshold, whether it is reached, and what was
irregular about the file. Research software: not for diagnosis.""",
        predict.predict_options,
        predict.predict_files,
    ),
    "export": Command(
        "take a model along: ONNX, safetensors and a model card",
        """Writes a folder with model.onnx, which is checked against torch on images of the study, model.safetensors,
crossray.json (tasks, thresholds, preprocessing) and README.md, a model card from the study's tables.""",
        export.export_options,
        export.export_model,
    ),
}


def options() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    every = parser(__doc__)
    every.prog = "crossray"
    commands = every.add_subparsers(metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        own = commands.add_parser(
            name,
            help=command.line,
            description=command.text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_options(own)
        own.set_defaults(function=command.function)
    return every


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run the command and return its exit status."""
    arguments = options().parse_args(argv)
    return run(arguments.function, arguments)


if __name__ == "__main__":
    sys.exit(main())
