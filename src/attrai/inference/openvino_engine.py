"""The OpenVINO engine, which runs on the CPU.

It builds each graph from the weights, in a fraction of a second, so there is no exported model
that could be missing or stale.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from attrai.inference.engine import FloatArray, Images, Model, Network

# On import OpenVINO sends telemetry over the network and stores an identifier in the home
# directory. It does neither if its telemetry package can't be imported.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # documented: blocks the import
import openvino  # noqa: E402 - after the telemetry is blocked
from openvino import Output, Type, opset13  # noqa: E402 - likewise


class OpenVinoEngine:
    """OpenVINO with one thread per calling thread, in bfloat16 where the CPU supports it."""

    def __init__(self, threads: int) -> None:
        self._core = openvino.Core()
        bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._half = "bf16" if bf16 else "f32"
        self._options = {"NUM_STREAMS": threads, "INFERENCE_NUM_THREADS": threads}
        self.name = f"openvino, {self._half}"

    def load(self, model: Model) -> Network:
        """Compile a model, in half precision if the model allows it and the CPU supports it."""
        compiled = self.compile(_graph(model), allow_half_precision=model.allow_half_precision)
        return OpenVinoNetwork(compiled, model.batches)

    def read(self, path: Path) -> openvino.Model:
        """Read a network from a file, such as one in ONNX."""
        return self._core.read_model(path)

    def compile(
        self, model: openvino.Model, *, allow_half_precision: bool = False
    ) -> openvino.CompiledModel:
        """Compile a graph, in half precision if that is allowed and the CPU supports it."""
        precision = self._half if allow_half_precision else "f32"
        options = {**self._options, "INFERENCE_PRECISION_HINT": precision}
        compiled = self._core.compile_model(model, "CPU", options)
        _leave_signal_stack()
        return compiled


class _SignalStack(ctypes.Structure):
    """The `stack_t` of sigaltstack(2)."""

    _fields_ = (
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("bytes", ctypes.c_size_t),
    )


_NO_STACK = 2  # SS_DISABLE


def _leave_signal_stack() -> None:
    """Make signal handlers run on the thread's ordinary stack again.

    To use AMX, OpenVINO gives the compiling thread an alternate signal stack, which the saved
    registers nearly fill. Python's signal handlers would run there, and SIGTERM would end the
    process with SIGSEGV.
    """
    stack = _SignalStack(None, _NO_STACK, 0)
    ctypes.CDLL(None).sigaltstack(ctypes.byref(stack), None)


class OpenVinoNetwork:
    """A `Network` computed by OpenVINO."""

    def __init__(self, compiled: openvino.CompiledModel, batches: tuple[int, ...]) -> None:
        self._compiled = compiled
        # OpenVINO compiles kernels for every batch size that it sees for the first time, which
        # takes as long as about a hundred images.
        self._batches = batches
        self._of_thread = threading.local()

    def __call__(self, images: Images) -> FloatArray:
        """Compute the output for RGB images, in batches of the sizes that are compiled."""
        start, parts = 0, []
        while left := len(images) - start:
            batch = max((b for b in self._batches if b <= left), default=self._batches[0])
            parts.append(self._run(images[start : start + batch], batch))
            start = min(start + batch, len(images))
        return np.concatenate(parts)

    def _run(self, images: Images, batch: int) -> FloatArray:
        request = getattr(self._of_thread, "request", None)
        if request is None:
            request = self._of_thread.request = self._compiled.create_infer_request()
        used = len(images)
        if used < batch:
            images = np.concatenate([images, np.zeros((batch - used, *images.shape[1:]), np.uint8)])
        output: FloatArray = request.infer([images], share_inputs=True)[0]
        return output[:used]


def _graph(model: Model) -> openvino.Model:
    batch = model.batches[0] if len(model.batches) == 1 else -1
    side = model.side or -1
    images = opset13.parameter([batch, side, side, 3], Type.u8)
    x = opset13.convert(images, Type.f32)
    x = opset13.transpose(x, opset13.constant([0, 3, 1, 2]))
    layers = OpenVinoLayers(model.weights)
    return openvino.Model([model.architecture(layers, x.output(0))], [images])


class OpenVinoLayers:
    """`Layers` as nodes of an OpenVINO graph."""

    def __init__(self, weights: Mapping[str, FloatArray]) -> None:
        self._weights = weights

    def conv2d(self, x: Output, name: str, stride: int = 1, padding: int = 0) -> Output:
        kernel, edge = self._constant(name + ".weight"), [padding, padding]
        x = opset13.convolution(x, kernel, [stride, stride], edge, edge, [1, 1]).output(0)
        return self.add_bias(x, name)

    def add_bias(self, x: Output, name: str) -> Output:
        bias = opset13.constant(self._weights[name + ".bias"].reshape(1, -1, 1, 1))
        return self.add(x, bias.output(0))

    def linear(self, x: Output, name: str) -> Output:
        weight = self._constant(name + ".weight")
        x = opset13.matmul(x, weight, transpose_a=False, transpose_b=True).output(0)
        return self.add(x, self._constant(name + ".bias"))

    def relu(self, x: Output) -> Output:
        return opset13.relu(x).output(0)

    def prelu(self, x: Output, name: str) -> Output:
        return opset13.prelu(x, self._constant(name + ".weight")).output(0)

    def max_pool(
        self, x: Output, size: int, stride: int, padding: int = 0, *, ceil: bool = False
    ) -> Output:
        steps, edge, rounding = [stride, stride], [padding, padding], "ceil" if ceil else "floor"
        return opset13.max_pool(x, steps, [1, 1], edge, edge, [size, size], rounding).output(0)

    def add(self, x: Output, y: Output) -> Output:
        return opset13.add(x, y).output(0)

    def global_avg_pool(self, x: Output) -> Output:
        return opset13.reduce_mean(x, opset13.constant([2, 3])).output(0)

    def flatten(self, x: Output) -> Output:
        x = opset13.transpose(x, opset13.constant([0, 3, 2, 1])).output(0)
        return opset13.reshape(x, opset13.constant([0, -1]), special_zero=True).output(0)

    def _constant(self, name: str) -> Output:
        # Share the memory: compiling a graph makes enough copies of its weights as it is.
        return opset13.constant(self._weights[name], shared_memory=True).output(0)
