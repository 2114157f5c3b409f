"""The accuracy and the cost of larger and smaller crops: `python -m bench.sides`.

Fine-tunes the backbone for a few epochs at each side, without pseudo labels, on four fifths of the
photos, and evaluates each network on the others, which show none of the same people. All are
trained on the same crops of 150 pixels, scaled down or up. The differences from the current side
are paired: both networks are evaluated on the same bootstrap samples of photos.
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
from attrai.scoring.resnet34 import fold_batch_norm, resnet34
from attrai_training.evaluation.metrics import regression_metrics
from attrai_training.finetuning import fit
from attrai_training.loop import Checkpoint, Device, RunContext, TrainConfig
from attrai_training.network import MEAN, RATINGS, SCALE, ResNet34
from attrai_training.packaging import initial_network, to_weights
from attrai_training.ratings import mean
from bench.labelled import load, parser
from testing.faults import ROOT

DRAWS, BATCH, ROUNDS = 2000, 4, 20


def milliseconds(network: ResNet34, side: int) -> float:
    """Return the time a crop takes in the score stage on one core, in batches of four."""
    tensors = fold_batch_norm(to_weights(network, side, {}).tensors, {"fc": RATINGS}, MEAN, SCALE)
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
    """Return the 95 % interval of how much better `ours` correlates with `rated` than `theirs`."""
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(DRAWS):
        drawn = rng.integers(0, len(rated), len(rated))
        one, other = (np.corrcoef(x[drawn], rated[drawn])[0, 1] for x in (ours, theirs))
        gains.append(one - other)
    low, high = np.percentile(gains, (2.5, 97.5))
    return float(low), float(high)


def run(arguments: argparse.Namespace) -> None:
    """Print one line for each side, and write sides.json."""
    dataset, fold_of, rated = load(arguments)
    train_indices, test_indices = np.flatnonzero(fold_of != 0), np.flatnonzero(fold_of == 0)
    rated, threads = rated[test_indices], os.cpu_count() or 1
    predictions, results = {}, []
    for side in (CROP_SIDE, *(side for side in arguments.sides if side != CROP_SIDE)):
        config = TrainConfig(arguments.epochs, batch=64, rate=3e-4, side=side, seed=0)
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Checkpoint(Path(folder), {})
            context = RunContext(Device.best(threads), checkpoint, lambda _: None)
            start = initial_network(str(arguments.init), config.seed)
            network = fit(start, dataset.training_set(train_indices), config, context)
        with torch.no_grad():
            logits = [network(part) for part in dataset.views(test_indices).all_plain(side)]
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
    """Parse the command line and run the benchmark."""
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--init", type=Path, required=True, help="the file of attrai train distil")
    options.add_argument("--sides", type=int, nargs="+", default=[96, 112, 160, 224])
    options.add_argument("--epochs", type=int, default=3)
    options.add_argument("--out", type=Path, default=ROOT / "dist" / "bench")
    run(options.parse_args())


if __name__ == "__main__":
    main()
