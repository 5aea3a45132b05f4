"""Volumes and slices: reading, resampling and rendering PET/CT as a model gets to see it.

Light: ``options``, ``view_arguments``, ``suv*``.  Files: ``voxel_files`` (slice by slice),
``volumes`` (whole), ``parts`` (what is asked for).  Pictures: ``planes``, ``uptake`` (which
planes), ``rendering``, ``checked_files`` (with ``sanity``), ``pictures``, ``colours``.  Checks:
``sanity``, ``body_sample``, ``extent``.  ``dicom_*`` need pydicom.
"""
