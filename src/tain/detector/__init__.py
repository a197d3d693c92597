"""The Detector: a Classifier with its normaliser, windows, calibration and operating points.

Nothing here imports torch before it is needed: one text is read with numpy alone where the network allows it.
"""

from tain.detector.detector import Detector
from tain.detector.verdict import Verdict

__all__ = ["Detector", "Verdict"]
