"""The distributions by name: each is fitted by ``fit``, and answers density, areas below, above, between, quantiles.

>>> from tearless.probability.distributions import Normal, FAMILIES
>>> Normal.fit([1.0, 3.0])
Normal(centre=2.0, deviation=1.0)
>>> sorted(FAMILIES)[:3]
['bernoulli', 'beta', 'binomial']
"""

from __future__ import annotations

from types import MappingProxyType

from tearless.probability.areas import Continuous, Counts, Distribution
from tearless.probability.beta import Beta, Uniform
from tearless.probability.counts import Bernoulli, Binomial, Poisson
from tearless.probability.gamma import Exponential, Gamma
from tearless.probability.normal import LogNormal, Normal
from tearless.probability.student_t import StudentT

__all__ = [
    "FAMILIES",
    "Bernoulli",
    "Beta",
    "Binomial",
    "Continuous",
    "Counts",
    "Distribution",
    "Exponential",
    "Gamma",
    "LogNormal",
    "Normal",
    "Poisson",
    "StudentT",
    "Uniform",
]

FAMILIES: MappingProxyType[str, type[Distribution]] = MappingProxyType(
    {
        "normal": Normal,
        "lognormal": LogNormal,
        "exponential": Exponential,
        "gamma": Gamma,
        "beta": Beta,
        "student-t": StudentT,
        "uniform": Uniform,
        "poisson": Poisson,
        "binomial": Binomial,
        "bernoulli": Bernoulli,
    }
)
"""Each family by its name."""
