"""What jobs read: the files of data sets, models and predictions, with what says whether they are others."""


def datasets_learnt(wildcards):
    """Return the training data sets: the source's, or the pool of a shared network."""
    return PLAN.members[wildcards.source] if "source" in wildcards.keys() else PLAN.pool


def is_archived(dataset):
    """Return whether an archive has the images of a data set."""
    return DATASETS[dataset].reader in TRANSPORTS


def raw_files(wildcards):
    """Return what must be there for a conversion of what an archive sent, once it runs; newer ones convert nothing."""
    if not is_archived(wildcards.dataset):
        return []
    return ancient(
        expand(layout.RETRIEVED if DATASETS[wildcards.dataset].keep_raw else layout.RAW, dataset=wildcards.dataset)
    )


def shards(pattern, dataset, shape):
    """Return the files of a data set's shards."""
    names = [f"{number:04d}" for number in range(LOADS.shards(dataset))]
    return [pattern.format(dataset=dataset, shape=shape, shard=name) for name in names]


def index_of(dataset):
    """Return the index of a data set's shards."""
    return layout.INDEX.format(dataset=dataset, shape=SHAPE)


def manifest_of(dataset):
    """Return the manifest of a data set as this study uses it. Changes are detected by its digest.

    Asking the checkpoint lets Snakemake look again once it has been written: what ends in the same patients, splits and
    labels reruns nothing further. Only the last step before training is a checkpoint; where one checkpoint waits for
    another, Snakemake 9 may run a job whose input was never filled in.
    """
    return ancient(checkpoints.assign_splits.get(dataset=dataset).output.manifest)


def digest_of(dataset):
    """Return the digest of a data set's manifest in this study."""
    return checkpoints.assign_splits.get(dataset=dataset).output.digest


def manifests_of(datasets):
    """Return the manifests of data sets as this study uses them."""
    return [manifest_of(dataset) for dataset in datasets]


def digests_of(datasets):
    """Return the digests of these manifests."""
    return [digest_of(dataset) for dataset in datasets]


def indexes_of(datasets):
    """Return the indexes of data sets."""
    return [index_of(dataset) for dataset in datasets]


def shards_of(datasets):
    """Return the shards of data sets; changes are detected by the index."""
    return ancient([path for dataset in datasets for path in shards(layout.SHARD, dataset, SHAPE)])


def study_manifests(wildcards):
    """Return the manifests of all data sets."""
    return manifests_of(DATASETS)


def study_digests(wildcards):
    """Return the digests of these manifests."""
    return digests_of(DATASETS)


def study_indexes(wildcards):
    """Return the indexes of all data sets whose images are here."""
    return indexes_of(PLAN.here)


def weights_of(wildcards):
    """Return the weights of a model; changes are detected by the record beside them."""
    return ancient(of_model(layout.WEIGHTS, wildcards))


def record_of(wildcards):
    """Return a training's record; requesting its source's digests lets Snakemake see that it need not change."""
    digests_of(PLAN.members[wildcards.source])
    return of_model(layout.RECORD, wildcards)


def of_model(pattern, wildcards):
    """Return the file of the wildcards' model, of the first seed if there is no wildcard for it."""
    names = {"model": wildcards.model, "source": wildcards.source, "seed": getattr(wildcards, "seed", SEEDS[0])}
    return expand(pattern, **names)


def initial_weights(wildcards):
    """Return the file that a model's weights start from."""
    return weights_from(wildcards.model, wildcards.seed)


def weights_from(model, seed):
    """Return the file that weights start from: one of the user's, or another model's of the same seed."""
    if PLAN.models[model].origin():
        return ancient(of_origin(layout.WEIGHTS, model, seed))
    return FILES[model]


def initial_record(wildcards):
    """Return the record of the model that weights come from, by which changes are detected."""
    return record_from(wildcards.model, wildcards.seed)


def record_from(model, seed):
    """Return the record of the model that a model's weights come from; none where they come from elsewhere."""
    before = PLAN.models[model].origin()
    known = before and digests_of(PLAN.members[before.source])
    return of_origin(layout.RECORD, model, seed) if known else []


