"""Several processes of one training, one on each device: they share the texts of every batch and add the gradients up.

    g = Σ_r g_r,  with g_r the gradient of process r's share of the batch's loss

Each holds the whole network and its own optimiser, and takes the same step, so that all have the same weights bit for
bit; nothing but gradients and logits passes between them. A step comes to what one process makes of the whole
batch, but for the order of sums. accelerate starts the group (gloo on processors, NCCL on CUDA); its wrapper of
DistributedDataParallel is not used, because methods look parameters up by name, and frozen ones need no buckets.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tain.core.errors import TrainingError
from tain.core.launch import n_processes, require_replicas

BUCKET = 2**24  # numbers that are added up at once
PATIENCE = timedelta(days=1)  # for the main one, which may tokenise or ask a teacher for hours


@dataclass(frozen=True)
class Processes:
    """All of them, seen from one.

    Attributes:
        rank: Which this is, from 0.
        n: How many there are.
    """

    rank: int = 0
    n: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    def share(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """This process's rows: every n-th, so that rows sorted by length give all of them as much to do.

        Args:
            rows: The same in every process.
        """
        return rows[self.rank :: self.n]

    def wait(self) -> None:
        """Return once every process is here."""
        if self.n > 1:
            from accelerate import PartialState

            with _others_may_be_gone():
                PartialState().wait_for_everyone()

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """Let the others begin what follows once the main one is through with it."""
        if not self.is_main:
            self.wait()
        yield
        if self.is_main:
            self.wait()

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all processes, where the values were.

        Args:
            values: Of one shape in every process.
        """
        if self.n == 1:
            return values
        from accelerate import PartialState
        from accelerate.utils import reduce

        with _others_may_be_gone():
            total: torch.Tensor = reduce(values.to(PartialState().device), "sum")
        return total.to(values.device)

    def add_up_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Put the sum over all processes in place of each gradient; a parameter without one anywhere keeps none.

        Args:
            parameters: Those that train, in one order.
        """
        if self.n == 1:
            return
        for bucket in _buckets(list(parameters)):
            has_one = torch.tensor([float(p.grad is not None) for p in bucket], device=bucket[0].device)
            flat = [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in bucket]
            total = self.sum(torch.cat([has_one, *(part.float() for part in flat)]))
            n_with, *parts = torch.split(total, [len(bucket), *(p.numel() for p in bucket)])
            for parameter, is_there, part in zip(bucket, n_with.tolist(), parts, strict=True):
                parameter.grad = part.view_as(parameter).to(parameter.dtype) if is_there else None

    def draw_apart(self, seed: int, step: int) -> None:
        """Give each process its own random numbers for one step, the same whenever the step is taken.

        Args:
            seed: Of the training.
            step: From 0.
        """
        if self.n > 1:
            torch.manual_seed(_mixed(seed, step, 1 + self.rank))

    def draw_alike(self, seed: int, step: int) -> None:
        """Give all processes the same random numbers; arguments as of `draw_apart`."""
        if self.n > 1:
            torch.manual_seed(_mixed(seed, step, 0))

    def require_alike(self, parameters: Iterable[nn.Parameter]) -> None:
        """Return only if all processes hold the same weights.

        Args:
            parameters: Those that train.

        Raises:
            TrainingError: If they have drifted apart, as on devices of two kinds.
        """
        if self.n == 1:
            return
        own = torch.stack([p.detach().double().sum() for p in parameters])
        apart = self.sum((own - self._of_main(own)).abs())
        if apart.any():
            raise TrainingError(
                f"The weights of the {self.n} processes are no longer the same. They need devices of one kind and one "
                "version of torch, and the same files; start again with --force."
            )

    def _of_main(self, values: torch.Tensor) -> torch.Tensor:
        return self.sum(values if self.is_main else torch.zeros_like(values))


ALONE = Processes()


def join(*, is_cpu: bool) -> Processes:
    """The processes of the launcher, with which this one can talk until it ends; without a launcher just this one.

    Args:
        is_cpu: They compute on processors.

    Raises:
        ConfigError: If the launcher asks for cut-up weights.
    """
    if n_processes() == 1:
        return ALONE
    require_replicas()
    from accelerate import PartialState

    is_new = not PartialState._shared_state
    state = PartialState(cpu=is_cpu, timeout=PATIENCE)
    if is_new:
        atexit.register(state.destroy_process_group)
    return Processes(state.process_index, state.num_processes)


def _buckets(parameters: Sequence[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    bucket: list[nn.Parameter] = []
    for parameter in parameters:
        if bucket and sum(p.numel() for p in bucket) + parameter.numel() > BUCKET:
            yield bucket
            bucket = []
        bucket.append(parameter)
    if bucket:
        yield bucket


def _mixed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


@contextmanager
def _others_may_be_gone() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise TrainingError(
            f"Another process of this training has ended or cannot be reached ({reason}). Its own message says why; "
            "go on with --resume."
        ) from error
