"""What accuracy the side of the crops brings, and what it costs: `python -m bench.sides`.

Fine-tunes the backbone for a few epochs at each side, without pseudo labels, on four fifths of the
photos and judges each network on the others, none of whose persons it has seen. All learn from the
same crops of 150 pixels, made smaller or larger. The differences to the side in use are paired:
both networks are drawn on the same photos.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Model, open_engine
from attrai.scoring.resnet34 import folded, resnet34
from attrai_training.evaluation.metrics import regression_metrics
from attrai_training.finetuning import fit
from attrai_training.loop import Checkpoint, Device, RunContext, TrainConfig
from attrai_training.network import MEAN, RATINGS, SCALE, ResNet34
from attrai_training.packaging import start_of, weights_of
from attrai_training.ratings import mean
from bench.labelled import load, parser
from testing.faults import ROOT

DRAWS, BATCH, ROUNDS = 2000, 4, 20


def milliseconds(network: ResNet34, side: int) -> float:
    """Of a crop, in batches of four, as the stage score computes it on one core."""
    tensors = folded(weights_of(network, side, {}).tensors, RATINGS, MEAN, SCALE)
    model = Model(resnet34, tensors, allow_half_precision=True, side=side, batches=(BATCH,))
    loaded = open_engine("auto", 1).load(model)
    crops = np.zeros((BATCH, side, side, 3), np.uint8)
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        loaded(crops)
        took.append(time.perf_counter() - begun)
    return 1000 * float(np.median(took)) / BATCH


def correlation_gain(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], rated: NDArray[np.float64]
) -> tuple[float, float]:
    """The 95 % interval of how much better one correlates with the ratings than the other."""
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(DRAWS):
        drawn = rng.integers(0, len(rated), len(rated))
        one, other = (np.corrcoef(x[drawn], rated[drawn])[0, 1] for x in (ours, theirs))
        gains.append(one - other)
    low, high = np.percentile(gains, (2.5, 97.5))
    return float(low), float(high)


def run(arguments: argparse.Namespace) -> None:
    """Prints a line for each side."""
    dataset, fold_of, rated = load(arguments)
    learnt, judged = np.flatnonzero(fold_of != 0), np.flatnonzero(fold_of == 0)
    rated, threads = rated[judged], os.cpu_count() or 1
    predictions, results = {}, []
    for side in (CROP_SIDE, *(side for side in arguments.sides if side != CROP_SIDE)):
        config = TrainConfig(arguments.epochs, batch=64, rate=3e-4, side=side, seed=0)
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Checkpoint(Path(folder), {})
            context = RunContext(Device.best(threads), checkpoint, lambda _: None)
            start = start_of(str(arguments.init), config.seed)
            network = fit(start, dataset.training_set(learnt), config, context)
        with torch.no_grad():
            logits = [network(part) for part in dataset.views(judged).all_plain(side)]
        ours = predictions[side] = mean(torch.cat(logits).softmax(1)).double().numpy()
        low, high = correlation_gain(ours, predictions[CROP_SIDE], rated)
        found = regression_metrics(ours, rated)
        result = {
            "side": side,
            "pc": found.pearson.value,
            "pc_gain": (low, high),
            "mae": found.mae.value,
            "ms_a_crop": milliseconds(network, side),
        }
        results.append(result)
        print(
            f"{side:4} px: PC {result['pc']:.3f}, {low:+.3f} to {high:+.3f} beside {CROP_SIDE} px; "
            f"MAE {result['mae']:.3f}; {result['ms_a_crop']:.1f} ms a crop",
            flush=True,
        )
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "sides.json").write_text(json.dumps(results, indent=2))


def main() -> None:
    """The command line."""
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--init", type=Path, required=True, help="the file of attrai train distil")
    options.add_argument("--sides", type=int, nargs="+", default=[96, 112, 160, 224])
    options.add_argument("--epochs", type=int, default=3)
    options.add_argument("--out", type=Path, default=ROOT / "dist" / "bench")
    run(options.parse_args())


if __name__ == "__main__":
    main()
