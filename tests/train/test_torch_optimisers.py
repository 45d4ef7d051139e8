"""PyTorch as the judge of the optimisers: the same parameters after several steps on the same gradients."""

from __future__ import annotations

import numpy as np
import pytest

from graphlab.train.optimisers import KINDS, Optimiser

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


@pytest.mark.parametrize("kind", KINDS)
def test_several_steps_are_those_of_pytorch(kind: str) -> None:
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(3, 2))
    tensor = torch.tensor(theta, requires_grad=True)
    peer = {
        "sgd": lambda: torch.optim.SGD([tensor], lr=0.05),
        "momentum": lambda: torch.optim.SGD([tensor], lr=0.05, momentum=0.9),
        "adam": lambda: torch.optim.Adam([tensor], lr=0.05),
    }[kind]()
    slots: dict[str, tuple[object, ...]] = {}
    for t in range(5):
        g = rng.normal(size=theta.shape)
        tensor.grad = torch.tensor(g)
        peer.step()
        theta, slots["w"] = Optimiser(kind, 0.05, slots=slots, steps=t).moved("w", theta, g)
        np.testing.assert_allclose(theta, tensor.detach().numpy(), rtol=1e-12)
