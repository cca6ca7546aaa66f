"""The mirror: against the adjoint, against the same network built by hand, on encoders from elsewhere."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from unpool.errors import UnpoolError, UsageError
from unpool.networks.decoders.base import Enlarge, Resize
from unpool.networks.decoders.mirror import mirror, mirror_follower, undo_pool
from unpool.networks.encoders import small as encoders
from unpool.networks.layers.pooling import Unpool, remember
from unpool.networks.layers.transposed import ConvTranspose2d
from unpool.networks.layers.windows import CONVOLUTIONS, window_of

FLOAT64_ROUNDING = 1e-10


@settings(max_examples=40)
@given(
    dimensions=st.integers(1, 2),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    groups=st.sampled_from([1, 2]),
    extra=st.integers(0, 5),
)
def test_the_mirror_of_a_convolution_is_its_transpose(
    dimensions, kernel, stride, padding, dilation, groups, extra
) -> None:
    """⟨conv(x), y⟩ = ⟨x, convT(y)⟩ with one weight in both."""
    kind = CONVOLUTIONS[dimensions - 1]
    conv = kind(2, 4, kernel, stride, padding, dilation, groups, bias=False).double()
    size = tuple(dilation * (kernel - 1) + 1 + extra + axis for axis in range(dimensions))
    decoder = mirror(nn.Sequential(conv))
    decoder.load_state_dict({key: conv.weight.detach() for key in decoder.state_dict()})
    x_BCS = torch.randn(2, 2, *size, dtype=torch.float64)
    code, pools = remember(nn.Sequential(conv), x_BCS)
    y_BCn = torch.randn_like(code)
    back_BCS = decoder(y_BCn, pools)
    assert back_BCS.shape == x_BCS.shape
    assert ((code * y_BCn).sum() - (x_BCS * back_BCS).sum()).abs() < FLOAT64_ROUNDING


def vgg16_by_hand(x_BCHW: Tensor, state: dict[str, Tensor], decoder_state: dict[str, Tensor]) -> Tensor:
    """VGG-16's autoencoder written out with torch's functions, weights taken in the order they stand."""
    down, up = iter(state.values()), iter(decoder_state.values())

    def norm(y: Tensor, weights) -> Tensor:
        weight, bias, mean, variance, _ = (next(weights) for _ in range(5))
        return F.relu(F.batch_norm(y, mean, variance, weight, bias))

    switches = []
    for convolutions in (2, 2, 3, 3, 3):
        for _ in range(convolutions):
            x_BCHW = norm(F.conv2d(x_BCHW, next(down), next(down), padding=1), down)
        before = x_BCHW.shape[2:]
        x_BCHW, indices = F.max_pool2d(x_BCHW, 2, return_indices=True)
        switches.append((indices, before))
    for block, convolutions in enumerate((3, 3, 3, 2, 2)):
        indices, before = switches.pop()
        x_BCHW = F.max_unpool2d(x_BCHW, indices, 2, output_size=before)
        for convolution in range(convolutions):
            x_BCHW = F.conv_transpose2d(x_BCHW, next(up), next(up), padding=1)
            if (block, convolution) != (4, 1):
                x_BCHW = norm(x_BCHW, up)
    assert next(up, None) is None
    return x_BCHW


@pytest.mark.parametrize("maker", ["ours", "torchvision's"])
def test_vgg16_is_the_network_written_out_by_hand(maker) -> None:
    torch.manual_seed(0)
    encoder = (encoders.vgg(16) if maker == "ours" else torchvision_vgg("D", norm=True)).eval()
    decoder = mirror(encoder).eval()
    for module in [*encoder.modules(), *decoder.modules()]:
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.uniform_(module.running_var, 0.001, 0.1)
    x_BCHW = torch.randn(2, 3, 50, 37)
    with torch.no_grad():
        ours = decoder(*remember(encoder, x_BCHW))
        theirs = vgg16_by_hand(x_BCHW, encoder.state_dict(), decoder.state_dict())
    assert ours.std() > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def slim_vgg() -> tuple[nn.Sequential, nn.Module]:
    """VGG-16's layout with one channel throughout, so that every size is quick."""
    slim = nn.Sequential()
    for layer in encoders.vgg(16):
        if isinstance(layer, nn.Conv2d):
            layer = nn.Conv2d(1 if len(slim) else 3, 1, 3, padding=1)
        elif isinstance(layer, nn.BatchNorm2d):
            layer = nn.BatchNorm2d(1)
        slim.append(layer)
    return slim.eval(), mirror(slim).eval()


