"""Histograms and rates."""

from loadbalancer.measures import BOUNDS_S, Histogram, Rate


def test_a_histogram_counts_into_the_right_bucket():
    """A duration counts in the first bucket whose bound it does not exceed; beyond the last in the rest."""
    histogram = Histogram()
    for duration_s in (0.0, 0.001, 0.0011, 9.9, 100.0):
        histogram.add(duration_s)
    assert histogram.counts[0] == 2
    assert histogram.counts[1] == 1
    assert histogram.counts[len(BOUNDS_S) - 1] == 1
    assert histogram.counts[-1] == 1
    assert round(histogram.sum_s, 4) == 109.9021


def test_quantiles_are_bounds():
    """A quantile is the bound under which that share lies; without durations there is none."""
    histogram = Histogram()
    assert histogram.quantile(0.5) is None
    for _ in range(98):
        histogram.add(0.004)
    for _ in range(2):
        histogram.add(0.9)
    assert (histogram.quantile(0.5), histogram.quantile(0.99)) == (0.005, 1.0)


def test_a_rate_follows_its_events():
    """A steady stream is measured as it is, and its end is noticed within the window."""
    rate = Rate()
    for second in range(60):
        rate.tick(second * 100, float(second))
    assert round(rate.per_s) == 100
    for second in range(60, 90):
        rate.tick(5900, float(second))
    assert rate.per_s < 10
