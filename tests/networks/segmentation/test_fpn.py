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
