"""What encoders of other libraries share as embedders."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from unpool.errors import UnpoolError
from unpool.networks.image_encoder import ImageEncoder
from unpool.networks.preprocessing import Preprocessing


def test_it_embeds_pictures_and_has_no_decoder() -> None:
    body = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 5))
    encoder = ImageEncoder(
        body, architecture="own", preprocessing=Preprocessing(4), options={"dimension": 5}
    ).eval()
    assert encoder.embed([np.zeros((8, 6, 3), np.uint8)] * 2).shape == (2, encoder.dimension())
    assert "4 × 4 pixels" in encoder.expects
    assert {key.split(".")[0] for key in encoder.state_dict()} == {"body"}  # as older model folders have them
    assert torch.equal(encoder.encode(torch.ones(1, 3, 4, 4)), encoder.embed(torch.ones(1, 3, 4, 4)))
    with pytest.raises(UnpoolError, match="no decoder"):
        encoder.decode(torch.zeros(1, 5))
