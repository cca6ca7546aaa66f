"""Maps of several sizes become class scores."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from unpool.networks.segmentation.segmenter import Segmenter


def test_scores_are_summed_as_published_with_width_0() -> None:
    segmenter = Segmenter("fcn16s", backbone="resnet18", num_classes=4, width=0, seed=0).eval()
    x = torch.rand(1, 3, 64, 96)
    body = segmenter.encoder.body
    with torch.no_grad():
        fine = body.layer3(body.layer2(body.layer1(body.maxpool(body.act1(body.bn1(body.conv1(x)))))))
        last = body.layer4(fine)
        lateral = segmenter.decoder.laterals
        summed = lateral[0](fine) + F.interpolate(lateral[1](last), scale_factor=2, mode="bilinear")
        wanted = F.interpolate(summed, scale_factor=16, mode="bilinear")
        assert torch.allclose(segmenter(x), wanted, atol=1e-5)


def test_the_finest_map_is_merged_in_fewer_channels() -> None:
    segmenter = Segmenter(
        "fcn4s", backbone="resnet18", num_classes=4, width=24, finest_width=8, seed=0
    ).eval()
    decoder, x_BCHW = segmenter.decoder, torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        *fine, last = segmenter.pyramid(x_BCHW)
        y = decoder.smooth[3](F.relu(decoder.laterals[3](last)))
        for level in (2, 1):
            enlarged = F.interpolate(y, scale_factor=2, mode="bilinear")
            y = decoder.smooth[level](F.relu(enlarged + decoder.laterals[level](fine[level])))
        narrow = F.conv2d(F.interpolate(y, scale_factor=2, mode="bilinear"), decoder.narrow.weight)
        finest = decoder.smooth[0](F.relu(narrow + decoder.laterals[0](fine[0])))
        assert finest.shape[1] == 8
        assert torch.allclose(segmenter.coarse(x_BCHW), decoder.score(finest), atol=1e-5)


def test_only_maps_of_a_quarter_are_merged_in_fewer_channels() -> None:
    coarser = Segmenter("fcn8s", backbone="resnet18", num_classes=4, seed=0).decoder
    as_before = Segmenter("fcn4s", backbone="resnet18", num_classes=4, finest_width=None, seed=0).decoder
    assert coarser.score.in_channels == as_before.score.in_channels == 96
    assert not any(name.startswith("narrow") for name in as_before.state_dict())
