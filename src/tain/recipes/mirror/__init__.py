"""Making AI texts that match human ones."""

from tain.recipes.mirror.configuration import MirrorConfig, mirror_config
from tain.recipes.mirror.estimate import MirrorEstimate
from tain.recipes.mirror.run import MirrorFiles, MirrorResult, estimate_mirrors, mirror, write_mirrors

__all__ = [
    "MirrorConfig",
    "MirrorEstimate",
    "MirrorFiles",
    "MirrorResult",
    "estimate_mirrors",
    "mirror",
    "mirror_config",
    "write_mirrors",
]
