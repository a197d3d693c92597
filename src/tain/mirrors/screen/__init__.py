"""What a mirror may not be: refused, cut off, copied, talkative, in another language, of another length."""

from tain.mirrors.screen.rejection import MEANINGS, Copying, Reason, Rejection, Rules, reasons
from tain.mirrors.screen.run import screen, screen_topic
from tain.mirrors.screen.seen import SeenMirrors
from tain.mirrors.screen.trim import Trimmed, trim

__all__ = [
    "MEANINGS",
    "Copying",
    "Reason",
    "Rejection",
    "Rules",
    "SeenMirrors",
    "Trimmed",
    "reasons",
    "screen",
    "screen_topic",
    "trim",
]
