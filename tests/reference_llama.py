"""llama2.c in numpy: reads its files, encodes, and decodes greedily. Shares nothing with transformers or our script."""

import struct
from pathlib import Path

import numpy as np

SHAPES = {
    "attention_norm": lambda c: (c["dim"],),
    "query": lambda c: (c["dim"], c["dim"]),
    "key": lambda c: (c["kv_dim"], c["dim"]),
    "value": lambda c: (c["kv_dim"], c["dim"]),
    "output": lambda c: (c["dim"], c["dim"]),
    "feed_norm": lambda c: (c["dim"],),
    "w1": lambda c: (c["hidden"], c["dim"]),
    "w2": lambda c: (c["dim"], c["hidden"]),
    "w3": lambda c: (c["hidden"], c["dim"]),
}


class ReferenceLlama:
    """One token at a time, keys and values kept, as run.c does it."""

    def __init__(self, folder: Path) -> None:
        raw = (folder / "stories260K.bin").read_bytes()
        names = ("dim", "hidden", "n_layers", "n_heads", "n_kv_heads", "n_tokens", "context")
        self.c = c = dict(zip(names, struct.unpack("<7i", raw[:28]), strict=True))
        c["head"] = c["dim"] // c["n_heads"]
        c["kv_dim"] = c["n_kv_heads"] * c["head"]
        numbers = np.frombuffer(raw[28:], dtype="<f4").astype(np.float64)
        self.embedding, numbers = self._cut(numbers, (c["n_tokens"], c["dim"]))
        self.layers = [{} for _ in range(c["n_layers"])]
        for name, shape in SHAPES.items():
            stacked, numbers = self._cut(numbers, (c["n_layers"], *shape(c)))
            for layer, matrix in zip(self.layers, stacked, strict=True):
                layer[name] = matrix
        self.final_norm, numbers = self._cut(numbers, (c["dim"],))
        # What is left are the sines and cosines that later versions no longer store.
        assert numbers.size == c["context"] * c["head"]
        self._read_tokens(folder / "tok512.bin")

    @staticmethod
    def _cut(numbers, shape):
        size = int(np.prod(shape))
        return numbers[:size].reshape(shape), numbers[size:]

    def _read_tokens(self, path: Path) -> None:
        raw, self.pieces, self.scores = path.read_bytes()[4:], [], []
        for _ in range(self.c["n_tokens"]):
            score, size = struct.unpack("<fi", raw[:8])
            self.pieces.append(raw[8 : 8 + size])
            self.scores.append(score)
            raw = raw[8 + size :]
        self.ids = {piece: index for index, piece in enumerate(self.pieces)}

    def encode(self, text: str) -> list[int]:
        ids = []
        for letter in f" {text}":
            piece = letter.encode()
            ids += [self.ids[piece]] if piece in self.ids else [byte + 3 for byte in piece]
        while True:
            best = (-1e10, None, None)
            for place in range(len(ids) - 1):
                joined = self.ids.get(self.pieces[ids[place]] + self.pieces[ids[place + 1]])
                if joined is not None and self.scores[joined] > best[0]:
                    best = (self.scores[joined], joined, place)
            if best[1] is None:
                return [1, *ids]
            ids[best[2] : best[2] + 2] = [best[1]]

    def decode(self, ids: list[int]) -> str:
        return b"".join(bytes([i - 3]) if 3 <= i < 259 else self.pieces[i] for i in ids).decode("utf-8", "replace")

    def greedy(self, prompt: str, *, n_new: int) -> list[int]:
        """The ids that follow a prompt, until a story ends."""
        keys = [[] for _ in self.layers]
        values = [[] for _ in self.layers]
        written, waiting, position = [], self.encode(prompt), 0
        while len(written) < n_new:
            logits = self._step(waiting.pop(0), position, keys, values)
            position += 1
            if not waiting:
                token = int(np.argmax(logits))
                if token in (1, 2):
                    break
                written.append(token)
                waiting.append(token)
        return written

    def _step(self, token, position, keys, values):
        c, x = self.c, self.embedding[token].copy()
        for layer, old_keys, old_values in zip(self.layers, keys, values, strict=True):
            normed = self._norm(x, layer["attention_norm"])
            query = self._rotate((layer["query"] @ normed).reshape(c["n_heads"], c["head"]), position)
            old_keys.append(self._rotate((layer["key"] @ normed).reshape(c["n_kv_heads"], c["head"]), position))
            old_values.append((layer["value"] @ normed).reshape(c["n_kv_heads"], c["head"]))
            heads = []
            for number in range(c["n_heads"]):
                shared = number // (c["n_heads"] // c["n_kv_heads"])
                weights = np.array([query[number] @ key[shared] for key in old_keys]) / np.sqrt(c["head"])
                weights = np.exp(weights - weights.max())
                heads.append(sum(w * v[shared] for w, v in zip(weights / weights.sum(), old_values, strict=True)))
            x = x + layer["output"] @ np.concatenate(heads)
            normed = self._norm(x, layer["feed_norm"])
            gate = layer["w1"] @ normed
            x = x + layer["w2"] @ (gate / (1 + np.exp(-gate)) * (layer["w3"] @ normed))
        return self.embedding @ self._norm(x, self.final_norm)

    @staticmethod
    def _norm(x, weight):
        return weight * x / np.sqrt(np.mean(x * x) + 1e-5)

    def _rotate(self, heads, position):
        turned = heads.copy()
        for pair in range(0, self.c["head"], 2):
            angle = position / 10000 ** (pair / self.c["head"])
            first, second = heads[:, pair], heads[:, pair + 1]
            turned[:, pair] = first * np.cos(angle) - second * np.sin(angle)
            turned[:, pair + 1] = first * np.sin(angle) + second * np.cos(angle)
        return turned