@pytest.mark.parametrize("height", range(32, 98))
def test_vgg_gives_back_every_height_and_width(slim_vgg, height) -> None:
    encoder, decoder = slim_vgg
    with torch.no_grad():
        for width in {height, 129 - height, 32, 97}:  # all pairs: the slow test below
            x_BCHW = torch.rand(1, 3, height, width)
            code, pools = remember(encoder, x_BCHW)
            assert decoder(code, pools).shape == x_BCHW.shape
            assert decoder(code, size=(height, width)).shape == x_BCHW.shape


@pytest.fixture(scope="module")
def whole_vgg() -> tuple[nn.Sequential, nn.Module]:
    encoder = encoders.vgg(16).eval()
    return encoder, mirror(encoder).eval()


@pytest.mark.parametrize("size", [(32, 32), (32, 97), (97, 33), (64, 65), (33, 95)])
def test_vgg16_gives_back_the_corners_of_the_range(whole_vgg, size) -> None:
    encoder, decoder = whole_vgg
    with torch.no_grad():
        x_BCHW = torch.rand(1, 3, *size)
        assert decoder(*remember(encoder, x_BCHW)).shape == x_BCHW.shape


@pytest.mark.slow
@pytest.mark.parametrize("height", range(32, 98))
def test_vgg16_gives_back_every_height_and_width(whole_vgg, height) -> None:
    encoder, decoder = whole_vgg
    with torch.no_grad():
        for width in range(32, 98):
            x_BCHW = torch.rand(1, 3, height, width)
            assert decoder(*remember(encoder, x_BCHW)).shape == x_BCHW.shape


def torchvision_vgg(letter: str, norm: bool) -> nn.Sequential:
    return torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs[letter], batch_norm=norm)


def pytorch_tutorial() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.ReLU()
    )


ELSEWHERE = {
    "torchvision vgg11": (lambda: torchvision_vgg("A", norm=False), (3, 45, 70)),
    "torchvision vgg13_bn": (lambda: torchvision_vgg("B", norm=True), (3, 33, 64)),
    "torchvision alexnet": (lambda: torchvision.models.alexnet().features, (3, 90, 101)),
    "lenet of the tutorials": (pytorch_tutorial, (3, 32, 35)),
    "strided, odd kernels": (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 7, 3, 2), nn.ELU(), nn.Conv2d(4, 8, (3, 5), (2, 3), (1, 0))),
        (1, 41, 52),
    ),
    "nested blocks": (
        lambda: nn.Sequential(
            torchvision.ops.Conv2dNormActivation(3, 8, 3, stride=2),
            nn.Sequential(nn.Conv2d(8, 8, 3, groups=4, bias=False), nn.Dropout2d(0.5), nn.PReLU(8)),
            nn.MaxPool2d(3, 2, 1),
        ),
        (3, 30, 31),
    ),
    "overlapping pools": (
        lambda: nn.Sequential(nn.Conv2d(2, 3, 2), nn.MaxPool2d((3, 2), (2, 1)), nn.GroupNorm(3, 3)),
        (2, 17, 18),
    ),
    "average pools": (
        lambda: nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 4, 5)),
        (1, 27, 28),
    ),
    "dilated, same padding": (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding="same", dilation=2), nn.Conv2d(4, 2, 3, 2)),
        (1, 20, 25),
    ),
    "1-D": (
        lambda: nn.Sequential(nn.Conv1d(2, 4, 9, 4, 3), nn.BatchNorm1d(4), nn.GELU(), nn.MaxPool1d(3, 3, 1)),
        (2, 101),
    ),
    "1-D pool first": (lambda: nn.Sequential(nn.MaxPool1d(2), nn.Conv1d(1, 4, 3), nn.SELU()), (1, 40)),
    "3-D": (lambda: nn.Sequential(nn.Conv3d(1, 2, 3), nn.InstanceNorm3d(2), nn.MaxPool3d(2)), (1, 9, 8, 11)),
}


