"""Heads turn a vector into a score for each class.

Shapes: N labelled images, M any images, D numbers a vector, K classes, R directions that vectors are reduced to,
H hidden units, L labelled images that others are compared with.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unpool.analysis.inverted_lists import largest_products
from unpool.analysis.neighbours import Floats, Indices, normalise
from unpool.core.rng import subsample_indices
from unpool.errors import UnpoolError, unknown_name

INVERSE_PENALTY = 40.0  # C of logistic regression, on vectors of mean squared length one
MAX_ITERATIONS = 200
NUM_NEIGHBOURS = 10
ROWS_AT_ONCE = 16_384  # whose similarities are held
VOTE_WIDTH = 0.1  # of cosine: by so much less, a neighbour votes e times less
VOTE_FLOOR = 0.05  # what each class gets beside its votes
MAX_DIRECTIONS, NUM_HIDDEN, DECAY = 256, 128, 0.1  # of the network with one hidden layer
MAX_EPOCHS, MAX_SAMPLES = 60, 200_000
KERNEL_PENALTY = 100.0  # C of logistic regression on similarities
MAX_LANDMARKS = 1_500  # labelled images that others are compared with
MIN_EIGENVALUE = 1e-4  # of the largest: below, float32 holds noise
UNSEEN_MARGIN = 5.0  # by so much the score of a class without an image is below the lowest


@dataclass(frozen=True)
class Head:
    """A fitted head.

    Attributes:
        kind: linear, kernel, knn or mlp.
        num_classes: K.
        arrays: what it learnt, by name; `known` are the classes that had an image, where some had none.
    """

    kind: str
    num_classes: int
    arrays: Mapping[str, Floats]

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self.arrays[FIRST_ARRAY[self.kind]].shape[1 if self.kind in ("knn", "kernel") else 0])

    def logits(self, vector_MD: npt.ArrayLike) -> Floats:
        """Compute a score for each class, (M, K) float32."""
        return self.logits_of_unit(normalise(vector_MD))

    def logits_of_unit(self, unit_MD: Floats) -> Floats:
        """Compute the same for vectors that have length one already."""
        if unit_MD.shape[1] != self.dimension:
            raise UnpoolError(
                f"vectors: {unit_MD.shape[1]} numbers each, expected {self.dimension} as in those that the classifier "
                "was fitted to; embed by the same model"
            )
        logit_Mk: Floats = SCORERS[self.kind](self.arrays, unit_MD).astype(np.float32, copy=False)
        if (known := self.arrays.get("known")) is None:
            return logit_Mk
        logit_MK: Floats = np.repeat(
            logit_Mk.min(axis=1, keepdims=True) - UNSEEN_MARGIN, self.num_classes, axis=1
        )
        logit_MK[:, known.astype(np.int64)] = logit_Mk
        return logit_MK


def fit_head(
    vector_ND: npt.ArrayLike,
    class_N: npt.ArrayLike,
    kind: str = "linear",
    seed: int = 0,
    *,
    weigh_as: int | None = None,
) -> Head:
    """Fit a head to labelled vectors.

    Vectors are scaled to length one, centred, and scaled by one number to a mean squared length of one.

    Args:
        vector_ND: Finite numbers.
        class_N: Whole numbers from 0; K is the largest plus one. A class without an image is never the best.
        kind: linear (logistic regression), kernel (the same on similarities to labelled images), knn (votes of the ten
            nearest) or mlp (one hidden layer).
        seed: Of the hidden layer.
        weigh_as: All labels together weigh as much against the penalty as so many; N where None. Scores are then as
            sharp as those of heads fitted to so many, by which they are calibrated.

    Returns:
        The head.

    Raises:
        UnpoolError: Where there is no vector, or not one class for each.

    >>> head = fit_head([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], [0, 0, 1, 1])
    >>> head.logits([[2, 0.1], [0, 3]]).argmax(axis=1).tolist()
    [0, 1]
    """
    if kind not in FITTERS:
        raise unknown_name("head", kind, FITTERS)
    unit_ND, number_N = normalise(vector_ND), _check_classes(class_N)
    if len(number_N) != len(unit_ND):
        raise UnpoolError(f"classes: {len(number_N)}, expected {len(unit_ND)}, one for each vector")
    weight = 1.0 if weigh_as is None else weigh_as / len(number_N)
    return fit_some(unit_ND, number_N, int(number_N.max()) + 1, kind, seed, weight)


def fit_some(
    unit_ND: Floats, number_N: Indices, num_classes: int, kind: str, seed: int, weight: float = 1.0
) -> Head:
    """Fit a head to classes, some without an image.

    Args:
        unit_ND: Vectors of length one.
        number_N: Their classes.
        num_classes: K.
        kind: As in `fit_head`.
        seed: Of the hidden layer.
        weight: How much the labels weigh against the penalty.

    Returns:
        The head; a class without an image is never the best.
    """
    known_k, code_N = np.unique(number_N, return_inverse=True)
    arrays = FITTERS[kind](unit_ND, code_N.astype(np.int64), seed, weight)
    if len(known_k) < num_classes:
        arrays["known"] = known_k.astype(np.float32)
    return Head(kind, num_classes, arrays)


def softmax(logit_MK: npt.ArrayLike, temperature: float = 1.0) -> Floats:
    """Turn scores into probabilities, (M, K) float32.

    >>> softmax([[0.0, 0.0]]).tolist()
    [[0.5, 0.5]]
    """
    scaled_MK = np.asarray(logit_MK, np.float32) / np.float32(temperature)
    power_MK = np.exp(scaled_MK - scaled_MK.max(axis=1, keepdims=True))
    probability_MK: Floats = power_MK / power_MK.sum(axis=1, keepdims=True)
    return probability_MK


def out_of_fold(
    vector_ND: npt.ArrayLike, class_N: npt.ArrayLike, kind: str = "linear", folds: int = 5, seed: int = 0
) -> Floats:
    """Score each image by a head fitted to others.

    The folds have the same share of each class. The only image of a class is scored by a head that does not know the
    class.

    Args:
        vector_ND: Finite numbers, two rows or more.
        class_N: Whole numbers from 0.
        kind: As in `fit_head`.
        folds: How many heads are fitted; N at most.
        seed: Of folds and heads.

    Returns:
        (N, K) scores, always finite.

    Raises:
        UnpoolError: Where there are fewer than two vectors, or not one class for each.
    """
    unit_ND, number_N = normalise(vector_ND), _check_classes(class_N)
    if len(unit_ND) < 2:
        raise UnpoolError("one labelled image, expected two or more to hold one out; label more images")
    fold_N = split_folds(number_N, min(folds, len(unit_ND)), seed)
    num_classes = int(number_N.max()) + 1
    logit_NK: Floats = np.zeros((len(unit_ND), num_classes), np.float32)
    for fold in np.unique(fold_N):
        is_out_N = fold_N == fold
        head = fit_some(unit_ND[~is_out_N], number_N[~is_out_N], num_classes, kind, seed)
        logit_NK[is_out_N] = head.logits_of_unit(unit_ND[is_out_N])
    return logit_NK


def split_folds(class_N: npt.ArrayLike, folds: int, seed: int) -> Indices:
    """Draw the fold of each image.

    Each class is divided evenly.

    >>> sorted(split_folds([0, 0, 1, 1], 2, 0).tolist())
    [0, 0, 1, 1]
    """
    number_N, rng = np.asarray(class_N), np.random.default_rng(seed)
    # Sorted by class, in random order within each: neighbours in this order go to different folds.
    order_N = np.lexsort((rng.random(len(number_N)), number_N))
    fold_N: Indices = np.empty(len(number_N), np.int64)
    fold_N[order_N] = np.arange(len(number_N)) % folds
    return fold_N


def _check_classes(class_N: npt.ArrayLike) -> Indices:
    number_N: Indices = np.asarray(class_N, np.int64)
    if number_N.ndim != 1 or not len(number_N) or (number_N < 0).any():
        raise UnpoolError(
            f"classes: shape {number_N.shape}, expected one whole number from 0 for each of one vector or more"
        )
    return number_N


def _standardise(unit_ND: Floats) -> tuple[Floats, Floats, float]:
    """The centred vectors scaled by one number, their mean, and that number."""
    mean_D: Floats = unit_ND.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred_ND = unit_ND - mean_D
    scale = float(np.sqrt(np.square(centred_ND, dtype=np.float64).sum(axis=1).mean()))
    scale = scale if scale > 0 else 1.0  # equal vectors
    return centred_ND / np.float32(scale), mean_D, scale


def _reduce(x_ND: Floats, max_directions: int) -> tuple[Floats, Floats]:
    """The vectors in the directions that they vary in, and these directions (D, R).

    Where no direction is left out, inner products stay, and a penalised linear fit is the same.
    """
    from scipy.linalg import eigh

    is_wide = x_ND.shape[0] < x_ND.shape[1]
    gram = (x_ND @ x_ND.T if is_wide else x_ND.T @ x_ND).astype(np.float64)
    size = len(gram)
    value_R, vector_XR = eigh(gram, subset_by_index=[max(0, size - max_directions), size - 1])
    kept_R = value_R > value_R[-1] * 1e-9
    kept_R[-1] = True  # of equal vectors too
    value_R, vector_XR = np.maximum(value_R[kept_R], 1e-30)[::-1], vector_XR[:, kept_R][:, ::-1]
    direction_DR = x_ND.T @ (vector_XR / np.sqrt(value_R)).astype(np.float32) if is_wide else vector_XR
    direction_DR = np.ascontiguousarray(direction_DR, dtype=np.float32)
    return x_ND @ direction_DR, direction_DR


def _fold_standardisation(
    weight_DH: Floats, bias_H: Floats, mean_D: Floats, scale: float
) -> tuple[Floats, Floats]:
    """The same layer on vectors that are not centred and scaled."""
    scaled_DH: Floats = (weight_DH / np.float32(scale)).astype(np.float32)
    return scaled_DH, (bias_H - mean_D @ scaled_DH).astype(np.float32)


def _fit_linear(unit_ND: Floats, code_N: Indices, seed: int, weight: float) -> dict[str, Floats]:
    """Logistic regression with all classes at once."""
    x_ND, mean_D, scale = _standardise(unit_ND)
    num_classes = int(code_N.max()) + 1
    weight_DK: Floats = np.zeros((unit_ND.shape[1], num_classes), np.float32)
    bias_K: Floats = np.zeros(num_classes, np.float32)
    if num_classes > 1:
        is_narrow = 2 * x_ND.shape[0] < x_ND.shape[1]
        x_NR, direction_DR = _reduce(x_ND, len(x_ND)) if is_narrow else (x_ND, None)
        weight_RK, bias_K = _regress(x_NR, code_N, weight * INVERSE_PENALTY)
        weight_DK = weight_RK if direction_DR is None else direction_DR @ weight_RK
    weight_DK, bias_K = _fold_standardisation(weight_DK, bias_K, mean_D, scale)
    return {"weight": weight_DK, "bias": bias_K}


def _regress(x_NR: Floats, code_N: Indices, penalty: float) -> tuple[Floats, Floats]:
    """Weights (R, K) and biases of logistic regression."""
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the last digits have not settled
        fitted = LogisticRegression(C=penalty, max_iter=MAX_ITERATIONS).fit(x_NR, code_N)
    weight_RK: Floats = np.asarray(fitted.coef_.T, np.float32)
    bias_K: Floats = np.asarray(fitted.intercept_, np.float32)
    if weight_RK.shape[1] == 1:  # of two classes only the second has weights
        weight_RK, bias_K = np.pad(weight_RK, ((0, 0), (1, 0))), np.pad(bias_K, (1, 0))
    return weight_RK, bias_K


def _score_linear(arrays: Mapping[str, Floats], unit_MD: Floats) -> Floats:
    logit_Mk: Floats = unit_MD @ arrays["weight"] + arrays["bias"]
    return logit_Mk


def _fit_knn(unit_ND: Floats, code_N: Indices, seed: int, weight: float) -> dict[str, Floats]:
    return {"vectors": unit_ND, "codes": code_N.astype(np.float32)}


def _score_knn(arrays: Mapping[str, Floats], unit_MD: Floats) -> Floats:
    """Logarithms of votes, which weigh less the farther a neighbour is."""
    code_N = arrays["codes"].astype(np.int64)
    cosine_MJ, near_MJ = largest_products(unit_MD, arrays["vectors"], min(NUM_NEIGHBOURS, len(code_N)))
    weight_MJ = np.exp((cosine_MJ - cosine_MJ[:, :1]) / VOTE_WIDTH)
    vote_Mk: Floats = np.full((len(unit_MD), int(code_N.max()) + 1), VOTE_FLOOR, np.float32)
    np.add.at(vote_Mk, (np.arange(len(unit_MD))[:, None], code_N[near_MJ]), weight_MJ)
    logit_Mk: Floats = np.log(vote_Mk)
    return logit_Mk


def _fit_kernel(unit_ND: Floats, code_N: Indices, seed: int, weight: float) -> dict[str, Floats]:
    """Logistic regression on similarities to labelled images, where classes have curved borders.

    Source: Zhu and Hastie 2005, Kernel logistic regression; Williams and Seeger 2001, Using the Nyström method.
    """
    root_ND = _signed_roots(unit_ND)
    mean_D: Floats = root_ND.mean(axis=0, dtype=np.float64).astype(np.float32)
    row_L = subsample_indices(len(unit_ND), MAX_LANDMARKS, seed)
    landmark_LD = normalise(root_ND[row_L] - mean_D)
    arrays = {"landmarks": landmark_LD, "mean": mean_D}
    if int(code_N.max()) == 0:
        return arrays | {"weight": np.zeros((len(row_L), 1), np.float32), "bias": np.zeros(1, np.float32)}
    similarity_NL = _similarities(arrays, unit_ND)
    value_R, vector_LR = np.linalg.eigh(similarity_NL[row_L].astype(np.float64))
    kept_R = value_R > value_R[-1] * MIN_EIGENVALUE
    direction_LR = (vector_LR[:, kept_R] / np.sqrt(value_R[kept_R])).astype(np.float32)
    x_NR, mean_R, scale = _standardise(similarity_NL @ direction_LR)
    weight_RK, bias_K = _regress(x_NR, code_N, weight * KERNEL_PENALTY)
    weight_RK, bias_K = _fold_standardisation(weight_RK, bias_K, mean_R, scale)
    return arrays | {"weight": direction_LR @ weight_RK, "bias": bias_K}


def _signed_roots(unit_MD: Floats) -> Floats:
    """Square roots, so that no few numbers decide on the similarity."""
    root_MD: Floats = np.sign(unit_MD) * np.sqrt(np.abs(unit_MD))
    return root_MD


def _similarities(arrays: Mapping[str, Floats], unit_MD: Floats) -> Floats:
    """exp(cosine − 1) of each image and each landmark, both seen from the mean."""
    centred_MD = normalise(_signed_roots(unit_MD) - arrays["mean"])
    similarity_ML: Floats = np.exp(centred_MD @ arrays["landmarks"].T - 1)
    return similarity_ML


def _score_kernel(arrays: Mapping[str, Floats], unit_MD: Floats) -> Floats:
    parts = [
        _similarities(arrays, unit_MD[start : start + ROWS_AT_ONCE]) @ arrays["weight"] + arrays["bias"]
        for start in range(0, len(unit_MD), ROWS_AT_ONCE)
    ]
    logit_Mk: Floats = np.concatenate(parts)
    return logit_Mk


def _fit_mlp(unit_ND: Floats, code_N: Indices, seed: int, weight: float) -> dict[str, Floats]:
    """A hidden layer of rectified units on the directions that vary most."""
    from sklearn.neural_network import MLPClassifier

    if int(code_N.max()) == 0:  # one class: nothing to learn
        return _split_layers(_fit_linear(unit_ND, code_N, seed, weight))
    x_ND, mean_D, scale = _standardise(unit_ND)
    x_NR, direction_DR = _reduce(x_ND, MAX_DIRECTIONS)
    width = np.float32(np.sqrt(np.mean(np.square(x_NR))) or 1)
    epochs = max(5, min(MAX_EPOCHS, MAX_SAMPLES // len(x_NR)))
    network = MLPClassifier(
        (NUM_HIDDEN,), alpha=DECAY, batch_size=min(64, len(x_NR)), max_iter=epochs, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it could be trained longer
        network.fit(x_NR / width, code_N)
    first_DH = direction_DR @ (network.coefs_[0].astype(np.float32) / width)
    weight_DH, bias_H = _fold_standardisation(first_DH, network.intercepts_[0], mean_D, scale)
    weight_HK: Floats = np.asarray(network.coefs_[1], np.float32)
    bias_K: Floats = np.asarray(network.intercepts_[1], np.float32)
    if weight_HK.shape[1] == 1:  # of two classes only the second has an output
        weight_HK, bias_K = np.pad(weight_HK, ((0, 0), (1, 0))), np.pad(bias_K, (1, 0))
    return {"hidden_weight": weight_DH, "hidden_bias": bias_H, "weight": weight_HK, "bias": bias_K}


def _split_layers(linear: Mapping[str, Floats]) -> dict[str, Floats]:
    """A constant score as a network with a hidden layer of one unit."""
    num_D = len(linear["weight"])
    return {
        "hidden_weight": np.zeros((num_D, 1), np.float32), "hidden_bias": np.zeros(1, np.float32),
        "weight": np.zeros((1, len(linear["bias"])), np.float32), "bias": linear["bias"],
    }  # fmt: skip


def _score_mlp(arrays: Mapping[str, Floats], unit_MD: Floats) -> Floats:
    hidden_MH = np.maximum(unit_MD @ arrays["hidden_weight"] + arrays["hidden_bias"], 0)
    logit_Mk: Floats = hidden_MH @ arrays["weight"] + arrays["bias"]
    return logit_Mk


FIRST_ARRAY = {"linear": "weight", "kernel": "landmarks", "knn": "vectors", "mlp": "hidden_weight"}
FITTERS: Mapping[str, Callable[[Floats, Indices, int, float], dict[str, Floats]]] = {
    "linear": _fit_linear, "kernel": _fit_kernel, "knn": _fit_knn, "mlp": _fit_mlp,
}  # fmt: skip
SCORERS: Mapping[str, Callable[[Mapping[str, Floats], Floats], Floats]] = {
    "linear": _score_linear, "kernel": _score_kernel, "knn": _score_knn, "mlp": _score_mlp,
}  # fmt: skip
HEADS: Sequence[str] = tuple(FITTERS)
