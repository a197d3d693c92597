// The scale: the detector's lines at even distances, so that every label has room, and the text between them.

import { make } from "./dom.js";
import { logit, odds } from "./wording.js";

/** A picture of where a text and its stretches stand. The sentences beside it say the same. */
export function scaleOf(verdict, points) {
  const lines = [...new Map([...points, verdict].map((p) => [p.threshold, p])).values()].sort((a, b) => a.threshold - b.threshold);
  const thresholds = lines.map((line) => line.threshold);
  const at = (score) => `${(100 * place(score, thresholds)).toFixed(2)}%`;
  const marks = lines.map((line) =>
    make(
      "span",
      { class: line.threshold === verdict.threshold ? "line chosen" : "line", "--at": at(line.threshold) },
      make("span", {}, odds(line.target_fpr)),
    ),
  );
  const stretches = verdict.n_windows > 1 ? verdict.windows : [];
  return make(
    "figure",
    { class: "scale" },
    make(
      "div",
      { class: "axis", role: "img", "aria-label": `Score ${logit(verdict.score)}; the line is at ${logit(verdict.threshold)}.` },
      make("span", { class: "flagged", "--at": at(verdict.threshold) }),
      marks,
      stretches.map((each) => make("span", { class: "tick", "--at": at(each.score) })),
      make("span", { class: "text", "--at": at(verdict.score) }, make("span", {}, "this text")),
    ),
    make(
      "figcaption",
      { class: "hint" },
      "Each line: how many human texts score to the right of it.",
      stretches.length ? " Small ticks are the stretches." : "",
    ),
  );
}

/** From a score to a share of the width: straight between two lines, bending towards the ends outside them. */
function place(score, thresholds) {
  const band = 1 / (thresholds.length + 1);
  const last = thresholds.length - 1;
  const span = last > 0 ? (thresholds[last] - thresholds[0]) / last : 5;
  if (score <= thresholds[0]) return band * (1 - bend((thresholds[0] - score) / span));
  if (score >= thresholds[last]) return 1 - band * (1 - bend((score - thresholds[last]) / span));
  const i = thresholds.findIndex((threshold) => score < threshold);
  const share = (score - thresholds[i - 1]) / (thresholds[i] - thresholds[i - 1]);
  return band * (i + share);
}

const bend = (distance) => 0.92 * (distance / (distance + 1));
