"""The stylised body: case facts -> PET and CT volumes whose truth is known.

``spec`` (light) checks a ``[phantom]`` table, ``synthesis`` makes the volumes; the body is painted
by ``body`` from ``outline``, ``skeleton``, ``head``, ``chest`` and ``abdomen``.  Numbers live in
``data/``.
"""
