"""Raw releases to manifests, and images to shards. These files hang on the data set and serve every study."""


rule simulate_hospital:
    """Render a hospital of chest phantoms: DICOM files, labels, and the true severities and regions."""
    output:
        dicom=directory(layout.RELEASE_DICOM),
        labels=layout.RELEASE_LABELS,
        truth=layout.RELEASE_TRUTH,
        regions=layout.RELEASE_REGIONS,
    log:
        "logs/datasets/{dataset}/simulate_hospital.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(60),
    params:
        settings=lambda wildcards: stage_settings.data.simulate_hospital(DATASETS[wildcards.dataset]).to_json(),
        code=code_version("simulate_hospital"),
    shell:
        """
        python {resources.scripts:q}/simulate_hospital.py \
            --dataset {wildcards.dataset:q} \
            --settings {params.settings:q} \
            --dicom {output.dicom:q} \
            --labels {output.labels:q} \
            --truth {output.truth:q} \
            --regions {output.regions:q} \
            &>{log:q}
        """


rule unpack_release:
    """Write the images of a release without image files as PNG, with a table of their classes."""
    output:
        images=directory(layout.UNPACKED_IMAGES),
        labels=layout.UNPACKED_LABELS,
    log:
        "logs/datasets/{dataset}/unpack_release.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=lasts(60),
    params:
        settings=lambda wildcards: unpacking_settings(DATASETS[wildcards.dataset]),
        code=lambda wildcards: code_version("unpack_release", reader_module(wildcards.dataset)),
        root=lambda wildcards: getattr(DATASETS[wildcards.dataset], "root", "."),
    shell:
        """
        python {resources.scripts:q}/unpack_release.py \
            --settings {params.settings:q} \
            --root {params.root:q} \
            --images {output.images:q} \
            --labels {output.labels:q} \
            &>{log:q}
        """


