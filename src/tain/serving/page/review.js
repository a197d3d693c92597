// The review of doubted labels: one text at a time, by mouse, touch or keys. The server has saved what is shown as decided.

import { byId, make, replace } from "./dom.js";
import { getJson, postJson, Refused } from "./server.js";

const DROP = "drop";
const EVIDENCE = { suspicion: "Suspicion", influence: "Influence", out_of_fold: "Out-of-fold loss", neighbours: "Others among its nearest", score: "Score" };
const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const number = (value) => three.format(value).replace("-", "−");

let review = null;
let place = 0;
let shown = 0; // a text that comes late, after another was asked for, is not shown
let isBusy = false;

const decisionName = (decision, label) => (decision === DROP ? "Dropped" : decision === label ? `Kept: ${decision}` : `Now ${decision}`);

async function start() {
  try {
    review = await getJson("/v1/review");
  } catch (error) {
    return tell(error);
  }
  byId("about").textContent = `${review.name}, decided by ${review.by}`;
  byId("decide").hidden = byId("item").hidden = false;
  for (const [id, act] of Object.entries({ previous: () => go(place - 1), next: () => go(place + 1), open: goOpen, undo })) {
    byId(id).addEventListener("click", act);
  }
  document.addEventListener("keydown", onKey);
  await go(Math.max(0, firstOpen(0)));
}

function firstOpen(from) {
  const n = review.items.length;
  for (let step = 0; step < n; step += 1) {
    if (review.items[(from + step) % n].decision === null) return (from + step) % n;
  }
  return -1;
}

async function goOpen() {
  const open = firstOpen(place + 1);
  if (open < 0) return say("Every text is decided.");
  await go(open);
}

async function go(to) {
  if (to < 0 || to >= review.items.length) return say(to < 0 ? "This is the first text." : "This is the last text.");
  const asked = (shown += 1);
  try {
    const item = await getJson(`/v1/review/${to}`);
    if (asked !== shown) return;
    place = to;
    show(item);
  } catch (error) {
    tell(error);
  }
}

function show(item) {
  byId("problem").textContent = "";
  byId("title").textContent = item.label === null ? "This text has no label" : `Labelled ${item.label}`;
  showFacts(item);
  replace(byId("reasons"), item.reasons.length ? make("ul", { "aria-label": "Why it is here" }, item.reasons.map((reason) => make("li", {}, reason))) : null);
  byId("text").textContent = item.text;
  byId("text").scrollTop = 0;
  byId("like").hidden = !item.neighbours.length;
  replace(byId("like").querySelector("ul"), item.neighbours.map(like));
  showChoices(item.label);
  showDecision();
  byId("title").focus({ preventScroll: true });
  window.scrollTo(0, 0);
  say(`Text ${place + 1} of ${review.items.length}. ${byId("title").textContent}. ${item.reasons.join(". ")}`);
}

function showFacts(item) {
  const facts = [["Id", item.id], ["Source", item.source], ...Object.entries(item.evidence).map(([name, value]) => [EVIDENCE[name] ?? name, number(value)])];
  replace(byId("facts"), facts.filter(([, value]) => value).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

function like(each) {
  const harm = each.influence === null ? "" : `, influence ${number(each.influence)}`;
  const about = make("p", {}, make("strong", {}, each.label), ` – likeness ${number(each.likeness)}${harm}`);
  return make("li", {}, about, make("div", { class: "begins", dir: "auto", tabindex: "0", role: "region", "aria-label": `A text labelled ${each.label}` }, each.text));
}

function showChoices(label) {
  const button = (decision, word, key, kind) =>
    make("button", { type: "button", class: kind, "data-decision": decision, onclick: () => decide(decision) }, word, make("kbd", {}, key));
  const others = review.labels.filter((name) => name !== label);
  replace(
    byId("choices"),
    label === null ? null : button(label, `Keep ${label}`, "a", ""),
    others.map((name) => button(name, label === null ? `It is ${name}` : `Relabel ${name}`, keyOf(name), "quiet")),
    button(DROP, "Drop", "d", "dropping"),
  );
}

const keyOf = (name) => String(review.labels.indexOf(name) + 1);

function showDecision() {
  const { decision, label } = review.items[place];
  const state = byId("state");
  state.textContent = decision === null ? "Open" : decisionName(decision, label);
  state.className = `state ${decision === null ? "" : decision === DROP ? "drop" : "decided"}`;
  for (const each of byId("choices").children) {
    const isChosen = each.dataset.decision === decision;
    each.classList.toggle("chosen", isChosen);
    each.setAttribute("aria-pressed", String(isChosen));
  }
  byId("count").textContent = `${place + 1} of ${review.items.length} – ${review.n_decided} decided`;
  Object.assign(byId("progress"), { max: review.items.length, value: Math.min(review.n_decided, review.items.length) });
}

async function decide(decision) {
  const said = await send(`/v1/review/${place}`, { decision });
  if (said === null) return;
  take(said);
  const open = firstOpen(place + 1);
  if (open < 0) {
    showDecision();
    say("Every text is decided.");
  } else {
    await go(open);
  }
}

async function undo() {
  const said = await send("/v1/review/undo", {});
  if (said === null) return;
  if (said.place === null) return say("There is nothing to take back.");
  take(said);
  await go(said.place);
}

function take(said) {
  review.items[said.place].decision = said.decision;
  review.n_decided = said.n_decided;
}

/** What the server says once it has saved; null if it has not. A second press while it saves does nothing. */
async function send(path, body) {
  if (isBusy) return null;
  isBusy = true;
  try {
    return await postJson(path, body);
  } catch (error) {
    tell(error);
    return null;
  } finally {
    isBusy = false;
  }
}

function onKey(event) {
  const isElsewhere = event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest("input, select, textarea");
  if (isElsewhere || !byId("keys").checked) return;
  const { label } = review.items[place];
  const key = event.key.toLowerCase();
  const acts = { k: () => go(place - 1), j: () => go(place + 1), n: goOpen, u: undo, d: () => decide(DROP) };
  if (label !== null) acts.a = () => decide(label);
  const chosen = review.labels[Number(key) - 1];
  const act = acts[key] ?? (/^[1-9]$/.test(key) && chosen ? () => decide(chosen) : null);
  if (act === null) return;
  event.preventDefault();
  act();
}

function say(words) {
  byId("status").textContent = words;
}

function tell(error) {
  if (!(error instanceof Refused)) throw error;
  byId("problem").textContent = `${error.message} Nothing of this was saved.`;
}

start();
