// The page for many texts: a file goes in, its job shows how far it is, and its results come as a table.

import { byId, replace } from "./dom.js";
import { jobCard } from "./job_card.js";
import { saveFrom } from "./keep.js";
import { askForKey, keyIsGood } from "./key.js";
import { closeResults, showResults } from "./results.js";
import { addresses, ask, getJson } from "./server.js";
import { chosen, chosenCard, offer } from "./settings.js";

const JOBS = "/v1/jobs";
const OPEN = new Set(["queued", "running"]);
const POLL_MS = 2000;
const states = new Map(); // what was said of each job, so that each change is said once
let timer = null;

async function start() {
  say("problem", "");
  try {
    const models = (await getJson("/v1/models")).data;
    offer(models.filter((each) => each.can_take_jobs), () => {});
    if (!(await addresses()).includes(JOBS)) return say("problem", "This server takes no files of texts.");
  } catch (error) {
    return fail(error);
  }
  keyIsGood();
  if (!chosenCard()) return say("problem", "This server has no detector, so it scores no texts.");
  byId("form").hidden = byId("jobs").hidden = false;
  return refresh();
}

async function refresh() {
  clearTimeout(timer);
  let jobs;
  try {
    jobs = (await getJson(`${JOBS}?limit=50`)).data;
  } catch (error) {
    return fail(error);
  }
  list(jobs);
  jobs.forEach(tell);
  if (jobs.some((job) => OPEN.has(job.state))) timer = setTimeout(refresh, POLL_MS);
}

// Whoever stands on a button stays on it while the list is drawn again.
function list(jobs) {
  const focused = byId("list").contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  replace(byId("list"), jobs.length ? jobs.map((job) => jobCard(job, actions)) : "None yet.");
  const buttons = [...byId("list").querySelectorAll("button")];
  buttons.find((button) => focused !== null && button.getAttribute("aria-label") === focused)?.focus();
}

function tell(job) {
  const before = states.get(job.id);
  if (before && before !== job.state) say("status", `${job.name}: ${job.state}.`);
  states.set(job.id, job.state);
}

async function handIn(event) {
  event.preventDefault();
  const [file] = byId("upload").files;
  if (!file) return say("problem", "There is no file yet. Choose one.");
  const form = new FormData();
  form.append("file", file);
  for (const [name, value] of Object.entries(chosen())) if (value !== null) form.append(name, value);
  if (byId("column").value.trim()) form.append("text_column", byId("column").value.trim());
  say("problem", "");
  byId("hand-in").disabled = true;
  say("status", `Sending ${file.name}…`);
  try {
    await ask(JOBS, { method: "POST", body: form, headers: { "Idempotency-Key": once() } });
    byId("upload").value = "";
    say("status", `${file.name} is handed in.`);
    await refresh();
  } catch (error) {
    fail(error);
  } finally {
    byId("hand-in").disabled = false;
  }
}

const actions = {
  show: (job) => guarded(() => showResults(byId("results"), job)),
  save: (job, kind) => guarded(() => saveFrom(`${JOBS}/${job.id}/results.${kind}`, `results-${job.id}.${kind}`)),
  cancel: (job) => guarded(() => change(job, "/cancel", "POST")),
  remove: (job) => guarded(() => change(job, "", "DELETE")),
};

async function change(job, ending, method) {
  await ask(`${JOBS}/${job.id}${ending}`, { method });
  if (method === "DELETE") closeResults(byId("results"), job);
  say("status", `${job.name}: ${method === "DELETE" ? "deleted" : "stopped"}.`);
  await refresh();
}

async function guarded(act) {
  say("problem", "");
  try {
    await act();
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  if (error.status === 401) return askForKey(error, start);
  return say("problem", error.message);
}

function say(id, words) {
  replace(byId(id), words);
}

// The same request sent twice by a lost connection makes one job.
function once() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

byId("form").addEventListener("submit", handIn);
start();
