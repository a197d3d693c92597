// The answer for one text.

import { make, replace } from "./dom.js";
import { copyJson, downloadReport } from "./keep.js";
import { scaleOf } from "./scale.js";
import { stretchesOf } from "./stretches.js";
import { headline, logit, meaning, number, odds, percent, probability, standing } from "./wording.js";

/** Show an answer. `checked` holds the text, the server's answer and the detector's card. */
export function showResult(section, checked) {
  const { text, answer, card } = checked;
  const [verdict] = answer.verdicts;
  const hasScore = verdict.score !== null;
  replace(
    section,
    make(
      "div",
      { class: `verdict card ${verdict.label}` },
      make("h2", {}, headline(verdict)),
      make("p", { class: "standing" }, standing(verdict)),
      hasScore ? scaleOf(verdict, card.operating_points) : "",
      unlike(verdict),
      make("p", {}, meaning(verdict)),
      hasScore ? make("p", {}, probability(verdict)) : "",
    ),
    actions(section, checked),
    hasScore ? make("h2", {}, "Where in the text") : make("h2", {}, "The text"),
    hasScore ? stretchesOf(text, verdict, card.operating_points) : make("div", { class: "read", dir: "auto" }, text),
    make("h2", {}, "What stands behind this"),
    facts(answer, verdict),
    make("p", { class: "caveat" }, answer.caveat),
  );
  section.hidden = false;
}

function unlike(verdict) {
  if (!verdict.warnings.length) return "";
  return make(
    "div",
    { class: "notice", role: "note" },
    make("p", {}, make("strong", {}, "This text is unlike those the detector was set with.")),
    verdict.warnings.map((warning) => make("p", {}, warning)),
  );
}

function actions(section, checked) {
  const said = make("span", { class: "hint", role: "status" });
  const button = (name, act) => make("button", { type: "button", class: "quiet", onclick: act }, name);
  return make(
    "div",
    { class: "row actions" },
    button("Copy as JSON", () => copyJson(checked.answer).then((told) => replace(said, told))),
    button("Print", () => window.print()),
    button("Download", () => downloadReport(section, checked.answer)),
    said,
  );
}

function facts(answer, verdict) {
  const known = [
    ["Score", verdict.score === null ? "none" : `${logit(verdict.score)} (a logit; higher means more like AI)`],
    ["Line", `${logit(verdict.threshold)}, set to flag ${odds(verdict.target_fpr)} human texts`],
    ["Probability of AI", verdict.probability === null ? "none" : `${percent(verdict.probability)}, if ${percent(verdict.prior)} of such texts are AI`],
    ["Share above the line", verdict.fraction_ai === null ? "none" : `${percent(verdict.fraction_ai)} of the characters`],
    ["Length", `${number(verdict.n_words)} words, ${number(verdict.n_windows)} stretches`],
    ["Detector", `${answer.model}, version ${answer.version}`],
    ["Its hash", answer.model_sha],
    ["Checked", new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC"],
  ];
  return make("dl", { class: "facts" }, known.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}
