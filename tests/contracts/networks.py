"""What every network of the catalogue promises; a test class names the network and inherits the rest.

Each promise is about two small random images at a size the network is used at or the smallest that is quick.
"""

from __future__ import annotations

import copy
import io
from typing import ClassVar

import pytest
import torch

from unpool.errors import UnpoolError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import build_network, layer_table
from unpool.networks.classifier import Classifier

EXACT = {"rtol": 0.0, "atol": 0.0}
ROUNDING = {"rtol": 1e-4, "atol": 1e-5}


class NetworkContract:
    """Inherit, and set `name`; `parameters` where the literature fixes their number."""

    name: ClassVar[str]
    size: ClassVar[int | None] = None
    parameters: ClassVar[int | None] = None
    decoder: ClassVar[str | None] = None
    takes_any_size: ClassVar[bool] = True

    @pytest.fixture(scope="class")
    def network(self) -> Autoencoder:
        network = build_network(self.name, size=self.size, decoder=self.decoder, seed=0)
        return network.eval()

    @pytest.fixture(scope="class", name="x_BCHW")
    def images(self, network: Autoencoder) -> torch.Tensor:
        generator = torch.Generator().manual_seed(1)
        return torch.randn(2, network.channels, network.size, network.size, generator=generator)

    def test_reconstruction_has_the_shape_of_its_input(self, network, x_BCHW) -> None:
        with torch.no_grad():
            assert network(x_BCHW).shape == x_BCHW.shape

    def test_other_heights_and_widths_come_back_or_are_refused_by_size(self, network) -> None:
        odd_BCHW = torch.randn(1, network.channels, network.size + 5, network.size + 2)
        with torch.no_grad():
            if self.takes_any_size:
                assert network(odd_BCHW).shape == odd_BCHW.shape
            else:
                with pytest.raises(UnpoolError, match=f"{self.name} takes images of"):
                    network(odd_BCHW)

    def test_forward_is_encode_then_decode(self, network, x_BCHW) -> None:
        with torch.no_grad():
            code, pools = network.encode(x_BCHW, return_pools=True)
            torch.testing.assert_close(network.encode(x_BCHW), code, **EXACT)
            torch.testing.assert_close(network.decode(code, pools), network(x_BCHW), **EXACT)

    def test_without_indices_nothing_but_the_code_is_used(self, network, x_BCHW) -> None:
        """Two images given one code decode alike; with their own pools they need not."""
        with torch.no_grad():
            code = network.encode(x_BCHW)
            alike = code[:1].expand_as(code)
            decoded = network.decode(alike, size=x_BCHW.shape[2:])
            torch.testing.assert_close(decoded[0], decoded[1], **ROUNDING)
            network.use_indices = False
            try:
                torch.testing.assert_close(
                    network(x_BCHW), network.decode(code, size=x_BCHW.shape[2:]), **EXACT
                )
            finally:
                network.use_indices = True

    def test_decoding_tells_codes_apart(self, network, x_BCHW) -> None:
        # Fresh batch normalisation knows no variance yet, and deep random networks fade without it.
        training = copy.deepcopy(network).train()
        with torch.no_grad():
            code = training.encode(x_BCHW)
            one, other = training.decode(code), training.decode(code.flip(0))
            assert one.isfinite().all()
            assert (one - other).abs().max() > 1e-3

    def test_decoding_without_a_size_gives_an_image_with_such_a_code(self, network, x_BCHW) -> None:
        with torch.no_grad():
            code = network.encode(x_BCHW)
            smallest_BCHW = network.decode(code)
            assert network.encode(smallest_BCHW).shape == code.shape
            assert smallest_BCHW.shape[2] <= x_BCHW.shape[2]

    def test_embedding_is_one_finite_vector_per_image(self, network, x_BCHW) -> None:
        with torch.no_grad():
            z_BD = network.embed(x_BCHW)
        assert z_BD.shape == (2, network.dimension())
        assert z_BD.isfinite().all()

    def test_evaluation_is_deterministic_and_each_image_stands_alone(self, network, x_BCHW) -> None:
        # In double precision: in single, rounding that depends on the batch can move the maximum of a pool's window
        # to its neighbour, and with it a value of the reconstruction.
        double, x_BCHW = copy.deepcopy(network).double(), x_BCHW.double()
        with torch.no_grad():
            together = double(x_BCHW)
            torch.testing.assert_close(double(x_BCHW), together, **EXACT)
            torch.testing.assert_close(double(x_BCHW[1:]), together[1:], **ROUNDING)

    def test_parameters_are_those_of_the_literature_and_of_the_table(self, network) -> None:
        number = sum(p.numel() for p in network.parameters())
        table = layer_table(network)
        assert table["parameters"] == number == sum(layer["parameters"] for layer in table["layers"])
        if self.parameters is not None:
            assert number == self.parameters

    def test_state_goes_through_a_file(self, network, x_BCHW) -> None:
        file = io.BytesIO()
        torch.save(network.state_dict(), file)
        file.seek(0)
        again = build_network(self.name, size=self.size, decoder=self.decoder, seed=7).eval()
        with torch.no_grad():
            assert not torch.equal(again(x_BCHW), network(x_BCHW))
            again.load_state_dict(torch.load(file, weights_only=True))
            torch.testing.assert_close(again(x_BCHW), network(x_BCHW), **EXACT)

    def test_the_seed_decides_the_weights_and_nothing_else(self, network) -> None:
        torch.manual_seed(5)
        expected = torch.rand(1)
        torch.manual_seed(5)
        again = build_network(self.name, size=self.size, decoder=self.decoder, seed=0)
        torch.testing.assert_close(torch.rand(1), expected, **EXACT)
        for key, value in again.state_dict().items():
            torch.testing.assert_close(value, network.state_dict()[key], **EXACT)

    def test_every_weight_learns(self, network, x_BCHW) -> None:
        network.train()
        try:
            network(x_BCHW).square().mean().backward()
            idle = [name for name, p in network.named_parameters() if p.grad is None]
        finally:
            network.zero_grad(set_to_none=True)
        assert idle == []

    def test_pixels_are_described_for_each_channel(self, network) -> None:
        assert len(network.mean) == len(network.std) == network.channels
        assert network.crop == "centre"
        assert network.interpolation == "bicubic"
        assert network.architecture == self.name


class ClassifierContract:
    """The same for what gives class scores."""

    name: ClassVar[str]
    parameters: ClassVar[int]

    def test_scores(self) -> None:
        network = build_network(self.name, num_classes=10, seed=0).eval()
        assert isinstance(network, Classifier)
        x_BCHW = torch.randn(3, network.channels, network.size, network.size)
        assert network(x_BCHW).shape == (3, 10)
        assert network.embed(x_BCHW).shape == (3, network.dimension())
        assert sum(p.numel() for p in network.parameters()) == self.parameters
        with pytest.raises(UnpoolError, match="has no decoder"):
            network.decode(network.encode(x_BCHW))

    def test_the_number_of_classes_is_a_choice(self) -> None:
        network = build_network(self.name, num_classes=3)
        x_BCHW = torch.randn(2, network.channels, network.size, network.size)
        assert network(x_BCHW).shape == (2, 3)
