"""What decides a job's result beside its settings: the code of readers; and what figures and the report are told."""


def manifest_code(wildcards):
    """Return the code behind a manifest: the program's and its reader's, without the code for regions."""
    # Where findings are is read for another file; how pixels are made is nothing to a manifest.
    return code_version("make_manifest", reader_module(wildcards.dataset), without="crossray.datasets.annotations")


def reader_module(dataset):
    """Return the name of the module that reads a data set."""
    return READERS[DATASETS[dataset].reader]


def contract_modules(names):
    """Return the modules with the contracts of tables, for code that looks tables up by name."""
    return sorted({contract_of(name).__module__ for name in names})


def figure_modules(wildcards):
    """Return the modules found only by the name of a figure: its own and those of its tables."""
    return f"crossray.figures.{wildcards.figure}", *contract_modules(ALL_FIGURES[wildcards.figure].tables)


def figure_settings(wildcards):
    """Return a figure's settings of the study; every figure states whether the images are phantoms."""
    wanted = ("phantoms", "real", *ALL_FIGURES[wildcards.figure].settings)
    return as_text({key: value for key, value in OF_STUDY.items() if key in wanted})


def figure_folders(wildcards, output):
    """Return the folders that a figure reads, the study's and that of all data sets."""
    return folders_of(wildcards.figure, Path(output.svg).parents[1])


def paper_figure_folders(wildcards, output):
    """Return the same of a figure for a paper, which lies one folder deeper."""
    return folders_of(wildcards.figure, Path(output.svg).parents[2])


def folders_of(figure, study):
    """Return the folders that a figure of a study reads."""
    folders = {"datasets": "results/datasets"}
    return [folders.get(name, str(study / name)) for name in ALL_FIGURES[figure].folders]
