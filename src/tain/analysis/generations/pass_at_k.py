"""pass@k: the chance that one of k tries is right.

    pass@k = 1 - C(n - c, k) / C(n, k)      n tries, of which c are right

The product form is used, which needs no large binomials. Source: Chen et al. 2021, Evaluating Large Language Models
Trained on Code, arXiv:2107.03374, equation 1. 1 - (1 - c/n)^k would be too low on average.
"""

from __future__ import annotations

import numpy as np

from tain.core.errors import MetricError


def pass_at_k(n_tries: int, n_right: int, k: int) -> float:
    """The unbiased estimate for one problem, from 0 to 1.

    Args:
        n_tries: n, at least k.
        n_right: c, from 0 to n.
        k: At least 1.

    Raises:
        MetricError: If the counts are impossible.
    """
    if not 1 <= k <= n_tries or not 0 <= n_right <= n_tries:
        raise MetricError(
            f"pass@{k} of {n_right} right among {n_tries} tries cannot be; expected 1 <= k <= tries, and no more right "
            "than tries. Draw more samples, or ask for a smaller k."
        )
    if n_tries - n_right < k:
        return 1.0
    return float(1 - np.prod(1 - k / np.arange(n_tries - n_right + 1, n_tries + 1)))
