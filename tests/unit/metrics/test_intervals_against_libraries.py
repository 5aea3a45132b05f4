"""On the same data scipy and sacrebleu come to the same limits within Monte-Carlo error."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from pytest_pet2rep.metrics.bleu import Smoothing
from pytest_pet2rep.metrics.intervals_rates import exact_interval
from pytest_pet2rep.metrics.resampling import Statistic, difference, interval, p_value
from pytest_pet2rep.metrics.resampling_draws import replicates
from pytest_pet2rep.metrics.resampling_values import bleu_value, ratio

RESAMPLES = 4000


def clustered(seed: int, n: int = 100) -> Statistic:
    rng = np.random.default_rng(seed)
    of = rng.integers(1, 6, n)
    events = rng.binomial(of, rng.beta(4, 2, n))
    sums = np.stack([events, of], axis=1).astype(np.float64)
    return Statistic(name="r", cases=tuple(map(str, range(n))), sums=sums, value=ratio)


@pytest.mark.parametrize(("events", "of"), [(0, 12), (3, 20), (19, 20), (20, 20), (400, 565)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_exact_intervals_of_independent_items_are_scipys(
    events: int, of: int, level: float
) -> None:
    exact = stats.binomtest(events, of).proportion_ci(level, method="exact")
    assert exact_interval(events, of, confidence=level) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(("events", "of"), [(1, 80), (3, 40), (39, 40), (400, 565)])
@pytest.mark.parametrize("without", [0, 25])
def test_a_rate_with_one_item_a_case_has_wilsons_interval_of_its_cases(
    events: int, of: int, without: int
) -> None:
    """However rare the events are; cases without an item (the organ is not there) say nothing."""
    sums = np.zeros((of + without, 2))
    sums[:events, 0] = 1
    sums[:of, 1] = 1
    cases = tuple(map(str, range(len(sums))))
    found = interval(Statistic(name="r", cases=cases, sums=sums, value=ratio, rate=True))
    wilson = stats.binomtest(events, of).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high), abs=1e-12)


@pytest.mark.parametrize(("ours", "theirs"), [("plain_bca", "BCa"), ("percentile", "percentile")])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_bootstrap_over_cases_has_scipys_limits(ours: str, theirs: str, seed: int) -> None:
    statistic = clustered(seed)
    rows = np.arange(len(statistic.cases))

    def score(at: np.ndarray, axis: int = -1) -> np.ndarray:
        return statistic.sums[at, 0].sum(axis=axis) / statistic.sums[at, 1].sum(axis=axis)

    level = 0.95
    if ours == "percentile":
        # Ours is expanded for the number of cases; ask scipy for the level that this comes to.
        from pytest_pet2rep.metrics.intervals_limits import degrees_of_freedom, expanded_quantile
        from pytest_pet2rep.metrics.resampling_draws import leave_one_out

        df = degrees_of_freedom(leave_one_out(statistic))
        level = 1 - 2 * stats.norm.cdf(float(expanded_quantile(0.025, df)))
    expected = stats.bootstrap(
        (rows,),
        score,
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=level,
        method=theirs,
        rng=np.random.default_rng(5),
    )
    found = interval(statistic, resamples=RESAMPLES, method=ours)
    # Standard error of a 2.5 % quantile of 4,000 draws of a normal score, in standard errors.
    noise = np.sqrt(0.025 * 0.975 / RESAMPLES) / stats.norm.pdf(ndtri(0.025))
    within = 4 * np.sqrt(2) * noise * expected.standard_error
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=within)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=within)
    spread = replicates([statistic], resamples=RESAMPLES, seed=0)[:, 0].std(ddof=1)
    assert spread == pytest.approx(expected.standard_error, rel=0.05)


def sentences(seed: int, n: int, right: float) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    words = np.array([f"w{at}" for at in range(40)])
    references, predictions = [], []
    for _ in range(n):
        reference = rng.choice(words, int(rng.integers(25, 60)))
        kept = rng.random(len(reference)) < rng.beta(8 * right, 8 * (1 - right))
        other = rng.choice(words, len(reference))
        references.append(" ".join(reference))
        predictions.append(" ".join(np.where(kept, reference, other)))
    return references, predictions


def bleu_statistic(bleu: object, references: list[str], predictions: list[str]) -> Statistic:
    """Sacrebleu's own statistics of each case, in the order of ours."""
    rows = np.array(
        bleu._extract_corpus_statistics(predictions, [references]),  # type: ignore[attr-defined]
        dtype=np.float64,
    )
    lengths, matches, counts = rows[:, :2], rows[:, 2:6], rows[:, 6:]
    return Statistic(
        name="bleu4",
        cases=tuple(map(str, range(len(rows)))),
        sums=np.concatenate([matches, counts, lengths], axis=1),
        value=bleu_value(4, Smoothing.NONE),
    )


def test_bleu_of_resampled_cases_has_the_spread_that_sacrebleu_finds() -> None:
    from sacrebleu.metrics.bleu import BLEU

    references, better = sentences(0, 90, 0.8)
    _, worse = sentences(0, 90, 0.74)
    bleu = BLEU(smooth_method="none", tokenize="none")
    one, other = (bleu_statistic(bleu, references, texts) for texts in (better, worse))
    expected = bleu.corpus_score(better, [references], n_bootstrap=RESAMPLES)
    assert one.observed == pytest.approx(expected.score / 100, abs=1e-12)
    found = interval(one, resamples=RESAMPLES, method="percentile")
    assert (found.high - found.low) / 2 == pytest.approx(expected._ci / 100, rel=0.08)
    assert (found.high + found.low) / 2 == pytest.approx(expected._mean / 100, abs=0.004)
    assert p_value(difference(one, other), 0.0, "lower") < 0.05


def test_a_paired_difference_of_bleu_is_as_sure_as_sacrebleus_paired_bootstrap() -> None:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.significance import PairedTest

    references, base = sentences(1, 90, 0.75)
    _, close = sentences(4, 90, 0.76)
    other = [c if at % 3 else b for at, (b, c) in enumerate(zip(base, close, strict=True))]
    bleu = BLEU(smooth_method="none", tokenize="none", references=[references])
    systems = [("base", base), ("other", other)]
    test = PairedTest(systems, {"BLEU": bleu}, None, "bs", n_samples=RESAMPLES)
    theirs = test()[1]["BLEU"][1].p_value
    plain = BLEU(smooth_method="none", tokenize="none")
    one, two = (bleu_statistic(plain, references, texts) for texts in (other, base))
    both = difference(one, two)
    drawn = replicates([both], resamples=RESAMPLES, seed=0)[:, 0]
    # Sacrebleu centres the resampled differences and asks how many reach the observed one.
    centred = abs(drawn - drawn.mean())
    ours = ((centred > abs(both.observed)).sum() + 1) / (RESAMPLES + 1)
    noise = 4 * np.sqrt(2 * max(theirs, 0.01) * (1 - theirs) / RESAMPLES)
    assert ours == pytest.approx(theirs, abs=noise)