@pytest.mark.parametrize("form", ["unpool", "transpose", "upsample"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_encoders_from_elsewhere_are_mirrored(name, form) -> None:
    make, shape = ELSEWHERE[name]
    encoder = make().eval()
    before = repr(encoder), {key: value.clone() for key, value in encoder.state_dict().items()}
    decoder = mirror(encoder, form).eval()
    x_BCS = torch.rand(2, *shape)
    with torch.no_grad():
        code, pools = remember(encoder, x_BCS)
        assert torch.equal(code, encoder(x_BCS))
        assert decoder(code, pools).shape == x_BCS.shape
        assert decoder(code, size=shape[1:]).shape == x_BCS.shape
        smallest_BCS = decoder(code)
        assert encoder(smallest_BCS).shape == code.shape
    assert repr(encoder) == before[0]
    assert all(torch.equal(value, before[1][key]) for key, value in encoder.state_dict().items())
    shared = {id(p) for p in encoder.parameters()} & {id(p) for p in decoder.parameters()}
    assert not shared


def test_whole_networks_and_empty_ones_are_reported_what_to_pass() -> None:
    with pytest.raises(UnpoolError, match=r"cannot mirror VGG.*\.features"):
        mirror(torchvision.models.vgg.VGG(torchvision_vgg("A", norm=False), 2, init_weights=False))
    with pytest.raises(UnpoolError, match="cannot mirror Sequential: it has no convolution"):
        mirror(nn.Sequential(nn.ReLU()))
    with pytest.raises(UsageError, match="unknown decoder 'upsmaple'; did you mean 'upsample'"):
        mirror(nn.Sequential(nn.Conv2d(1, 1, 1)), "upsmaple")


def test_layers_stand_in_the_published_order() -> None:
    kinds = [type(layer).__name__ for layer in mirror(encoders.vgg(11)).layers]
    block = ["ConvTranspose2d", "BatchNorm2d", "ReLU"]
    assert kinds == [
        *["Unpool", *block, *block] * 3,
        *["Unpool", *block],
        *["Unpool", "ConvTranspose2d"],
    ]
    widths = [
        layer.out_channels for layer in mirror(encoders.vgg(11)).layers if hasattr(layer, "kernel_size")
    ]
    assert widths == [512, 512, 512, 256, 256, 128, 64, 3]


def test_the_settings_of_followers_are_kept() -> None:
    encoder = nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 1), nn.BatchNorm2d(4, eps=0.5, momentum=0.25), nn.LeakyReLU(0.3)
    )
    _, norm, activation, _ = mirror(encoder).layers
    assert (norm.num_features, norm.eps, norm.momentum) == (8, 0.5, 0.25)
    assert activation.negative_slope == 0.3


def test_class_channels_make_a_segmenter() -> None:
    encoder = encoders.vgg(11)
    x_BCHW = torch.rand(1, 3, 40, 33)
    assert mirror(encoder, channels=21)(*remember(encoder, x_BCHW)).shape == (1, 21, 40, 33)


def test_the_decoder_is_made_where_its_encoder_is() -> None:
    assert {p.dtype for p in mirror(nn.Sequential(nn.Conv2d(1, 2, 3)).double()).parameters()} == {
        torch.float64
    }


def test_codes_pools_and_sizes_that_do_not_belong_together_are_refused() -> None:
    encoder = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2))
    decoder = mirror(encoder)
    code, _ = remember(encoder, torch.rand(1, 1, 10, 10))
    with pytest.raises(UnpoolError, match="an image of 20×20 has a code of 9×9, not 4×4; pass the size"):
        decoder(code, size=(20, 20))
    _, none = remember(nn.Conv2d(1, 2, 3), torch.rand(1, 1, 10, 10))
    with pytest.raises(UnpoolError, match="the decoder needs 1 pools, got 0"):
        decoder(code, none)


def test_followers_are_copied_for_the_mirrored_channels() -> None:
    group = mirror_follower(nn.GroupNorm(6, 12, eps=0.5, affine=False), 4)
    assert (group.num_groups, group.num_channels, group.eps, group.affine) == (2, 4, 0.5, False)
    instance = mirror_follower(nn.InstanceNorm1d(4, 0.5, 0.25, affine=True, track_running_stats=True), 3)
    assert type(instance) is nn.InstanceNorm1d
    assert (instance.num_features, instance.eps, instance.momentum) == (3, 0.5, 0.25)
    assert (instance.affine, instance.track_running_stats) == (True, True)
    for parameters, mirrored in ((1, 1), (8, 3)):
        slopes = mirror_follower(nn.PReLU(parameters, init=0.125), 3).weight
        assert slopes.tolist() == [0.125] * mirrored
    activation = nn.ELU(0.5)
    copied = mirror_follower(activation, 3)
    assert copied is not activation
    assert copied.alpha == 0.5


