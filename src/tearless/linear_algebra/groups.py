"""Which columns are collinear with which: groups, not pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .collinearity import condition_indices, explained, inverse_of, partners, to_drop
from .condition import EXACT_UP_TO, largest_singular_value
from .moments import Floats

MOST_GROUPED = 300
MOST_PARTNERS = 20
FEW = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that explain one another, the one of largest inflation first, as positions.

    ``index`` is the condition index that carries the largest share of the first column's variance, ``share`` that
    share; ``pair`` the largest |r| of two members; ``to_drop`` the columns without which every inflation falls below
    the bound.

    Made by ``grouped``. ``vif`` is the variance inflation of the first column.
    """

    members: tuple[int, ...]
    vif: float
    pair: float
    index: float
    share: float
    to_drop: tuple[int, ...]


def grouped(r: ArrayLike, high: float) -> list[Group]:
    """The groups of columns among which some inflation is ``high`` or more; then the column nearest to it, if any.

    ``r`` has shape ``(p, p)``. Each column of high inflation is joined with the fewest partners that explain as much of
    it as the bound says (1 − 1/high); what shares a column is one group. Of more than 300 columns of high inflation the
    300 highest are grouped.

    >>> r = np.linalg.cholesky([[1.0, 0.0, 0.99], [0.0, 1.0, 0.0], [0.99, 0.0, 1.0]]).T
    >>> [g.members for g in grouped(r, 10.0)]
    [(0, 2), (1,)]
    """
    r = np.asarray(r, dtype=np.float64)
    inverse = inverse_of(r)
    vif = (inverse**2).sum(axis=1)
    correlation = r.T @ r
    order = np.argsort(-vif, kind="stable")
    hot = [int(j) for j in order[:MOST_GROUPED] if vif[j] >= high]
    share = 1 - 1 / high
    sets = _joined({j: set(partners(correlation, j, share, MOST_PARTNERS)) for j in hot}, correlation, share)
    nearest = _dependencies(r, inverse)
    rank = {int(j): i for i, j in enumerate(order)}
    groups = [tuple(sorted(s, key=rank.__getitem__)) for s in sets]
    groups.sort(key=lambda g: rank[g[0]])
    rest = [int(j) for j in order if vif[j] < high and not any(j in s for s in sets)][:1]
    return [
        Group(
            members,
            float(vif[members[0]]),
            _largest_pair(correlation, members),
            *nearest(members[0]),
            _dropped(inverse, members, high) if vif[members[0]] >= high else (),
        )
        for members in (*groups, *((j,) for j in rest))
    ]


def _dropped(inverse: Floats, members: Sequence[int], high: float) -> tuple[int, ...]:
    among = inverse[list(members)]
    return tuple(members[i] for i in to_drop(among @ among.T, range(len(members)), high))


def _joined(sets: Mapping[int, set[int]], correlation: Floats, share: float) -> list[set[int]]:
    """Groups of columns from each column with its partners, smallest sets first.

    A column joins the group that holds most of its set, its partners with it where they are few: a column explained
    only by many others must not tie theirs together. Then two groups are one where the columns that founded the one
    say as much of the leading column of the other.
    """
    groups: list[tuple[set[int], list[int]]] = []
    for owner, partners_ in sorted(sets.items(), key=lambda item: len(item[1])):
        whole = {owner, *partners_}
        home = max(groups, key=lambda g: len(g[0] & whole), default=None)
        if home is not None and home[0] & whole and (len(whole) > FEW or 2 * len(home[0] & whole) >= len(whole)):
            home[0].update({owner} if len(whole) > FEW else whole)
            home[1].append(owner)
        else:
            groups.append((whole, [owner]))
    merged: list[tuple[set[int], list[int]]] = []
    for members, owners in groups:
        same = [
            g
            for g in merged
            if _says(correlation, g[1], owners[0], share) or _says(correlation, owners, g[1][0], share)
        ]
        merged = [g for g in merged if not any(g is s for s in same)]
        merged.append((members.union(*(g[0] for g in same)), [*(o for g in same for o in g[1]), *owners]))
    return [_own(members, set(owners), [set(g[1]) for g in merged]) for members, owners in merged]


def _own(members: set[int], owners: set[int], all_owners: list[set[int]]) -> set[int]:
    """Without partners that lead or stand in another group on their own account, unless no partner were left."""
    elsewhere = set().union(*(o for o in all_owners if o != owners))
    own = members - (elsewhere - owners)
    return own if len(own) > 1 else members


def _says(correlation: Floats, by: Sequence[int], column: int, share: float) -> bool:
    others = [j for j in by if j != column]
    return bool(others) and explained(correlation, column, others) >= share


def _largest_pair(correlation: Floats, members: Sequence[int]) -> float:
    among = np.abs(correlation[np.ix_(members, members)])
    others = (
        among[~np.eye(len(members), dtype=bool)]
        if len(members) > 1
        else np.delete(np.abs(correlation[members[0]]), members[0])
    )
    return float(others.max(initial=0.0))


def _dependencies(r: Floats, inverse: Floats) -> Callable[[int], tuple[float, float]]:
    """For one column: the condition index that carries the largest share of its variance, and that share.

    Beyond 512 columns from one step of inverse iteration instead of all singular vectors: index and share are then of
    the direction in which that column's coefficient is least certain.
    """
    if len(r) <= EXACT_UP_TO:
        index, share = condition_indices(r)
        most = np.argmax(share, axis=1)
        return lambda column: (float(index[most[column]]), float(share[column, most[column]]))
    largest = largest_singular_value(r)

    def nearest(column: int) -> tuple[float, float]:
        w = inverse @ inverse[column]
        w /= np.linalg.norm(w)
        mu = float(np.linalg.norm(r @ w))
        return largest / mu, float((w[column] / mu) ** 2 / (inverse[column] @ inverse[column]))

    return nearest
