"""Limits hold what they say: at the edges, for small classes, for runs that hardly differ."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.metrics.intervals_power import (
    case_spread,
    cases_needed,
    detectable,
    edge_limit,
    paired_spread,
    power_at,
    rate_spread,
    stated_spread,
)
from pytest_pet2rep.metrics.resampling import (
    FEWEST_EVENTS,
    Statistic,
    bound,
    difference,
    holm,
    interval,
    intervals,
    p_value,
    paired_difference,
    paired_p_value,
)
from pytest_pet2rep.metrics.resampling_values import efficacy_value, ratio


def rate(events: list[int], of: list[int], **more: Any) -> Statistic:
    sums = np.array([events, of], dtype=np.float64).T
    known = {"rate": True, "supports": sums[:, 1:], "name": "rate"}
    return Statistic(cases=names(len(of)), sums=sums, value=ratio, **{**known, **more})


def mean(values: list[float], **more: Any) -> Statistic:
    sums = np.array([values, [1.0] * len(values)]).T
    return Statistic(name="mean", cases=names(len(values)), sums=sums, value=ratio, **more)


def names(n: int) -> tuple[str, ...]:
    return tuple(f"c{at:04d}" for at in range(n))


def drawn_rate(seed: int, n: int = 120, chance: float = 0.7) -> Statistic:
    rng = np.random.default_rng(seed)
    of = rng.integers(1, 5, n)
    return rate(rng.binomial(of, chance).tolist(), of.tolist())


def drawn_mean(seed: int, n: int = 80) -> Statistic:
    return mean(np.random.default_rng(seed).beta(3, 2, n).tolist())


@pytest.mark.parametrize("statistic", [drawn_rate(1), drawn_mean(1)], ids=["rate", "mean"])
def test_the_same_seed_gives_the_same_limits(statistic: Statistic) -> None:
    assert interval(statistic, seed=3) == interval(statistic, seed=3)
    assert bound(statistic, "lower", seed=3) == bound(statistic, "lower", seed=3)


def test_another_seed_moves_a_bootstrap_a_little() -> None:
    one, other = interval(drawn_mean(1), seed=0), interval(drawn_mean(1), seed=1)
    assert one.low != other.low
    assert one.low == pytest.approx(other.low, abs=0.01)


def test_several_scores_resampled_together_get_the_limits_of_each_alone() -> None:
    statistics = [drawn_rate(1, 80), drawn_mean(2), drawn_mean(3), drawn_mean(4, 30)]
    assert intervals(statistics, seed=5) == tuple(interval(each, seed=5) for each in statistics)


def test_a_score_of_many_cases_does_not_need_all_weights_at_once() -> None:
    rng = np.random.default_rng(0)
    many = mean(rng.random(12_000).tolist())
    found = interval(many, resamples=400)
    assert found.high - found.low == pytest.approx(2 * 1.96 / math.sqrt(12 * 12_000), rel=0.15)


@pytest.mark.parametrize("statistic", [drawn_rate(2), drawn_mean(2)], ids=["rate", "mean"])
def test_a_one_sided_bound_is_the_limit_of_the_two_sided_interval_of_twice_the_error(
    statistic: Statistic,
) -> None:
    found = interval(statistic, confidence=0.9)
    assert bound(statistic, "lower", confidence=0.95).limit == pytest.approx(found.low, abs=1e-12)
    assert bound(statistic, "upper", confidence=0.95).limit == pytest.approx(found.high, abs=1e-12)


@given(st.integers(0, 50), st.floats(0.55, 0.98), st.floats(0.0, 0.01))
def test_more_confidence_never_narrows_an_interval(
    seed: int, confidence: float, more: float
) -> None:
    for statistic in (drawn_rate(seed, 25), mean(drawn_mean(seed, 25).sums[:, 0].tolist())):
        one = interval(statistic, confidence=confidence, resamples=300)
        other = interval(statistic, confidence=confidence + more, resamples=300)
        assert other.low <= one.low + 1e-12
        assert other.high >= one.high - 1e-12


def test_no_miss_among_forty_cases_is_not_a_rate_of_zero() -> None:
    found = interval(rate([0] * 40, [1] * 40))
    assert (found.low, found.method, found.reliable) == (0.0, "exact", True)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 40))


def test_at_the_edge_cases_count_and_not_their_items() -> None:
    """Nineteen organs of one patient that go well together are not nineteen patients."""
    found = bound(rate([0] * 40, [19] * 40), "upper")
    assert found.limit == pytest.approx(1 - 0.05 ** (1 / 40))


def test_cases_without_an_item_say_nothing_at_the_edge() -> None:
    found = bound(rate([1] * 35 + [0] * 30, [1] * 35 + [0] * 30), "lower")
    assert found.limit == pytest.approx(0.05 ** (1 / 35))


def test_a_perfect_score_that_is_no_rate_gets_an_exact_limit_too() -> None:
    perfect = np.tile([2.0, 0, 0], (50, 1))
    f1 = Statistic(
        name="ce_f1",
        cases=names(50),
        sums=perfect,
        value=efficacy_value("f1"),
        supports=perfect[:, :1],
    )
    found = interval(f1)
    assert (found.high, found.method) == (1.0, "exact")
    assert found.low == pytest.approx(0.025 ** (1 / 50))


def test_a_score_whose_perfect_cases_are_not_exactly_one_is_still_at_its_edge() -> None:
    """METEOR of identical texts is a little below 1; eighty of them are no proof of 0.9999."""
    meteor = mean([1 - 0.5 / length**3 for length in range(300, 380)])
    assert interval(meteor).low == pytest.approx(0.025 ** (1 / 80), abs=1e-4)


def test_a_bootstrap_without_width_is_never_reliable() -> None:
    found = interval(mean([0.4] * 50))
    assert not found.reliable
    assert (found.low, found.high, found.reason) == (0, 1, "the same value in all cases")


def test_an_unscored_metric_has_no_limits() -> None:
    for empty in (rate([0] * 9, [0] * 9), mean([])):
        found = interval(empty)
        assert math.isnan(found.low)
        assert math.isnan(found.high)
        assert (found.reliable, found.reason) == (False, "unscored")


@pytest.mark.parametrize(
    ("events", "reliable"), [(FEWEST_EVENTS - 1, False), (FEWEST_EVENTS, True)]
)
def test_a_class_of_fewer_than_thirty_expected_events_is_unreliable(
    events: int, reliable: bool
) -> None:
    found = interval(
        rate([0, 1] * 20, [1] * 40, supports=np.r_[[1.0] * events, [0.0] * (40 - events)][:, None])
    )
    assert (found.reliable, found.events) == (reliable, events)
    assert ("fewer than 30" in found.reason) is not reliable


def test_the_least_supported_class_decides() -> None:
    supports = np.array([[1.0, 0.1]] * 60)
    found = interval(mean(np.random.default_rng(0).random(60).tolist(), supports=supports))
    assert (found.events, found.reliable) == (6, False)


def test_four_cases_are_no_sample() -> None:
    found = interval(mean([0.1, 0.5, 0.7, 0.9]))
    assert (found.method, found.reliable, found.reason) == ("", False, "4 cases, fewer than 5")


def test_ten_cases_are_a_wide_one() -> None:
    found = interval(drawn_mean(0, 10))
    assert found.reliable
    assert found.high - found.low > 2 * 1.96 * np.std(drawn_mean(0, 10).sums[:, 0]) / math.sqrt(10)


@pytest.mark.parametrize("statistic", [drawn_rate(4), drawn_mean(4)], ids=["rate", "mean"])
@pytest.mark.parametrize("side", ["lower", "upper"])
def test_a_p_value_is_the_error_at_which_the_bound_meets_the_threshold(
    statistic: Statistic, side: Any
) -> None:
    limit = bound(statistic, side, confidence=0.93).limit
    assert p_value(statistic, limit, side) == pytest.approx(0.07, abs=0.002)


def test_a_threshold_that_no_bound_reaches_has_a_p_value_of_one() -> None:
    assert p_value(drawn_mean(0), 2.0, "lower") == 1.0
    assert p_value(drawn_mean(0), -1.0, "lower") == pytest.approx(1 / 2000)


def test_the_difference_of_a_run_and_itself_is_known_only_so_well() -> None:
    run = drawn_mean(0)
    found = paired_difference(run, run)
    assert (found.value, found.n_common, found.interval.method) == (0.0, 80, "exact_share")
    assert found.lower.limit == pytest.approx(-(1 - 0.05 ** (1 / 80)))
    assert found.upper.limit == -found.lower.limit


def test_two_runs_that_differ_in_three_cases_are_not_judged_by_a_bootstrap() -> None:
    run = drawn_mean(0)
    other = replace(run, sums=run.sums.copy())
    other.sums[:3, 0] -= 0.1
    found = paired_difference(other, run)
    assert found.interval.method == "exact_share"
    assert found.lower.limit < found.value < found.upper.limit


def test_a_run_that_is_better_in_every_case_by_as_much_is_better() -> None:
    perfect, nothing = mean([1.0] * 40), mean([0.0] * 40)
    found = paired_difference(perfect, nothing)
    assert (found.value, found.interval.method, found.interval.high) == (1.0, "exact_share", 1.0)
    assert found.lower.limit == pytest.approx(1 - 2 * (1 - 0.05 ** (1 / 40)))
    assert found.lower.reliable
    by_some = paired_difference(mean([0.7] * 40), mean([0.4] * 40))
    assert 0.1 < by_some.lower.limit < by_some.value < by_some.upper.limit


def test_a_difference_is_taken_over_the_common_cases() -> None:
    run = drawn_mean(0)
    mine, theirs = run.over(run.cases[:60]), run.over(run.cases[:19:-1])
    found = paired_difference(mine, theirs)
    assert (found.n_common, found.value) == (40, 0.0)
    assert (found.only_here, found.only_there) == (run.cases[:20], run.cases[60:])


def test_what_a_case_does_to_both_runs_cancels_out() -> None:
    rng = np.random.default_rng(0)
    hard = rng.random(200)
    one, other = (mean((hard * 0.8 + 0.1 * rng.random(200)).tolist()) for _ in range(2))
    paired = paired_difference(one, other).interval
    alone = interval(one)
    assert paired.high - paired.low < 0.4 * (alone.high - alone.low)


def test_the_p_value_of_a_difference_meets_its_bound() -> None:
    one, other = drawn_mean(1), drawn_mean(2)
    lower = paired_difference(one, other, confidence=0.9).lower.limit
    assert paired_p_value(one, other, lower, "lower") == pytest.approx(0.1, abs=0.002)


def repeated(seed: int, within: float, n: int = 60, repeats: int = 3) -> Statistic:
    rng = np.random.default_rng(seed)
    values = rng.random((n, 1)) + within * rng.normal(size=(n, repeats))
    rows = np.stack([values, np.ones_like(values)], axis=2)
    return Statistic(
        name="mean",
        cases=names(n),
        sums=rows.sum(axis=1),
        value=ratio,
        repeats=rows,
        bounds=(-math.inf, math.inf),
    )


def test_repeats_of_a_case_are_no_new_cases() -> None:
    same = repeated(0, within=0.0)
    once = mean(same.repeats[:, 0, 0].tolist(), bounds=same.bounds)  # type: ignore[index]
    assert interval(same).low == pytest.approx(interval(once).low)
    assert interval(same, two_stage=True).low == pytest.approx(interval(once).low, abs=0.02)


def test_a_second_level_adds_what_repeats_scatter() -> None:
    noisy = repeated(0, within=0.6)
    one, two = interval(noisy), interval(noisy, two_stage=True)
    assert two.high - two.low > 1.05 * (one.high - one.low)
    assert difference(noisy, noisy).repeats is not None


def test_limits_are_plain_json_even_where_there_are_none() -> None:
    unscored = interval(rate([0] * 9, [0] * 9)).plain()
    assert unscored["low"] is None
    found = paired_difference(drawn_mean(0), drawn_mean(1)).plain()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_confidence_of_ninety_five_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="between"):
        interval(drawn_mean(0), confidence=95)


def test_holm_multiplies_the_smallest_by_their_number_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.5, 0.9]) == (1.0, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_makes_a_p_value_smaller_nor_beats_bonferroni(p_values: list[float]) -> None:
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw <= adjusted <= min(1.0, len(p_values) * raw) or math.isclose(raw, adjusted)


def test_a_plan_and_its_inverse_agree() -> None:
    spread = case_spread(drawn_mean(0))
    distance = detectable(spread, 200)
    assert cases_needed(spread, distance) == pytest.approx(200, abs=1)
    assert power_at(spread, 200, distance) == pytest.approx(0.8)
    assert power_at(spread, 200, 0.0) == pytest.approx(0.05, abs=0.002)


def test_nothing_is_detectable_in_one_case_nor_at_no_distance() -> None:
    assert detectable(0.3, 1) == math.inf
    assert cases_needed(0.3, 0.0) is None
    assert cases_needed(1e9, 1e-9) is None
    assert power_at(0.3, 1, 0.5) == 0.0
    assert power_at(0.0, 80, 0.1) == 1.0


def test_the_spread_of_a_mean_is_its_standard_deviation() -> None:
    values = drawn_mean(0).sums[:, 0]
    assert case_spread(drawn_mean(0)) == pytest.approx(np.std(values, ddof=1), rel=0.01)
    assert math.isnan(case_spread(mean([0.5])))


def test_independent_runs_spread_by_the_root_of_two_and_equal_ones_not_at_all() -> None:
    assert stated_spread(0.3, 0.0) == pytest.approx(0.3 * math.sqrt(2))
    assert stated_spread(0.3, 1.0) == 0.0
    assert paired_spread(drawn_mean(0), drawn_mean(0)) == 0.0
    with pytest.raises(ValueError, match="correlation"):
        stated_spread(0.3, 1.5)


def test_the_spread_of_a_rate_grows_with_the_correlation_of_its_items() -> None:
    assert rate_spread(0.5, per_case=1, correlation=0.9) == 0.5
    assert rate_spread(0.5, per_case=4, correlation=0.0) == 0.25
    assert rate_spread(0.5, per_case=4, correlation=1.0) == 0.5
    assert rate_spread(0.7, per_case=2.5, correlation=0.0) == pytest.approx(
        case_spread(drawn_rate(0, 4000)), rel=0.05
    )
    with pytest.raises(ValueError, match="not a rate"):
        rate_spread(1.2, per_case=1, correlation=0)


def test_no_run_of_ten_cases_can_prove_ninety_per_cent() -> None:
    assert edge_limit(10, side="lower") == pytest.approx(0.05**0.1)
    assert edge_limit(10, side="upper") == pytest.approx(1 - 0.05**0.1)
