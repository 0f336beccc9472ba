"""Images that an archive of DICOM objects (PACS) has: asked for, fetched, checked and read."""
