"""When the activity that the voxels show was there, and when the tracer was injected.

The rules are those of the QIBA vendor-neutral SUV pseudo-code; where it ends (a series time after
the acquisition and no GE private time), the reference time is computed back from the frames as
IBSI does (Vácha et al., oncoray/suv_computation, CC BY 4.0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.suv_facts import FrameFacts, PetFacts

LONGEST_UPTAKE_S = 12 * 3600.0
"""More than this between injection and scan is taken for a wrong date: F-18 is then at 1 %."""
CLOCK_TOLERANCE_S = 1.0
FRAMES_AGREE_S = 30.0
"""Reference times from the frames that differ by more (0.3 % of F-18) are no one time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A time, and the clause that says where it comes from (without the time itself)."""

    when: datetime
    how: str


def mean_activity_s(duration_s: float, half_life_s: float) -> float:
    """Seconds into a frame at which the activity equals its mean over the frame.

    ln(x / (1 - e^-x)) / lambda with x = lambda T, lambda = ln 2 / half-life: the mean of an
    exponential over T, solved for the time.
    """
    decay = math.log(2.0) / half_life_s
    x = decay * duration_s
    return math.log(x / -math.expm1(-x)) / decay


def reference_time(facts: PetFacts, half_life_s: float) -> Moment:
    """Time that voxels with Decay Correction ``START`` are corrected to.

    The series time, unless an acquisition precedes it (then the series was reconstructed or
    processed later): GE's private scan time, else computed back from the frames, else the earliest
    acquisition.  Raises ``ImagingError`` where a time is missing or the frames disagree.
    """
    series = facts.series_start
    if series is None:
        raise _missing("Series Date and Time (0008,0021) (0008,0031)")
    earliest = min(_acquired(frame) for frame in facts.frames)
    if series <= earliest:
        return Moment(when=series, how="reference time is the series time")
    if facts.ge_scan_start is not None:
        how = "series time is after the acquisition: reference time is GE's (0009,100d)"
        return Moment(when=facts.ge_scan_start, how=how)
    if all(frame.reference_s and frame.duration_s for frame in facts.frames):
        return _from_frames(facts, half_life_s)
    how = "series time is after the acquisition: reference time is the earliest acquisition"
    return Moment(when=earliest, how=how)


def frame_times(facts: PetFacts, half_life_s: float) -> list[datetime]:
    """Times that voxels without decay correction (``NONE``) stand for: the mean of each frame.

    Raises ``ImagingError`` where a frame has no acquisition time or duration.
    """
    times = []
    for frame in facts.frames:
        if not frame.duration_s:
            raise _missing("Actual Frame Duration (0018,1242)")
        into = mean_activity_s(frame.duration_s, half_life_s)
        times.append(_acquired(frame) + timedelta(seconds=into))
    return times


def injection_time(facts: PetFacts, scan: datetime) -> Moment:
    """Time of injection before ``scan``.

    Start DateTime (0018,1078) if its date fits the scan; otherwise Start Time (0018,1072) on the
    day of the scan, or on the day before where it would be after the scan (midnight).  Raises
    ``ImagingError`` if there is neither, if the two differ in the time of day, or if the uptake
    would be negative or longer than 12 hours.
    """
    dated, clock = facts.injected, facts.injected_clock
    if dated is None and clock is None:
        raise _missing("Radiopharmaceutical Start Time (0018,1072) or DateTime (0018,1078)")
    if dated is not None and clock is not None:
        apart = abs((datetime.combine(dated.date(), clock) - dated).total_seconds())
        if min(apart, 86400 - apart) > CLOCK_TOLERANCE_S:
            raise ImagingError(
                f"Radiopharmaceutical Start Time (0018,1072) and DateTime (0018,1078) differ by "
                f"{apart:.0f} s: correct the wrong one"
            )
    if dated is not None and 0 <= (scan - dated).total_seconds() <= LONGEST_UPTAKE_S:
        return Moment(when=dated, how="injection time has its date")
    if clock is None:
        raise _implausible("DateTime (0018,1078)", (scan - (dated or scan)).total_seconds())
    moment = _on_day(clock_day=scan.date(), facts=facts, scan=scan)
    uptake = (scan - moment.when).total_seconds()
    if uptake > LONGEST_UPTAKE_S:
        raise _implausible("Time (0018,1072)", uptake)
    return moment


def _on_day(clock_day: date, facts: PetFacts, scan: datetime) -> Moment:
    assert facts.injected_clock is not None
    when = datetime.combine(clock_day, facts.injected_clock)
    how = "injection time has no date: taken on the day of the scan"
    if facts.injected is not None:
        how = "date of injection does not fit the scan: only its time of day is used"
    if when > scan:
        when -= timedelta(days=1)
        how += ", before midnight"
    return Moment(when=when, how=how)


def _from_frames(facts: PetFacts, half_life_s: float) -> Moment:
    starts = [
        _acquired(frame)
        + timedelta(seconds=mean_activity_s(frame.duration_s, half_life_s) - frame.reference_s)
        for frame in facts.frames
        if frame.duration_s and frame.reference_s
    ]
    apart = (max(starts) - min(starts)).total_seconds()
    if apart > FRAMES_AGREE_S:
        raise ImagingError(
            f"the series time is after the acquisition, and the reference times computed from its "
            f"frames are {apart:.0f} s apart: convert the series that the scanner first made"
        )
    seconds = median((start - starts[0]).total_seconds() for start in starts)
    how = "series time is after the acquisition: reference time is computed from the frames"
    return Moment(when=starts[0] + timedelta(seconds=seconds), how=how)


def _acquired(frame: FrameFacts) -> datetime:
    if frame.acquired is None:
        raise _missing("Acquisition Date and Time (0008,0022) (0008,0032)")
    return frame.acquired


def _missing(what: str) -> ImagingError:
    return ImagingError(
        f"the header has no usable {what}, which the decay needs: keep it when de-identifying "
        f"(shifted dates are fine)"
    )


def _implausible(what: str, uptake_s: float) -> ImagingError:
    return ImagingError(
        f"by Radiopharmaceutical Start {what} the scan was {uptake_s / 3600:.1f} h after the "
        f"injection: correct the time of injection or of the series"
    )
