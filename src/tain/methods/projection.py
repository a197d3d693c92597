"""A gradient seen from the few directions in which it is largest, and the way back.

    G (m, n), m >= n:  Q (r, n) = the first r right singular vectors,  G~ = G Q^T (m, r),  back: N Q
    G (m, n), m <  n:  P (m, r) = the first r left singular vectors,   G~ = P^T G (r, n),  back: P N

Source: GaLore, Zhao et al. 2024, arXiv:2403.03507. The basis lies on the shorter side, so that basis and moments
together are smallest. Differs: each basis vector is signed such that its largest entry is positive. An SVD leaves the
sign to the linear algebra library, and as Adam's moments stay when a basis is replaced, two machines would otherwise
train apart from the second basis on.
"""

from __future__ import annotations

import torch


def gradient_basis(gradient: torch.Tensor, rank: int) -> torch.Tensor:
    """The orthonormal basis that keeps most of a gradient.

    Args:
        gradient: Shape (m, n).
        rank: Vectors kept; no more than min(m, n) exist, and with all of them nothing is lost.

    Returns:
        Float32, of shape (r, n) with orthonormal rows where m >= n, else (m, r) with orthonormal columns. Costs one
        SVD, some m n min(m, n) operations: 80 ms for 384 x 1536 on one core.
    """
    left, _, right = torch.linalg.svd(gradient.float(), full_matrices=False)
    vectors = right[:rank] if is_tall(gradient) else left[:, :rank].T
    largest = vectors.gather(1, vectors.abs().argmax(dim=1, keepdim=True))
    signed: torch.Tensor = vectors * largest.sign()
    # Row by row in memory, as a checkpoint reads it back: a product's last bits depend on the layout.
    return (signed if is_tall(gradient) else signed.T).contiguous()


def project(gradient: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """The coordinates of a gradient in a basis: shape (m, r) where m >= n, else (r, n). Float32."""
    return gradient.float() @ basis.T if is_tall(gradient) else basis.T @ gradient.float()


def project_back(small: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """A matrix of the full shape from coordinates that `project` gave, or from anything of their shape."""
    return small @ basis if is_tall(small) else basis @ small


def is_tall(matrix: torch.Tensor) -> bool:
    """Whether the basis stands on the right. Coordinates answer as the matrix does that they are of."""
    return matrix.shape[0] >= matrix.shape[1]
