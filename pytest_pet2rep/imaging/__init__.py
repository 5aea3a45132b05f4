"""Volumes and slices: reading, resampling and rendering PET/CT as a model gets to see it.

``options`` (light), ``volumes``, ``planes``, ``rendering``, ``pictures``, ``colours``; ``sanity``
and ``body_sample``; ``suv*`` (light) and ``dicom_*`` (pydicom).  All others import numpy.
"""
