"""Local Aggregation against a second version written from the formula, and what is kept in the bank."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unpool.errors import UsageError
from unpool.objectives.local_aggregation import loss as loss_module
from unpool.objectives.local_aggregation.loss import LocalAggregation, nearest

TAU = 0.07


def from_the_formula(
    z_BD: np.ndarray, bank_ND: np.ndarray, clusters_HN: np.ndarray, index_B: np.ndarray, k: int
) -> float:
    """−log of the close neighbours' share of the background's sum, image by image, in float64."""
    losses = []
    for z_D, row in zip(z_BD, index_B, strict=True):
        likeness_N = bank_ND @ (z_D / np.linalg.norm(z_D))
        background = list(np.argsort(-likeness_N, kind="stable")[:k])
        if row not in background:
            background[-1] = row
        close = [j for j in background if any(h[j] == h[row] for h in clusters_HN)]
        above, below = (np.exp(likeness_N[rows] / TAU).sum() for rows in (close, background))
        losses.append(-np.log(above / below))
    return float(np.mean(losses))


def numeric_gradient(z_BD: np.ndarray, *others: object, step: float = 1e-6) -> np.ndarray:
    gradient_BD = np.zeros_like(z_BD)
    for place in np.ndindex(*z_BD.shape):
        up, down = z_BD.copy(), z_BD.copy()
        up[place] += step
        down[place] -= step
        gradient_BD[place] = (from_the_formula(up, *others) - from_the_formula(down, *others)) / (2 * step)  # type: ignore[arg-type]
    return gradient_BD


def made(num_images: int = 60, dimension: int = 6, **options: object) -> LocalAggregation:
    return LocalAggregation(
        num_images, dimension, **{"num_neighbours": 9, "num_clusters": 7, "seed": 1} | options
    )  # type: ignore[arg-type]


def as_arrays(la: LocalAggregation) -> tuple[np.ndarray, np.ndarray]:
    return la.bank.double().numpy(), la.clusters.numpy()


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_value_and_gradient_are_those_of_the_formula(clustered: bool, seed: int) -> None:
    la = made()
    if clustered:
        la.recluster()
    chance = np.random.default_rng(seed)
    z_BD, index_B = chance.normal(size=(8, 6)) * 3, chance.choice(60, 8, replace=False)
    known = (*as_arrays(la), index_B, 9)
    z = torch.tensor(z_BD, requires_grad=True)
    loss = la(z, torch.tensor(index_B))
    loss.backward()
    assert loss.item() == pytest.approx(from_the_formula(z_BD, *known), rel=1e-9)
    assert z.grad is not None
    np.testing.assert_allclose(z.grad.numpy(), numeric_gradient(z_BD, *known), rtol=2e-4, atol=1e-7)


def test_some_images_are_not_among_their_own_neighbours() -> None:
    """The test above would prove little if every image were."""
    la, chance = made(), np.random.default_rng(0)
    z_BD, index_B = torch.tensor(chance.normal(size=(8, 6)) * 3), chance.choice(60, 8, replace=False)
    _, which_Bk = nearest(torch.nn.functional.normalize(z_BD, dim=1), la.bank.double(), 9)
    assert 0 < sum(row in found for row, found in zip(index_B, which_Bk, strict=True)) < 8


def test_gradcheck() -> None:
    la = made()
    la.recluster()
    z_BD = torch.randn(
        5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True
    )
    assert torch.autograd.gradcheck(lambda z: la(z, torch.tensor([3, 1, 4, 15, 9])), z_BD)


def test_a_large_bank_in_parts_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    la = made()
    la.recluster()
    z_BD, index_B = torch.randn(8, 6, generator=torch.Generator().manual_seed(2)), torch.arange(8)
    whole = la(z_BD, index_B)
    monkeypatch.setattr("unpool.objectives.local_aggregation.loss.CHUNK_ENTRIES", 1)
    torch.testing.assert_close(la(z_BD, index_B), whole)


def test_the_length_of_a_vector_does_not_matter() -> None:
    la, z_BD = made(), torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(la(z_BD, torch.arange(4)), la(z_BD * 100, torch.arange(4)))


def test_at_the_start_each_image_is_its_own_cluster() -> None:
    la = made()
    assert la.clusters.tolist() == [list(range(60))] * 3
    torch.testing.assert_close(la.bank.norm(dim=1), torch.ones(60))
    assert la(la.bank[:4], torch.arange(4)) > 0.1  # only the image itself is close


def test_the_bank_is_mixed_by_update_alone() -> None:
    la = made(momentum=0.25)
    before_ND, z_BD, index_B = la.bank.clone(), torch.randn(3, 6), torch.tensor([5, 0, 7])
    la(z_BD.requires_grad_(), index_B).backward()
    assert torch.equal(la.bank, before_ND)
    la.update(z_BD, index_B)
    unit_BD = torch.nn.functional.normalize(z_BD.detach(), dim=1)
    mixed_BD = torch.nn.functional.normalize(0.25 * before_ND[index_B] + 0.75 * unit_BD, dim=1)
    torch.testing.assert_close(la.bank[index_B], mixed_BD)
    others = [row for row in range(60) if row not in (5, 0, 7)]
    assert torch.equal(la.bank[others], before_ND[others])


def test_of_an_image_that_comes_twice_the_last_counts() -> None:
    la, other = made(momentum=0.0), made(momentum=0.0)
    z_BD = torch.randn(3, 6)
    la.update(z_BD, torch.tensor([4, 8, 4]))
    other.update(z_BD[1:], torch.tensor([8, 4]))
    assert torch.equal(la.bank, other.bank)


def test_reclustering_finds_what_is_there_and_is_repeatable() -> None:
    centres_KD = torch.nn.functional.normalize(
        torch.randn(7, 6, generator=torch.Generator().manual_seed(0)), dim=1
    )
    truth_N = torch.arange(60) % 7
    banks = []
    for _ in range(2):
        la = made()
        la.bank.copy_(torch.nn.functional.normalize(centres_KD[truth_N] + 0.02 * la.bank, dim=1))
        for _ in range(3):
            la.recluster()
        banks.append(la.clusters.clone())
    assert torch.equal(*banks)
    assert la.clusters.shape == (3, 60)
    for cluster_N in la.clusters:  # no cluster joins two centres more than k-means must
        pairs = {(int(cluster), int(truth)) for cluster, truth in zip(cluster_N, truth_N, strict=True)}
        assert len(pairs) <= 9


def test_later_rounds_start_where_the_last_ended() -> None:
    la = made()
    la.recluster()
    first = la.clusters.clone()
    la.recluster()
    assert (la.clusters == first).float().mean() > 0.9


def test_state_goes_on_exactly() -> None:
    la, other = made(), made(seed=9)
    la.recluster()
    la.update(torch.randn(4, 6), torch.arange(4))
    other.load_state_dict(la.state_dict())
    other.seed = la.seed
    for each in (la, other):
        each.recluster()
    assert torch.equal(la.bank, other.bank)
    assert torch.equal(la.clusters, other.clusters)


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ({"num_neighbours": 60}, "num_neighbours: 60, but there are only 60 images"),
        ({"num_clusters": 60}, "num_clusters: 60, but there are only 60 images"),
        ({"num_clusters": 1}, "num_clusters: 1, expected a whole number from 2 on"),
        ({"temperature": 0}, "temperature: 0, expected a number above 0"),
        ({"momentum": 1.5}, "momentum: 1.5, expected a share"),
        ({"num_clusterings": 0}, "num_clusterings: 0, expected a whole number from 1 on"),
    ],
)
def test_numbers_without_sense_are_reported(options: dict[str, float], result: str) -> None:
    with pytest.raises(UsageError, match=result):
        made(**options)


def test_defaults() -> None:
    la = LocalAggregation(1000, 4)
    assert (la.num_neighbours, la.num_clusters, la.clusters.shape) == (100, 22, (3, 1000))
    small = LocalAggregation(10, 4)
    assert (small.num_neighbours, small.num_clusters) == (2, 2)
    assert "num_neighbours=100" in repr(la)


@pytest.mark.parametrize(
    ("z_BD", "index_B", "result"),
    [
        (torch.zeros(2, 5), torch.arange(2), r"z_BD: shape \(2, 5\), expected \(B, 6\)"),
        (torch.zeros(2, 6), torch.arange(3), "index_B: shape"),
        (torch.zeros(2, 6), torch.tensor([0, 60]), "index_B: 60, but the bank holds images 0 to 59"),
        (torch.zeros(2, 6), torch.tensor([-1, 0]), "index_B: -1, but"),
        (torch.zeros(2, 6), torch.zeros(2), "index_B: shape .* of float32"),
    ],
)
def test_what_does_not_fit_the_bank_is_reported(
    z_BD: torch.Tensor, index_B: torch.Tensor, result: str
) -> None:
    for call in (made().forward, made().update):
        with pytest.raises(UsageError, match=result):
            call(z_BD, index_B)


def test_half_precision_around_it_changes_nothing() -> None:
    la = made()
    z_BD, index_B = torch.randn(5, 6, generator=torch.Generator().manual_seed(3)), torch.arange(5)
    with torch.autocast("cpu", torch.bfloat16):
        inside = la(z_BD, index_B)
    assert inside.dtype == torch.float32
    assert float(inside) == float(la(z_BD, index_B))
    assert float(la(z_BD.bfloat16(), index_B)) == pytest.approx(float(inside), rel=0.05)


def test_the_smallest_bank_has_three_images_of_one_number() -> None:
    la = LocalAggregation(3, 1, num_clusterings=1)
    assert (la.num_neighbours, la.num_clusters, la.clusters.tolist()) == (2, 2, [[0, 1, 2]])
    for arguments, message in (
        ((2, 1), "num_images: 2, .* from 3 on"),
        ((3, 0), "dimension: 0, .* from 1 on"),
    ):
        with pytest.raises(UsageError, match=message):
            LocalAggregation(*arguments)


@pytest.mark.parametrize("number", [True, 2.0, 1])
def test_neighbours_are_a_whole_number_from_two_on(number) -> None:
    with pytest.raises(UsageError, match=r"num_neighbours: .* whole number from 2 on"):
        LocalAggregation(60, 6, num_neighbours=number)


def test_bounds_of_temperature_and_momentum() -> None:
    for momentum in (0, 1):
        assert LocalAggregation(9, 2, momentum=momentum).momentum == momentum
    for wrong in ({"momentum": -0.01}, {"temperature": float("inf")}, {"temperature": float("nan")}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            LocalAggregation(9, 2, **wrong)


def test_limits_of_neighbours() -> None:
    assert LocalAggregation(50_000, 1, num_clusterings=1).num_neighbours == 4096, "at most, by default"
    assert LocalAggregation(9, 2, num_neighbours=np.int64(8)).num_neighbours == 8
    for name, reason in (
        ("num_neighbours", "a neighbour of every other"),
        ("num_clusters", "would be alone"),
    ):
        with pytest.raises(UsageError, match=f"{reason}; take fewer than 60, by default (6|2)$"):
            LocalAggregation(60, 6, **{name: 60})


@pytest.mark.parametrize("num_images", [34, 51, 53])
def test_a_bank_in_several_parts_has_the_same_neighbours(monkeypatch, num_images: int) -> None:
    rng = torch.Generator().manual_seed(5)
    v_BD, bank_ND = torch.randn(3, 4, generator=rng), torch.randn(num_images, 4, generator=rng)
    monkeypatch.setattr(loss_module, "CHUNK_ENTRIES", 3 * 17)  # parts of 17 rows, the last one may have 2
    for k in (1, 5, 8, 12):
        value_Bk, which_Bk = nearest(v_BD, bank_ND, k)
        expected = (v_BD @ bank_ND.T).topk(k, dim=1)
        order = value_Bk.argsort(dim=1, descending=True)
        torch.testing.assert_close(value_Bk.gather(1, order), expected.values)
        assert torch.equal(which_Bk.gather(1, order), expected.indices)


def test_parts_of_a_bank_hold_no_more_similarities_than_allowed(monkeypatch) -> None:
    sizes = []

    class Recorded(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            found = super().__torch_function__(function, types, args, kwargs or {})
            if function in (torch.Tensor.matmul, torch.Tensor.__matmul__):
                sizes.append(tuple(found.shape))
            return found

    monkeypatch.setattr(loss_module, "CHUNK_ENTRIES", 60)
    bank_ND = torch.randn(50, 2)
    nearest(torch.randn(3, 2).as_subclass(Recorded), bank_ND, 2)
    assert sizes == [(3, 20), (3, 20), (3, 10)]
    sizes.clear()
    nearest(torch.randn(1, 2).as_subclass(Recorded), bank_ND, 2)
    assert sizes == [(1, 50)]


def test_each_clustering_of_each_round_has_its_own_seed(monkeypatch) -> None:
    calls = []

    def recluster(bank_ND, num_clusters, before_N, *, seed):
        calls.append((seed, num_clusters, before_N if before_N is None else before_N.tolist()))
        return torch.full((len(bank_ND),), len(calls))

    monkeypatch.setattr(loss_module, "recluster", recluster)
    la = LocalAggregation(4, 2, num_clusters=2, num_clusterings=2, seed=3)
    for _ in range(2):
        la.recluster()
    first, second = 3 * 1_009 * 1_000_003, (3 * 1_009 + 1) * 1_000_003  # stored runs are repeated with these
    assert calls == [
        (first, 2, None), (second, 2, None), (first + 1, 2, [1] * 4), (second + 1, 2, [2] * 4)
    ]  # fmt: skip
    assert la.clusters.tolist() == [[3] * 4, [4] * 4]
    assert int(la.rounds) == 2


def test_the_bank_of_a_seed_is_always_the_same() -> None:
    bank_ND = torch.randn(5, 3, generator=torch.Generator().manual_seed(11))
    torch.testing.assert_close(
        LocalAggregation(5, 3, seed=11).bank, torch.nn.functional.normalize(bank_ND, dim=1)
    )


def test_several_processes_mix_in_the_vectors_of_all(monkeypatch) -> None:
    z_BD, index_B = torch.randn(5, 6), torch.tensor([4, 8, 15, 16, 23])
    unit_BD = torch.nn.functional.normalize(z_BD, dim=1)

    def gather(own_bE):
        return (index_B[:, None] if own_bE.dtype == torch.int64 else unit_BD), 0

    la, alone = LocalAggregation(60, 6), LocalAggregation(60, 6)
    alone.update(z_BD, index_B)
    monkeypatch.setattr(loss_module, "gather_rows", gather)
    la.update(z_BD[:2], index_B[:2])
    assert torch.equal(la.bank, alone.bank)


def test_an_empty_batch_and_truth_values_as_rows_are_refused() -> None:
    la = LocalAggregation(9, 2)
    with pytest.raises(UsageError, match="one row or more"):
        la(torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64))
    with pytest.raises(UsageError, match=r"index_B: shape .* of bool, expected 2 whole numbers"):
        la(torch.zeros(2, 2), torch.tensor([True, False]))
    assert la(torch.ones(2, 2), np.array([0, 8], dtype=np.int32)) >= 0, "the first and the last image"