rule retrieve_release:
    """Fetch what an archive said to have; the files stay."""
    input:
        table=layout.QUERY,
    output:
        images=layout.FETCHED,
        retrieved=layout.RETRIEVED,
    log:
        "logs/datasets/{dataset}/retrieve_release.log",
    wildcard_constraints:
        dataset=one_of([name for name in DATASETS if is_archived(name) and DATASETS[name].keep_raw]),
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        archive=lambda wildcards: connection_settings(DATASETS[wildcards.dataset]),  # nothing reruns for another address
        mem_mb=grows(2000),
        runtime=lasts(lambda wildcards: 60 + LOADS.images(wildcards.dataset) // 30),
    params:
        settings=lambda wildcards: retrieval_settings(STUDY, DATA.readings[wildcards.dataset], wildcards.dataset),
        code=code_version("retrieve_release"),
        store=layout.RAW.replace("<private>", STUDY.private),
        raw=[],
        missing=layout.NOT_FETCHED.replace("<private>", STUDY.private),
    shell:
        """
        python {resources.scripts:q}/retrieve_release.py \
            --dataset {wildcards.dataset:q} \
            --settings {params.settings:q} \
            --archive {resources.archive:q} \
            --table {input.table:q} \
            --store {params.store:q} \
            --raw {params.raw:q} \
            --missing {params.missing:q} \
            --images {output.images:q} \
            &>{log:q}
        """


use rule retrieve_release as retrieve_for_once with:
    output:
        images=layout.FETCHED,
        # Snakemake deletes it once shards are made, and fetches it again if they must be made again.
        raw=temp(directory(layout.RAW)),
    wildcard_constraints:
        dataset=one_of([name for name in DATASETS if is_archived(name) and not DATASETS[name].keep_raw]),
    params:
        settings=lambda wildcards: retrieval_settings(STUDY, DATA.readings[wildcards.dataset], wildcards.dataset),
        code=code_version("retrieve_release"),
        store=layout.INCOMING.replace("<private>", STUDY.private),
        raw=layout.RAW.replace("<private>", STUDY.private),
        missing=layout.NOT_FETCHED.replace("<private>", STUDY.private),


rule make_manifest:
    """Read a release: one row per image, with patient, split and labels."""
    input:
        tables=lambda wildcards: DATA.releases[wildcards.dataset].tables,
        key=lambda wildcards: pseudonyms_key(STUDY, wildcards.dataset, runs()),
        forgotten=lambda wildcards: forgotten_list(STUDY, wildcards.dataset),
    output:
        manifest=layout.MANIFEST_AS_READ,
        lookup="<private>/{dataset}.csv",
    log:
        "logs/datasets/{dataset}/make_manifest.log",
    cache: True
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(lambda wildcards: 2000 + LOADS.images(wildcards.dataset) // 100),
        runtime=lasts(60),
    params:
        dataset="{dataset}",  # the cache tells jobs apart by params, not by wildcards
        settings=lambda wildcards: manifest_settings(PLAN, DATA.readings[wildcards.dataset], wildcards.dataset),
        code=manifest_code,
        root=lambda wildcards: DATA.releases[wildcards.dataset].root,
    shell:
        """
        python {resources.scripts:q}/make_manifest.py \
            --dataset {params.dataset:q} \
            --settings {params.settings:q} \
            --root {params.root:q} \
            --tables {input.tables:q} \
            --key {input.key:q} \
            --forgotten {input.forgotten:q} \
            --lookup {output.lookup:q} \
            --output {output.manifest:q} \
            &>{log:q}
        """


rule locate_findings:
    """Read a release's annotated regions: boxes and masks, for the images of the manifest."""
    input:
        tables=lambda wildcards: places_of(wildcards.dataset, DATASETS[wildcards.dataset]),
        lookup=rules.make_manifest.output.lookup,
    output:
        regions=layout.REGIONS,
    log:
        "logs/datasets/{dataset}/locate_findings.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(2000),
        runtime=lasts(60),
    params:
        reader=lambda wildcards: DATASETS[wildcards.dataset].reader,
        code=lambda wildcards: code_version("locate_findings", reader_module(wildcards.dataset)),
        root=lambda wildcards: DATA.releases[wildcards.dataset].root,
    shell:
        """
        python {resources.scripts:q}/locate_findings.py \
            --reader {params.reader:q} \
            --root {params.root:q} \
            --tables {input.tables:q} \
            --lookup {input.lookup:q} \
            --output {output.regions:q} \
            &>{log:q}
        """


rule convert_shard:
    """Convert a share of a data set's images to one shard of square 8-bit pixels."""
    input:
        manifest=rules.make_manifest.output.manifest,
        lookup=rules.make_manifest.output.lookup,
        raw=raw_files,
    output:
        shard=layout.SHARD,
        rejected=layout.REJECTED_OF_SHARD,
    log:
        "logs/datasets/{dataset}/convert_shard/{shape}-{shard}.log",
    cache: True
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        fetched=lambda wildcards: "--fetched" if is_archived(wildcards.dataset) else "",  # it changes no result
        mem_mb=grows(lambda wildcards: LOADS.conversion_mb(wildcards.dataset, wildcards.shape)),
        runtime=lasts(lambda wildcards: 30 + LOADS.images_in_shard(wildcards.dataset) // 60),
    params:
        dataset="{dataset}",  # the cache tells jobs apart by params, not by wildcards
        shard="{shard}",
        settings=lambda wildcards: stage_settings.data.convert_shard(
            DATASETS[wildcards.dataset], wildcards.shape, LOADS.shards(wildcards.dataset)
        ).to_json(),
        code=code_version("convert_shard"),
        libraries=library_versions("pydicom", "imagecodecs", "python-gdcm", "opencv-python-headless", "pillow"),
        root=lambda wildcards: DATA.releases[wildcards.dataset].root,
    shell:
        """
        python {resources.scripts:q}/convert_shard.py \
            --dataset {params.dataset:q} \
            --shard {params.shard:q} \
            --settings {params.settings:q} \
            --manifest {input.manifest:q} \
            --lookup {input.lookup:q} \
            --root {params.root:q} \
            {resources.fetched} \
            --output {output.shard:q} \
            --rejected {output.rejected:q} \
            &>{log:q}
        """


rule index_shards:
    """List a data set's shards with their digests, and all rejected images."""
    input:
        # A conversion rewrites both; a shard that changes by itself was damaged, and must not be indexed as it is now.
        shards=lambda wildcards: ancient(shards(layout.SHARD, wildcards.dataset, wildcards.shape)),
        rejected=lambda wildcards: shards(layout.REJECTED_OF_SHARD, wildcards.dataset, wildcards.shape),
    output:
        index=layout.INDEX,
        rejected=layout.REJECTED,
    log:
        "logs/datasets/{dataset}/index_shards/{shape}.log",
    conda:
        "../../envs/crossray.yaml"
    resources:
        scripts=SCRIPTS,
        mem_mb=grows(1000),
        runtime=lasts(lambda wildcards: 20 + LOADS.images(wildcards.dataset) // 10000),
    params:
        settings=lambda wildcards: stage_settings.data.index_shards(
            DATASETS[wildcards.dataset], wildcards.shape
        ).to_json(),
        code=code_version("index_shards"),
    shell:
        """
        python {resources.scripts:q}/index_shards.py \
            --dataset {wildcards.dataset:q} \
            --settings {params.settings:q} \
            --shards {input.shards:q} \
            --rejected {input.rejected:q} \
            --all-rejected {output.rejected:q} \
            --output {output.index:q} \
            &>{log:q}
        """
