"""Volumes and slices: reading, resampling and rendering PET/CT as a model gets to see it.

``options`` (light), ``volumes``, ``planes``, ``rendering``, ``pictures``, ``colours``; all but
``options`` import numpy.
"""
