// One job: how far it is, what came of it so far, and what can be done with it.

import { make } from "./dom.js";
import { number, odds } from "./wording.js";

const STATES = { queued: "waits", running: "is being read", done: "done", failed: "failed", cancelled: "stopped" };
const KINDS = ["csv", "jsonl", "parquet"];

/** A card for a job. `actions` are what its buttons do. */
export function jobCard(job, actions) {
  const isOpen = job.state === "queued" || job.state === "running";
  const button = (name, act) => make("button", { type: "button", class: "quiet", "aria-label": `${name}: ${job.name}`, onclick: act }, name);
  return make(
    "article",
    { class: "card job" },
    make("h3", {}, job.name),
    make("p", { class: "hint" }, `${STATES[job.state]} · ${when(job.created)} · ${job.model} · flags ${odds(job.target_fpr)} human texts`),
    make("progress", { "aria-label": `Progress of ${job.name}`, max: job.n_rows ?? 1, value: job.n_rows === null ? (isOpen ? null : 0) : job.n_done }),
    make("p", {}, standing(job)),
    job.reason ? make("p", { class: "problem" }, job.reason) : "",
    make(
      "div",
      { class: "row" },
      job.n_done ? button("Show results", () => actions.show(job)) : "",
      job.n_done ? KINDS.map((kind) => button(`Save as ${kind}`, () => actions.save(job, kind))) : "",
      isOpen ? button("Stop", () => actions.cancel(job)) : button("Delete", () => actions.remove(job)),
    ),
  );
}

function standing(job) {
  const { counts } = job;
  const read = job.n_rows === null ? `${number(job.n_done)} rows` : `${number(job.n_done)} of ${number(job.n_rows)} rows`;
  const parts = [`${number(counts.ai)} flagged`, `${number(counts.human)} not flagged`];
  if (counts.too_short) parts.push(`${number(counts.too_short)} with not enough text`);
  if (counts.failed) parts.push(`${number(counts.failed)} that cannot be read`);
  return `${read}: ${parts.join(", ")}.`;
}

function when(time) {
  return new Date(time).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}
