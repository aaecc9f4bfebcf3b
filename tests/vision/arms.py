"""A plan of seconds, on drawn images."""

from __future__ import annotations

TOML = """
name = "try"
seeds = [0]
[data]
source = "generated"
side = 8
train = 128
tune = 64
report = 96
[patch]
size = 3
amplitude = 0.5
[network]
kind = "small-resnet"
widths = [4, 8]
stride = 1
[training]
epochs = 4
batch = 32
group = 24
reference = 64
kernel_probes = 3
kernel_epochs = 2
[[arm]]
name = "large"
rate = [[0, 0.1], [2, 0.01]]
[[arm]]
name = "noisy"
rate = 0.01
noise = [[0, 0.4], [2, 0.0]]
shared = "nothing"
"""