def of_origin(pattern, model, seed):
    """Return the file of the model that a model starts from."""
    before = PLAN.models[model].origin()
    return expand(pattern, model=before.from_, source=before.source, seed=seed)


def encoder_weights(wildcards):
    """Return the file of the encoder that describes images: the study's own, the user's, or none."""
    return ancient(layout.ENCODER) if LEARNS_ENCODER else ENCODER_FILE


def encoder_record(wildcards):
    """Return the record of the study's own encoder, by which changes are detected."""
    return layout.ENCODER_RECORD if LEARNS_ENCODER else []


def describing_models(pattern):
    """Return the files of the models that describe images, of the first seed; none unless the study asks for them."""
    return of_trainings(pattern, PLAN.describing_models, seed=SEEDS[:1])


def describing_records(wildcards):
    """Return the records of these models; their sources' digests are requested as in :func:`record_of`."""
    for training in PLAN.trainings(PLAN.describing_models):
        digests_of(PLAN.members[training["source"]])
    return describing_models(layout.RECORD)


def features_of(wildcards, datasets):
    """Return the features of data sets on which a probe is fitted; changes are detected by the records beside them."""
    return ancient(kept_features(layout.FEATURES, wildcards, datasets))


def feature_records_of(wildcards, datasets):
    """Return the records of these features."""
    return kept_features(layout.FEATURES_RECORD, wildcards, datasets)


def kept_features(pattern, wildcards, datasets):
    """Return files about features, none of a model that is no probe; given weights are the same for every seed."""
    if wildcards.model not in PLAN.probes:
        return []
    seed = wildcards.seed if PLAN.models[wildcards.model].origin() else SEEDS[0]
    return expand(pattern, network=PLAN.frozen_of(wildcards.model), seed=seed, dataset=datasets)


def of_trainings(pattern, models, **more):
    """Return the files of every training of these models."""
    names = {"seed": SEEDS} | more
    return [path for training in PLAN.trainings(models) for path in expand(pattern, **training, **names)]


def on_own(pattern, targets_of, models, **more):
    """Return the files of these models' trainings for the data sets that ``targets_of`` returns for their source."""
    named = [one | {"seed": SEEDS, "target": targets_of(one["source"])} for one in PLAN.trainings(models)]
    return [path for names in named for path in expand(pattern, **names, **more)]


def predictions(wildcards):
    """Return all predictions of the study: every target's test split, and the own validation splits for thresholds."""
    at_home = on_own(layout.PREDICTION, PLAN.members.__getitem__, PLAN.models, split="validation")
    tested = of_trainings(layout.PREDICTION, PLAN.models, split="test", target=PLAN.targets_here)
    return at_home + tested + external_predictions()


def of_external(model, split, target):
    """Return the predictions of an external model, which exist only for the first seed."""
    source = PLAN.external[model].source()
    return expand(layout.PREDICTION, model=model, source=source, seed=SEEDS[0], split=split, target=target)


def external_predictions():
    """Return the predictions of all external models."""
    pairs = [(model, *of) for model in PLAN.external for of in PLAN.predictions_of(model)]
    return [path for pair in pairs for path in of_external(*pair)]


def scores_of(wildcards):
    """Return the file of a model's scores for a data set: the user's, or that of a simulated reader."""
    files = PLAN.external[wildcards.model].scores
    return files[wildcards.target] if files else layout.SIMULATED_SCORES


def network_of(wildcards):
    """Return the file of an external network."""
    return network_file(wildcards.model)


def network_file(model):
    """Return the file of an external network: the user's, or what came in a site's bundle."""
    return PLAN.external[model].network() or expand(layout.SENT_MODEL, model=model)[0]


def external_networks():
    """Return the files of all networks that were trained elsewhere, in the order of their models' names."""
    return [network_file(model) for model in PLAN.invited]


def networks_of(wildcards):
    """Return the files of the models that sites are invited to apply, in the order of their names."""
    with told_at_once():
        if not PLAN.invited:
            raise UserError("config: external: no network that sites could apply; name one (onnx, or architecture)")
    return external_networks()


def bundle_of(wildcards):
    """Return the file of a site's bundle."""
    return DATASETS[wildcards.dataset].path


