"""A plain training loop in PyTorch with a probe: two classes, told apart by a strong feature and by a weak one."""

import torch

from theory_sim import learning_order
from theory_sim.probe import Probe


def draw(n, *, strong, generator):
    """Inputs of 20 numbers: the label moves the first by 2, if it is strong, and the others by 0.3 each."""
    y = torch.randint(0, 2, (n,), generator=generator)
    shift = torch.full((20,), 0.3)
    shift[0] = 2.0 if strong else 0.0
    return torch.randn(n, 20, generator=generator) + (2.0 * y[:, None] - 1.0) * shift, y


def main(steps=600):
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    weak, strong = (draw(512, strong=each, generator=generator) for each in (False, True))
    x, y = torch.cat([weak[0], strong[0]]), torch.cat([weak[1], strong[1]])
    model = torch.nn.Sequential(torch.nn.Linear(20, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, steps // 2, 0.1)

    probe = Probe(model, optimizer, groups={"weak": weak, "strong": strong}, complete=True, refresh=1, record=20, name="plain")
    for _ in range(steps):
        chosen = torch.randint(0, len(x), (32,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()
        probe.step()
        scheduler.step()
    return probe.trajectory()


if __name__ == "__main__":
    run = main()
    print(learning_order(run, groups=("weak", "strong")))
    run.save("runs/plain")
