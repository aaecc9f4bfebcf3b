"""A probe in a Hugging Face Trainer: a callback that follows every step of the trainer's optimiser."""

import tempfile

import torch
import transformers

from theory_sim.probe import Probe


class ProbeCallback(transformers.TrainerCallback):
    """Keeps the trajectory of a training in ``trajectory``; arguments are those of the probe, without model and optimiser."""

    def __init__(self, groups, **options):
        self.groups, self.options, self.trajectory = groups, options, None

    def on_train_begin(self, args, state, control, *, model, optimizer, **others):
        # The trainer wraps the optimiser; clipped gradients are those that the optimiser uses.
        optimizer = getattr(optimizer, "optimizer", optimizer)
        self.probe = Probe(model, optimizer, self.groups, **self.options)
        self.hook = optimizer.register_step_post_hook(lambda *_: self.probe.step())

    def on_train_end(self, args, state, control, **others):
        self.hook.remove()
        self.trajectory = self.probe.trajectory()


def main(steps=12):
    torch.manual_seed(0)
    words, labels = torch.randint(1, 50, (64, 8)), torch.randint(0, 2, (64,))
    config = transformers.BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                     intermediate_size=32, max_position_embeddings=16)
    model = transformers.BertForSequenceClassification(config)
    examples = [{"input_ids": row, "labels": label} for row, label in zip(words, labels, strict=True)]
    activations = [name for name, module in model.named_modules() if isinstance(module, torch.nn.GELU)]
    record = {"run": {"every_steps": 4}, "pre_activations": {}, **({"patterns": {}} if activations else {})}
    callback = ProbeCallback({"all": ({"input_ids": words}, labels)}, record=record, activations=activations or None,
                             name="transformers")
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(folder, max_steps=steps, per_device_train_batch_size=16, use_cpu=True,
                                                   report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True)
        transformers.Trainer(model, arguments, train_dataset=examples, callbacks=[callback]).train()
    return callback.trajectory


if __name__ == "__main__":
    print(main())
