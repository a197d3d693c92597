// Numbers as sentences. They say where a text stands, and accuse nobody.

const ONE = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const TWO = new Intl.NumberFormat("en", { maximumFractionDigits: 2, minimumFractionDigits: 2 });

export const number = (value) => ONE.format(value);
export const logit = (value) => TWO.format(value).replace("-", "−");
export const words = (n) => `${number(n)} ${n === 1 ? "word" : "words"}`;
export const percent = (share) => `${new Intl.NumberFormat("en", { maximumSignificantDigits: 2 }).format(100 * share)}%`;

/** A rate as people count: 1 in 20, 3 in 100. */
export function odds(share) {
  const one = 1 / share;
  if (Math.abs(one - Math.round(one)) < 1e-6 * one) return `1 in ${number(Math.round(one))}`;
  const base = 10 ** Math.max(2, Math.ceil(-Math.log10(share)) + 1);
  return `${number(share * base)} in ${number(base)}`;
}

export function countWords(text) {
  return text.match(/\S+/gu)?.length ?? 0;
}

/** What a setting means for the people whose texts are checked. */
export function pointMeaning(point) {
  const of = 1000;
  return (
    `Of ${number(of)} human texts like those the detector was set with, about ${number(of * point.target_fpr)} ` +
    `${Math.round(of * point.target_fpr) === 1 ? "is" : "are"} flagged wrongly. ` +
    `Set with ${number(point.n_human)} such texts; at most ${percent(point.fpr_upper)}, with 95% confidence.`
  );
}

export function headline(verdict) {
  if (verdict.label === "too_short") return "Not enough text";
  return verdict.label === "ai" ? "Above the line: flagged" : "Below the line: not flagged";
}

/** Where the text stands among human ones. */
export function standing(verdict) {
  if (verdict.label === "too_short") return `${verdict.probability_reason.replace(/^Not enough text: /, "")} A score for less would say nothing.`;
  const { n_calibration: n, n_higher: higher } = verdict.evidence;
  return (
    `This text scores higher than ${number(n - higher)} of ${number(n)} human texts that the detector was set with. ` +
    `At this setting about ${odds(verdict.target_fpr)} such human texts is flagged.`
  );
}

/** What follows from it, and what does not. */
export function meaning(verdict) {
  if (verdict.label === "too_short") return "Paste more of the same text.";
  return verdict.label === "ai"
    ? "It resembles what language models write. That does not say who wrote it: people write such texts too. Look at the stretches below, and at what else you know."
    : "That does not show that a person wrote it: an edited or unusual AI text can score low as well.";
}

export function probability(verdict) {
  if (verdict.probability === null) return verdict.probability_reason;
  const shown = 100 * verdict.probability;
  const of100 = shown < 1 ? "fewer than 1" : shown > 99 ? "more than 99" : `about ${Math.round(shown)}`;
  return (
    `If ${number(100 * verdict.prior)} in 100 of the texts you check are AI, ` +
    `then of 100 texts with this score ${of100} are.`
  );
}

/** How far up a score reaches among the lines of a detector. */
export function level(score, threshold, points) {
  if (score > threshold) return score > Math.max(...points.map((p) => p.threshold)) && points.length > 1 ? "far" : "above";
  return points.some((point) => score > point.threshold) ? "near" : "below";
}

export const LEVELS = {
  below: { sign: "", name: "below every line" },
  near: { sign: "△", name: "above a looser line, below this one" },
  above: { sign: "▲", name: "above the line" },
  far: { sign: "▲▲", name: "above the strictest line too" },
};
