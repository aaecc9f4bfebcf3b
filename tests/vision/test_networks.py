"""Networks against counts by hand, and the noise around their ReLUs."""

from __future__ import annotations

from typing import Any

import pytest

from theory_sim import vision
from theory_sim.errors import InputError
from theory_sim.vision.networks.base import NETWORKS


def wide_parameters(depth: int, width: int, channels: int = 3, classes: int = 10) -> int:
    """Weights of a WideResNet, layer by layer by hand."""
    total, before = channels * 16 * 9, 16
    for after in (16 * width, 32 * width, 64 * width):
        for number in range((depth - 4) // 6):
            first = number == 0
            total += 2 * before + before * after * 9 + 2 * after + after * after * 9
            total += before * after if first and (before != after or after > 16 * width) else 0
            before = after
    return total + 2 * before + before * classes + classes


@pytest.mark.parametrize(("depth", "width"), [(10, 1), (16, 2), (28, 1)])
def test_wide_residual_networks(depth: int, width: int, torch: Any) -> None:
    model = NETWORKS["wide-resnet"](depth=depth, width=width).build(3, 32, 10)  # type: ignore[call-arg]
    assert sum(each.numel() for each in model.parameters()) == wide_parameters(depth, width)
    convolutions = [each for each in model.modules() if isinstance(each, torch.nn.Conv2d) and each.kernel_size == (3, 3)]
    assert len(convolutions) + 1 == depth - 2, "depth counts the last layer and the shortcuts' three, which are of 1 x 1"
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_a_block_is_what_he_and_others_say(torch: Any) -> None:
    """Pre-activation by functions alone: where the shape changes the shortcut is of the first ReLU's output, else the input."""
    from torch.nn.functional import batch_norm, conv2d

    from theory_sim.vision.modules import Block

    torch.manual_seed(0)
    x = torch.randn(5, 4, 8, 8)
    for after, stride in ((4, 1), (6, 1), (6, 2)):
        block = Block(4, after, stride).train()
        first = batch_norm(x, None, None, training=True).relu()
        middle = conv2d(first, block.conv_1.weight, stride=stride, padding=1)
        second = conv2d(batch_norm(middle, None, None, training=True).relu(), block.conv_2.weight, padding=1)
        beside = x if (after, stride) == (4, 1) else conv2d(first, block.shortcut.weight, stride=stride)
        torch.testing.assert_close(block(x), beside + second, rtol=1e-5, atol=1e-5)
        assert (block.shortcut is None) == ((after, stride) == (4, 1))


def test_convolutions_start_with_the_variance_for_their_outputs(torch: Any) -> None:
    """2 / (9 channels out), and the last layer's bias is 0; of 64 x 128 x 9 entries to 5 standard deviations."""
    torch.manual_seed(0)
    model = NETWORKS["small-resnet"]().build(3, 16, 10)
    weight = model.block_2_1.conv_1.weight
    assert float(weight.detach().var()) == pytest.approx(2 / (9 * 128), rel=5 * (2 / weight.numel()) ** 0.5)
    assert not model.head.bias.any()


def test_the_official_size_has_17_million_weights() -> None:
    """WideResNet-16-10: 17.1 million (Zagoruyko and Komodakis 2016, table 4)."""
    assert round(wide_parameters(16, 10) / 1e6, 1) == 17.1


@pytest.mark.parametrize("name", NETWORKS.names())
def test_each_runs_on_grey_and_coloured_images(name: str, torch: Any) -> None:
    small: dict[str, Any] = {"depth": 10, "width": 1} if name == "wide-resnet" else {"widths": (4, 6)}
    for channels in (1, 3):
        model = NETWORKS[name](**small).build(channels, 12, 5)
        assert model(torch.zeros(2, channels, 12, 12)).shape == (2, 5)
        assert vision.add_noise(model)


@pytest.mark.parametrize(("name", "fields"), [
    ("wide-resnet", {"depth": 15}), ("wide-resnet", {"width": 0}), ("small-resnet", {"widths": ()}), ("cnn", {"widths": (0,)}),
    ("mlp", {"widths": (True,)}),
])
def test_a_network_that_makes_no_sense_is_refused(name: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(fields))):
        NETWORKS[name](**fields)


@pytest.mark.parametrize("name", ["wide-resnet", "small-resnet", "cnn"])
def test_images_too_small_for_it_are_refused(name: str, torch: Any) -> None:
    with pytest.raises(InputError, match="3 x 3"):
        NETWORKS[name]().build(3, 3, 2)


@pytest.mark.parametrize(("shared", "equal"), [("nothing", (False, False)), ("batch", (True, False)),
                                               ("batch and channels", (True, True))])
def test_noise_is_shared_as_asked_for_and_off_at_validation(shared: str, equal: tuple[bool, bool], torch: Any) -> None:
    model = torch.nn.Sequential(torch.nn.Identity(), torch.nn.ReLU())
    (noisy,) = vision.add_noise(model, shared)
    x = torch.full((50, 4, 30, 30), 10.0)  # far above the kink, so that what comes out is what went in
    assert torch.equal(model(x), x), "level 0"
    noisy.level = 0.4
    torch.manual_seed(0)
    noise = model(x) - x
    # 900 draws at least: the standard deviation is known to 0.4 / sqrt(1800).
    assert abs(float(noise.std()) - 0.4) < 4 * 0.4 / 1800**0.5
    assert (torch.allclose(noise[0], noise[1]), torch.allclose(noise[:, 0], noise[:, 1])) == equal
    assert not torch.equal(model(x) - x, noise), "drawn anew at every pass"
    model.eval()
    assert torch.equal(model(x), x)


def test_noise_of_layers_without_channels_is_of_each_unit(torch: Any) -> None:
    (noisy,) = vision.add_noise(model := torch.nn.Sequential(torch.nn.ReLU()), "batch and channels")
    noisy.level = 1.0
    out = model(torch.full((3, 5), 10.0))
    assert torch.equal(out[0], out[1]) and out[0].unique().numel() == 5


def test_a_relu_of_many_names_is_noisy_under_all(torch: Any) -> None:
    from theory_sim.vision import add_noise

    relu = torch.nn.ReLU()
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), relu, torch.nn.Linear(8, 8), relu)
    (noisy,) = add_noise(model, "nothing")
    assert model[1] is noisy and model[3] is noisy


def test_networks_without_a_module_for_noise_are_refused(torch: Any) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.GELU())
    with pytest.raises(InputError, match=r"torch\.nn\.ReLU"):
        vision.add_noise(model)
    vision.add_noise(model := torch.nn.Sequential(torch.nn.ReLU()))
    with pytest.raises(InputError, match="none of which has noise already"):
        vision.add_noise(model)
    with pytest.raises(InputError, match="shared"):
        vision.add_noise(model, "channels")