def signer_of(wildcards):
    """Return the public key of a site."""
    return DATASETS[wildcards.dataset].signer


def own_dataset():
    """Return the data set that a site's bundle is made of."""
    with told_at_once():
        if not STUDY.bundle:
            raise UserError("config: the block bundle is missing, which says what this site sends (docs/bundles.md)")
    return STUDY.bundle.dataset


def own_outputs(wildcards):
    """Return the predictions of the invited models for the test images of a site's own data set."""
    return [path for model in PLAN.invited for path in of_external(model, "test", own_dataset())]


def own_manifest(wildcards):
    """Return the manifest of a site's own data set."""
    return manifest_of(own_dataset())


def own_digest(wildcards):
    """Return the digest of that manifest."""
    return digest_of(own_dataset())


def own_model(wildcards):
    """Return the weights of the model that a site sends, none where it sends none."""
    model = STUDY.bundle.model if STUDY.bundle else None
    return expand(layout.WEIGHTS, model=model, source=own_dataset(), seed=SEEDS[0]) if model else []


def predictions_of_sweeps(wildcards):
    """Return all predictions, and for the selection of sweep points those for every validation split."""
    swept = {"split": "validation", "target": [name for name in PLAN.predicted if name in PLAN.here]}
    return predictions(wildcards) + of_trainings(layout.PREDICTION, PLAN.sweep_points, **swept)


def first_predictions(wildcards):
    """Return the predictions of the wildcards' model for the target's test images, of the first seed."""
    names = {"model": wildcards.model, "source": wildcards.source, "target": wildcards.target}
    return expand(layout.PREDICTION, **names, seed=SEEDS[0], split="test")


def attributions(wildcards):
    """Return the tables of all attribution maps of the study."""
    names = {"seed": SEEDS[:1], "target": PLAN.targets_here}
    return of_trainings(rules.attribute_images.output.table, PLAN.reported_models, **names)


def regions_of(datasets):
    """Return the regions of those data sets whose releases have annotations."""
    return expand(rules.locate_findings.output.regions, dataset=[name for name in datasets if name in PLAN.located])


def paper_tables(wildcards):
    """Return the tables of this study that are compared with the paper."""
    wanted = ["performance", "labels", "agreement_summary", "domains", "head_distances", "label_agreement"]
    return [layout.table(name) for name in wanted if name in TABLES]


def corrected_predictions(wildcards):
    """Return the corrected predictions of explained models, on all targets that are not part of their source."""
    return on_own(rules.predict_corrected.output.predictions, PLAN.foreign_targets, PLAN.explained_models)


def adapted_outputs(wildcards):
    """Return the outputs of the model that is adapted, for every pair and seed."""
    names = [{"source": source, "target": target} for source, target in PLAN.adapted_pairs]
    return [path for pair in names for path in expand(layout.ADAPTED, model=PLAN.adapted_model, seed=SEEDS, **pair)]


def own_validation(wildcards):
    """Return a training's predictions for the validation splits of its source."""
    names = {"model": wildcards.model, "source": wildcards.source, "seed": wildcards.seed, "split": "validation"}
    return expand(layout.PREDICTION, target=PLAN.members[wildcards.source], **names)


def figure_tables(wildcards):
    """Return the tables that a figure is drawn from."""
    return [layout.table(name) for name in ALL_FIGURES[wildcards.figure].tables]


def figure_files(wildcards):
    """Return the files in the folders that a figure is drawn from."""
    return [path for folder in ALL_FIGURES[wildcards.figure].folders for path in FILES_IN[folder](wildcards)]


def training_records(wildcards):
    """Return histories and records of the trainings that figures show."""
    return of_trainings([layout.HISTORY, layout.RECORD], PLAN.reported_networks)


#: folder that a figure can read -> its files
FILES_IN = {
    "models": training_records,
    "manifests": lambda wildcards: study_manifests(wildcards) + study_digests(wildcards),
    "datasets": lambda wildcards: study_indexes(wildcards) + shards_of(PLAN.here),
    "attributions": lambda wildcards: attributions(wildcards) + regions_of(PLAN.targets),
}
