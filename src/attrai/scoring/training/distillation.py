"""How a ResNet34 learns faces: it describes them as networks do that know them.

No rating is looked at, so a network distilled on some photos may be judged on their ratings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from attrai.scoring.training.augmentation import Views, blended
from attrai.scoring.training.face_network import FaceNetwork
from attrai.scoring.training.growing import grow
from attrai.scoring.training.loop import Conditions, Places, run
from attrai.scoring.training.network import ResNet34, resized
from attrai.scoring.training.optimisation import Optimisation, Pace
from attrai.scoring.training.plan import Plan
from attrai.scoring.training.pupil import Lesson, Pupil
from attrai.scoring.training.teacher import SIDE, Teacher

#: The share of a batch that are blends of two: faces that nobody has.
_BLENDS = 0.4
#: The share of a face in a blend.
_SHARES = (0.3, 0.7)
#: The side of the crops that the network gets, by what it will get later, and how often each.
_SIDES, _SIDE_ODDS = (0.875, 1, 1.125), (0.3, 0.5, 0.2)
#: How many photos the growing looks at.
_GROWN_ON = 128


def distil(
    teacher: Teacher,
    others: Sequence[FaceNetwork],
    views: Views,
    plan: Plan,
    conditions: Conditions,
) -> ResNet34:
    """A network that knows faces as its teachers do, and no ratings; on the CPU.

    Args:
        teacher: dlib's network, which it grows out of.
        others: networks whose view of faces it learns as well.
        views: the faces to learn from.
        plan: how long, and from what chance.
        conditions: where it learns.
    """
    device = conditions.device
    places = np.random.default_rng(plan.seed).permutation(len(views))[:_GROWN_ON]
    torch.manual_seed(plan.seed)
    network = grow(teacher, views.plain(places, plan.side))
    lesson = Lesson([teacher, *others], views, device)
    pupil = Pupil(network, views, lesson, plan.side)

    def loss(places: Places, rng: np.random.Generator) -> Tensor:
        crops = device.images(_crops(views, places, rng))
        side = round(plan.side * rng.choice(_SIDES, p=_SIDE_ODDS))
        with device.computing():
            features = pupil.network.features(resized(crops, side))
            return pupil.error(features, lesson(crops))

    loop = plan.loop(len(views))
    pace = Pace(loop.steps, plan.rate, head_factor=2, warm_up=0.03, decay=1e-4, averaging=0.995)
    optimisation = Optimisation(pupil, pupil.head, pace)
    run(loop, optimisation, loss, conditions)
    return optimisation.average.network.cpu().eval()


def _crops(views: Views, places: Places, rng: np.random.Generator) -> Tensor:
    crops = views.varied(places, SIDE, rng)
    blends = round(_BLENDS * len(places))
    others = crops[torch.from_numpy(rng.permutation(len(places))[:blends])]
    share = torch.from_numpy(rng.uniform(*_SHARES, blends)).float()
    return torch.cat([blended(crops[:blends], others, share), crops[blends:]])