def test_followers_stand_after_the_mirror_of_their_convolution() -> None:
    """Also where a pool comes between; what stands before or after the image's own layer is left out."""
    encoder = nn.Sequential(
        *(nn.Sigmoid(), nn.MaxPool2d(2), nn.Tanh(), nn.Conv2d(3, 8, 1), nn.ELU()),
        *(nn.Conv2d(8, 6, 1), nn.Identity(), nn.MaxPool2d(2), nn.BatchNorm2d(6), nn.Dropout(), nn.ReLU()),
    )
    layers = mirror(encoder).layers
    kinds = [type(layer).__name__ for layer in layers]
    assert kinds == ["Unpool", "ConvTranspose2d", "BatchNorm2d", "ReLU", "ConvTranspose2d", "Unpool"]
    assert layers[2].num_features == 8


def strided_and_pooled() -> nn.Sequential:
    return nn.Sequential(
        nn.MaxPool2d(2), nn.Conv2d(2, 4, 3, groups=2), nn.AvgPool2d(2), nn.MaxPool2d((3, 2), (2, 1), (1, 0)),
        nn.Conv2d(4, 6, (4, 3), (2, 1), (1, 2), (1, 2), groups=2, bias=False),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("form", "strided", "pooled"),
    [
        ("unpool", [Enlarge], Unpool),
        ("transpose", [Enlarge], Enlarge),
        ("upsample", [Resize, nn.Conv2d], Resize),
    ],
)
def test_each_form_undoes_strides_and_pools_in_its_own_way(form, strided, pooled) -> None:
    decoder = mirror(strided_and_pooled(), form)
    kinds = [type(layer) for layer in decoder.layers]
    assert [kind.__name__ for kind in kinds] == [
        *[kind.__name__ for kind in strided], pooled.__name__, "Resize", "ConvTranspose2d", pooled.__name__,
    ]  # fmt: skip
    assert [kept for _, kept in decoder.windows] == [True, False, True, True, True]
    assert decoder.windows[3][0] == window_of(strided_and_pooled()[3])


def shape_of(conv: nn.Module) -> tuple[object, ...]:
    return conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.groups


def test_strided_convolutions_are_mirrored_with_window_groups_and_bias() -> None:
    whole = strided_and_pooled()
    enlarge, *_, last, _ = mirror(whole).layers
    assert shape_of(enlarge.conv) == (6, 4, (4, 3), (2, 1), (1, 2), 2)
    assert (enlarge.conv.dilation, enlarge.conv.bias) == ((1, 2), None)
    assert shape_of(last) == (4, 2, (3, 3), (1, 1), (0, 0), 2)
    assert last.bias is not None
    _, smooth, *_ = mirror(whole, "upsample").layers
    assert shape_of(smooth) == (6, 4, (5, 3), (1, 1), (2, 1), 2), "the kernel made odd, so that sizes stay"
    assert smooth.bias is None


@pytest.mark.parametrize("form", ["unpool", "transpose", "upsample"])
def test_class_channels_are_those_of_the_last_layer_alone(form) -> None:
    decoder = mirror(
        nn.Sequential(nn.Conv1d(2, 4, 4, 2, groups=2), nn.Conv1d(4, 4, 3, 2, groups=4)), form, channels=5
    )
    convolutions = [layer for layer in decoder.modules() if hasattr(layer, "kernel_size")]
    assert [(c.in_channels, c.out_channels, c.groups) for c in convolutions] == [(4, 4, 4), (4, 5, 1)]
    assert decoder(torch.zeros(1, 4, 3), size=(16,)).shape == (1, 5, 16)


def test_pools_are_undone_with_the_channels_that_they_pooled() -> None:
    layers = mirror(strided_and_pooled(), "transpose").layers
    assert shape_of(layers[1].conv) == (4, 4, (3, 2), (2, 1), (1, 0), 1)
    assert shape_of(layers[-1].conv) == (2, 2, (2, 2), (2, 2), (0, 0), 1), "a pool of the image itself"
    for kind, transposed in ((nn.MaxPool1d, nn.ConvTranspose1d), (nn.MaxPool3d, nn.ConvTranspose3d)):
        window = window_of(kind(2))
        assert window is not None
        assert type(undo_pool(window, "transpose", 7).conv) is transposed


def test_a_transposed_convolution_of_the_image_is_the_quick_one_in_two_dimensions() -> None:
    kinds = [type(mirror(nn.Sequential(kind(1, 2, 3))).layers[0]) for kind in CONVOLUTIONS]
    assert kinds == [nn.ConvTranspose1d, ConvTranspose2d, nn.ConvTranspose3d]
