"""The grid of the atlas behind ``baseline/suv-reader``, and the organs that it tells apart."""

from __future__ import annotations

import numpy as np

X_CM = np.arange(-19.0, 19.01, 0.4)
Y_CM = np.arange(-9.0, 9.41, 0.4)
Z_CM = np.arange(-13.0, 101.6, 0.5)
NECK_CM = 70.0
ORGANS = ("", "brain", "eyes", "sinuses", "nasopharynx", "tonsils", "salivary", "thyroid", "lungs",
          "heart", "esophagus", "liver", "gallbladder", "pancreas", "spleen", "kidneys",
          "adrenals", "stomach", "intestine", "bladder", "prostate", "uterus", "ovaries",
          "bone")  # fmt: skip
"""Fine organs of the atlas by number; 0 is none of them."""
