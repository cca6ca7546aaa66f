"""Words that fit one group and no other.

Shapes: N images, T terms, G groups, D numbers in a vector.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, Indices, normalise

NUM_LISTED = 5  # terms of each group, the best first
MIN_EVIDENCE = 1.0
"""By how much a name must fit a group better than the groups on average, in the model's own log-odds."""

MAX_LOSS = 1.0
"""What a group may lose by another name, in the same unit, where a group that it fits better has taken its best."""


class GroupNames(NamedTuple):
    """Which terms name which groups.

    Attributes:
        number_G: Numbers of the groups, ascending; images in none are left out.
        term_G: Position of each group's name among the terms, -1 where none fits.
        best_GK: Positions of the terms that fit best, the best first.
        evidence_G: By how much the name fits better than the groups on average, in log-odds; 0 without a name.
    """

    number_G: Indices
    term_G: Indices
    best_GK: Indices
    evidence_G: Floats


def find_names(
    vectors_ND: npt.ArrayLike, group_N: npt.ArrayLike, terms_TD: npt.ArrayLike, scale: float
) -> GroupNames:
    """Choose a term for each group.

    Terms that fit all images, or none in particular, name nothing: a term's mean over the groups is subtracted, each
    group with the same weight. A group's score for a term is log P(term | group) + log P(group | term), both softmaxes
    with the model's own scale: the first asks for the term that fits best, the second that no other group fits it;
    docs/decisions/0047-names-by-words.md.

    Args:
        vectors_ND: Of the images.
        group_N: Their groups; below 0 for none.
        terms_TD: Of the terms.
        scale: What the model multiplies cosines by.

    Returns:
        A name for each group; one twice where the next best costs more than `MAX_LOSS`.

    >>> images, terms = [[1, 0.1], [1, 0], [0, 1], [0.1, 1]], [[1, 1], [0, 1], [1, 0]]
    >>> find_names(images, [0, 0, 1, 1], terms, 10.0).term_G.tolist()
    [2, 1]
    """
    images, label_N = normalise(np.asarray(vectors_ND, np.float32)), np.asarray(group_N)
    terms = normalise(np.asarray(terms_TD, np.float32))
    number_G = np.unique(label_N[label_N >= 0]).astype(np.int64)
    centre_GD = np.array([images[label_N == number].mean(axis=0) for number in number_G], np.float32)
    logit_GT = scale * (centre_GD.reshape(len(number_G), terms.shape[1]) @ terms.T).astype(np.float64)
    lift_GT = logit_GT - logit_GT.mean(axis=0) if len(number_G) > 1 else logit_GT
    score_GT = _log_softmax(lift_GT, axis=1)
    if len(number_G) > 1:
        score_GT += _log_softmax(logit_GT, axis=0)
    best_GK = np.argsort(-score_GT, axis=1, kind="stable")[:, :NUM_LISTED]
    term_G = _assign(score_GT)
    evidence_G = lift_GT[np.arange(len(number_G)), term_G]
    if len(number_G) > 1:
        term_G = np.where(evidence_G >= MIN_EVIDENCE, term_G, -1)
    return GroupNames(number_G, term_G, best_GK, np.where(term_G >= 0, evidence_G, 0.0).astype(np.float32))


def _assign(score_GT: npt.NDArray[np.float64]) -> Indices:
    """The best term of each group; of groups that want the same, the others take a free one that is nearly as good."""
    term_G = np.zeros(len(score_GT), np.int64)
    is_free_T = np.ones(score_GT.shape[1], bool)
    for group in np.argsort(-score_GT.max(axis=1), kind="stable").tolist():
        best = free = int(score_GT[group].argmax())
        if is_free_T.any():
            free = int(np.where(is_free_T, score_GT[group], -np.inf).argmax())
        term_G[group] = free if score_GT[group, best] - score_GT[group, free] <= MAX_LOSS else best
        is_free_T[term_G[group]] = False
    return term_G


def _log_softmax(logits: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    shifted = logits - logits.max(axis=axis, keepdims=True)
    logs: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return logs


def name_of_each_group(
    group_N: npt.ArrayLike, code_N: npt.ArrayLike, min_share: float = 2 / 3
) -> dict[int, int]:
    """Find the name that most images of a group carry.

    Images bring the name of their group along when they are moved, and when groups are joined or divided.

    Args:
        group_N: Groups; below 0 for none.
        code_N: Position of each image's name, -1 for none.
        min_share: Of a group's images; below, its name is no longer known.

    Returns:
        The position of its name, for each group that has one.

    >>> name_of_each_group([0, 0, 0, 1, 1, -1], [4, 4, 5, 5, -1, 5])
    {0: 4}
    """
    label_N, name_N = np.asarray(group_N, np.int64), np.asarray(code_N, np.int64)
    is_named_N = (label_N >= 0) & (name_N >= 0)
    num_names = int(name_N.max(initial=0)) + 1
    pairs, counts = np.unique((label_N * num_names + name_N)[is_named_N], return_counts=True)
    sizes = dict(zip(*(each.tolist() for each in np.unique(label_N, return_counts=True)), strict=True))
    return {
        pair // num_names: pair % num_names
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True)
        if count >= min_share * sizes[pair // num_names]
    }
