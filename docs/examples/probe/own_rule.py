"""A probe of an optimiser of one's own: SGD with gradients centred over a neuron's inputs (Yong et al. 2020)."""

import torch

from theory_sim.probe import Probe, Rule


def centred(gradient):
    return gradient - gradient.mean(dim=1, keepdim=True) if gradient.ndim > 1 else gradient


class CentredSGD(torch.optim.Optimizer):
    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.sub_(centred(parameter.grad), alpha=group["lr"])


class CentredRule(Rule):
    """The same step, of one part of the weights with one part of the gradients: centring is linear."""

    def velocity_of(self, state):
        return None  # it has no momentum

    def advance(self, part, options, states, fresh):
        for weight, gradient in zip(part.weights, part.gradients, strict=True):
            weight.sub_(centred(gradient), alpha=options["lr"])


def main(steps=100, rule=None):
    torch.manual_seed(0)
    x = torch.randn(256, 20)
    y = (x[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(20, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    optimizer = CentredSGD(model.parameters(), lr=0.2)

    probe = Probe(model, optimizer, groups={"all": (x, y)}, complete=True, refresh=1, record=20, rule=rule or CentredRule())
    for _ in range(steps):
        chosen = torch.randint(0, len(x), (32,))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()
        probe.step()
    return probe.trajectory()


if __name__ == "__main__":
    main().save("runs/centred")
