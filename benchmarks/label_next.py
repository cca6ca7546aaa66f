"""Measure how much labels that `unpool suggest` chooses are worth, beside labels drawn at random.

    unpool embed FOLDER --model efficientnet-lite0 --work photos.unpool
    python benchmarks/label_next.py photos.unpool                    all images
    python benchmarks/label_next.py photos.unpool --share 0.5        each seed on another random half
    python benchmarks/label_next.py photos.unpool --trust            how true estimates and batches are

The folders of the images are their classes. Labels are chosen in the steps of --steps, each with what the labels
before it teach. Accuracy is that of the classifier on all images without a label, the mean over --seeds, in brackets
the standard deviation. The last line says with how many chosen labels, on the line between two steps, the classifier
is as good as with the last number of random ones.
With --trust: the true accuracy beside the estimate and its interval, after each step of chosen labels, and the share
of images in batches that is right beside the share that was expected.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unpool.actions.teaching.advice import Labels, choose_next, fit_labels, probabilities, try_labels
from unpool.analysis.classification.batches import find_batches
from unpool.analysis.neighbours import normalise
from unpool.store.table import ImageTable

Accuracies = list[float]


def accuracy(unit_ND: np.ndarray, class_N: np.ndarray, code_N: np.ndarray) -> float:
    head = fit_labels(unit_ND, labels_of(code_N, class_N))
    is_free_N = code_N < 0
    answer_M = np.zeros(is_free_N.sum()) if head is None else head.logits(unit_ND[is_free_N]).argmax(axis=1)
    return float((answer_M == class_N[is_free_N]).mean())


def labels_of(code_N: np.ndarray, class_N: np.ndarray) -> Labels:
    return Labels([str(number) for number in range(class_N.max() + 1)], code_N, np.ones(len(code_N), bool))


def draw(unit_ND: np.ndarray, class_N: np.ndarray, steps: Sequence[int], seed: int) -> Accuracies:
    order_N = np.random.default_rng(seed).permutation(len(class_N))
    found = []
    for number in np.cumsum(steps):
        code_N = np.full(len(class_N), -1)
        code_N[order_N[:number]] = class_N[order_N[:number]]
        found.append(accuracy(unit_ND, class_N, code_N))
    return found


def choose(
    unit_ND: np.ndarray, class_N: np.ndarray, steps: Sequence[int], seed: int, num_groups: int
) -> Accuracies:
    code_N, found = np.full(len(class_N), -1), []
    for step in steps:
        # A class without a label is unknown to the classifier: codes are those of the labels so far.
        known, own_N = np.unique(code_N, return_inverse=True)
        own_N = own_N - int(known[0] == -1)
        labels = Labels([str(one) for one in known[known >= 0]], own_N, np.ones(len(code_N), bool))
        head = fit_labels(unit_ND, labels)
        logit_NK = None if head is None else head.logits(unit_ND)
        rows = [
            choice.row
            for choice in choose_next(unit_ND, labels, logit_NK, step, num_groups=num_groups, seed=seed)
        ]
        code_N[rows] = class_N[rows]
        found.append(accuracy(unit_ND, class_N, code_N))
    return found


def trust(unit_ND: np.ndarray, class_N: np.ndarray, steps: Sequence[int], seeds: int) -> None:
    batched, right, expected = 0, 0.0, 0.0
    print("| seed | labels | accuracy | estimate |\n|---|---|---|---|")
    for seed in range(seeds):
        code_N, logit_NK = np.full(len(class_N), -1), None
        for step in steps:
            choices = choose_next(unit_ND, labels_of(code_N, class_N), logit_NK, step, seed=seed)
            rows = [choice.row for choice in choices]
            code_N = code_N.copy()
            code_N[rows] = class_N[rows]
            labels, is_free_N = labels_of(code_N, class_N), code_N < 0
            head, estimate = fit_labels(unit_ND, labels), try_labels(unit_ND, labels, seed=seed)
            if head is None or estimate is None:
                continue
            logit_NK = head.logits(unit_ND)
            true = float((logit_NK.argmax(axis=1) == class_N)[is_free_N].mean())
            interval = f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
            print(f"| {seed} | {labels.num_labelled} | {true:.3f} | {interval} |")
            for batch in find_batches(unit_ND, probabilities(logit_NK, estimate), is_free_N):
                batched += len(batch.rows)
                right += float((class_N[batch.rows] == batch.class_).sum())
                expected += batch.probability * len(batch.rows)
    print(f"{batched} images in batches: {right / batched:.3f} right, {expected / batched:.3f} expected")


def labels_needed(numbers: Sequence[int], chosen: Sequence[float], goal: float) -> float:
    """With how many labels the goal is reached, between two steps in proportion."""
    for at, value in enumerate(chosen):
        if value >= goal:
            if at == 0:
                return float(numbers[0])
            low, high = chosen[at - 1], value
            return float(numbers[at - 1] + (numbers[at] - numbers[at - 1]) * (goal - low) / (high - low))
    return float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 10, 2, 28])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trust", action="store_true")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument(
        "--level", type=int, default=-1, help="of the folder that is the class; -1 is the innermost"
    )
    args = parser.parse_args()
    table = ImageTable(args.work)
    paths, vectors_ND = table.vectors()
    group_N = np.array(
        [-1 if one is None else one for one in table.some(paths, ["group"])["group"].to_pylist()]
    )
    unit_ND = normalise(vectors_ND)
    class_N = np.unique([Path(path).parts[:-1][args.level] for path in paths], return_inverse=True)[1]
    if args.trust:
        trust(unit_ND, class_N, args.steps, args.seeds)
        return
    random, chosen = [], []
    for seed in range(args.seeds):
        rows = np.sort(
            np.random.default_rng(1000 + seed).permutation(len(paths))[: round(args.share * len(paths))]
        )
        own_N = np.unique(class_N[rows], return_inverse=True)[1]
        num_groups = int((np.unique(group_N[rows]) >= 0).sum())
        random.append(draw(unit_ND[rows], own_N, args.steps, seed))
        chosen.append(choose(unit_ND[rows], own_N, args.steps, seed, num_groups))
    numbers = np.cumsum(args.steps).tolist()
    print(f"{args.work.name}, share {args.share}: {len(rows)} images, {class_N.max() + 1} classes")
    print("| labels | chosen | random |\n|---|---|---|")
    for at, number in enumerate(numbers):
        cells = [
            f"{np.mean(one, axis=0)[at]:.3f} ({np.std(one, axis=0)[at]:.3f})" for one in (chosen, random)
        ]
        print(f"| {number} | {cells[0]} | {cells[1]} |")
    goal = float(np.mean(random, axis=0)[-1])
    needed = labels_needed(numbers, np.mean(chosen, axis=0).tolist(), goal)
    print(f"as good as {numbers[-1]} random labels ({goal:.3f}) with {needed:.1f} chosen ones")


if __name__ == "__main__":
    main()
