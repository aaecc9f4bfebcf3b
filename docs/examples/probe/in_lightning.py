"""A probe in Lightning: a callback that follows every step of the module's optimiser."""

import lightning
import torch

from theory_sim.probe import Probe


class ProbeCallback(lightning.Callback):
    """Keeps the trajectory of a fit in ``trajectory``; arguments are those of the probe, without model and optimiser."""

    def __init__(self, groups, **options):
        self.groups, self.options, self.trajectory = groups, options, None

    def on_train_start(self, trainer, pl_module):
        (optimizer,) = trainer.optimizers
        self.probe = Probe(pl_module, optimizer, self.groups, **self.options)
        # Lightning changes the rate before on_train_batch_end: the probe follows the optimiser itself.
        self.hook = optimizer.register_step_post_hook(lambda *_: self.probe.step())

    def on_train_end(self, trainer, pl_module):
        self.hook.remove()
        self.trajectory = self.probe.trajectory()


class Classifier(lightning.LightningModule):
    """Any module; its ``forward`` gives the outputs of the loss."""

    def __init__(self):
        super().__init__()
        self.network = torch.nn.Sequential(torch.nn.Linear(20, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))

    def forward(self, x):
        return self.network(x)

    def training_step(self, batch, index):
        x, y = batch
        return torch.nn.functional.cross_entropy(self(x), y)

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10, 0.5)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def main(steps=40):
    torch.manual_seed(0)
    x, y = torch.randn(256, 20), torch.randint(0, 2, (256,))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=32, shuffle=True)
    callback = ProbeCallback({"all": (x, y)}, complete=True, refresh=1, record=10, name="lightning")
    trainer = lightning.Trainer(max_steps=steps, accelerator="cpu", logger=False, enable_checkpointing=False,
                                enable_progress_bar=False, enable_model_summary=False, callbacks=[callback])
    trainer.fit(Classifier(), loader)
    return callback.trajectory


if __name__ == "__main__":
    print(main())
