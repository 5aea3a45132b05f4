"""Lean body mass and body surface: what SUL and SUVbsa put in the place of the weight."""

from __future__ import annotations

from pytest_pet2rep.errors import ImagingError

WEIGHT_KG = (1.0, 400.0)
HEIGHT_CM = (30.0, 280.0)
"""Outside of these a number is taken for a wrong unit or a typing slip."""


def checked_weight(weight_kg: float | None) -> float:
    """Return the weight in kg; ``ImagingError`` if it is missing or cannot be one."""
    return _checked("weight (0010,1030)", weight_kg, WEIGHT_KG, "kg")


def checked_height(height_cm: float | None) -> float:
    """Return the height in cm; ``ImagingError`` if it is missing or cannot be one."""
    return _checked("size (0010,1020)", height_cm, HEIGHT_CM, "cm")


def lean_body_mass(sex: str, weight_kg: float, height_cm: float) -> float:
    """Lean body mass in kg after Janmahasatian et al., Clin Pharmacokinet 2005; 44: 1051-1065.

    9270 W / (6680 + 216 BMI) for men, 9270 W / (8780 + 244 BMI) for women, BMI = W/H^2 in kg/m^2.
    Raises ``ImagingError`` for a sex other than ``M`` and ``F``.
    """
    bmi = weight_kg / (height_cm / 100.0) ** 2
    if sex == "M":
        return 9270.0 * weight_kg / (6680.0 + 216.0 * bmi)
    if sex == "F":
        return 9270.0 * weight_kg / (8780.0 + 244.0 * bmi)
    raise ImagingError("the lean body mass needs the patient's sex (0010,0040) to be M or F")


def lean_body_mass_james(sex: str, weight_kg: float, height_cm: float) -> float:
    """Lean body mass in kg after James (Research on Obesity, HMSO 1976).

    1.10 W - 128 (W/H)^2 for men, 1.07 W - 148 (W/H)^2 for women, H in cm.  Only to undo a scanner's
    ``LBMJAMES128``: it falls again at high weight.
    """
    ratio = (weight_kg / height_cm) ** 2
    if sex == "M":
        return 1.10 * weight_kg - 128.0 * ratio
    if sex == "F":
        return 1.07 * weight_kg - 148.0 * ratio
    raise ImagingError("the lean body mass needs the patient's sex (0010,0040) to be M or F")


def body_surface_m2(weight_kg: float, height_cm: float) -> float:
    """Body surface in m^2 after Du Bois and Du Bois, Arch Intern Med 1916; 17: 863-871.

    0.007184 W^0.425 H^0.725, H in cm.
    """
    return float(0.007184 * weight_kg**0.425 * height_cm**0.725)


def _checked(what: str, value: float | None, limits: tuple[float, float], unit: str) -> float:
    low, high = limits
    if value is None or value == 0:
        raise ImagingError(f"the header has no patient's {what}: no SUV without it")
    if not low <= value <= high:
        raise ImagingError(
            f"the patient's {what} is {value:g} {unit}, outside {low:g} to {high:g}: correct it"
        )
    return value
