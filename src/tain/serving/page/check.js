// The page that checks a text: from what is pasted, dropped or opened to its result.

import { byId, replace } from "./dom.js";
import { UPLOAD, checkFile, isPlain, readPlain } from "./files.js";
import { saveFrom } from "./keep.js";
import { askForKey, keyIsGood } from "./key.js";
import { showResult } from "./result.js";
import { addresses, getJson, hasKey, postJson } from "./server.js";
import { chosen, chosenCard, offer } from "./settings.js";
import { countWords, headline, number, standing, words } from "./wording.js";

let canUpload = false;
let reading = null; // stops the request that is under way
let source = null; // what was checked last: a text or a file

async function start() {
  say("problem", "");
  let models;
  try {
    models = (await getJson("/v1/models")).data;
  } catch (error) {
    byId("check").disabled = true;
    if (error.status === 401) return askForKey(error, start);
    return say("problem", error.message);
  }
  keyIsGood();
  offer(models, () => {
    follow();
    if (source) check(source);
  });
  const card = chosenCard();
  byId("check").disabled = byId("points").hidden = !card;
  if (!card) return say("problem", "This server has no detector, so it checks no texts.");
  follow();
  const known = await addresses();
  canUpload = known.includes(UPLOAD);
  byId("jobs-link").hidden = !known.includes("/v1/jobs");
  if (canUpload) byId("file").removeAttribute("accept");
}

async function check(what, { isNew = false } = {}) {
  if (!chosenCard()) return;
  reading?.abort();
  const own = (reading = new AbortController());
  source = what;
  say("problem", "");
  busy(what.file ? `Reading ${what.file.name}…` : `Reading ${words(countWords(what.text))}…`);
  try {
    const answer = what.file
      ? await checkFile(what.file, chosen(), own.signal)
      : await postJson("/v1/check", { text: what.text, ...chosen() }, own.signal);
    showResult(byId("result"), { text: what.text ?? answer.text, answer, card: chosenCard() });
    const [verdict] = answer.verdicts;
    busy(null);
    say("status", `${headline(verdict)}. ${standing(verdict)}`);
    if (isNew) byId("result").scrollIntoView({ block: "start" });
  } catch (error) {
    if (error.name !== "AbortError") fail(error);
  } finally {
    if (reading === own) busy(null);
  }
}

function fail(error) {
  byId("result").hidden = true;
  source = null;
  if (error.status === 401) askForKey(error, start);
  say("problem", error.message);
}

function busy(what) {
  byId("working").hidden = byId("stop").hidden = what === null;
  byId("result").setAttribute("aria-busy", String(what !== null));
  say("working-text", what ?? "");
  if (what) say("status", what);
  else reading = null;
}

function say(id, words) {
  replace(byId(id), words);
}

// What depends on the detector that is chosen.
function follow() {
  byId("report-link").hidden = !chosenCard().has_report;
  count();
}

function count() {
  const n = countWords(byId("text").value);
  const least = chosenCard()?.min_words ?? 0;
  say("count", n >= least ? words(n) : `${n ? words(n) : "No words yet"}; ${number(least)} or more are needed.`);
}

function checkTyped() {
  const text = byId("text").value.toWellFormed();
  if (!text.trim()) {
    say("problem", "There is no text yet. Paste one, or open a file.");
    return byId("text").focus();
  }
  return check({ text }, { isNew: true });
}

async function take(files) {
  say("problem", "");
  if (files.length > 1) return say("problem", "One file at a time, please.");
  const [file] = files;
  if (!isPlain(file)) {
    if (canUpload) return check({ file }, { isNew: true });
    return say("problem", `${file.name}: this server reads .txt and .md here. Copy the text of the file and paste it.`);
  }
  try {
    byId("text").value = await readPlain(file);
  } catch (error) {
    return say("problem", error.message);
  }
  count();
  return checkTyped();
}

function clear() {
  reading?.abort();
  source = null;
  byId("text").value = "";
  byId("result").hidden = true;
  say("problem", "");
  say("status", "");
  count();
  byId("text").focus();
}

function listen() {
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    checkTyped();
  });
  byId("text").addEventListener("input", count);
  byId("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) checkTyped();
  });
  byId("file").addEventListener("change", (event) => {
    if (event.target.files.length) take([...event.target.files]);
    event.target.value = "";
  });
  byId("clear").addEventListener("click", clear);
  byId("stop").addEventListener("click", () => reading?.abort());
  byId("report-link").addEventListener("click", openReport);
  listenForDrops();
  addEventListener("beforeprint", () => document.querySelectorAll("#result details").forEach((each) => (each.open = true)));
}

function listenForDrops() {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (isOver) => document.body.classList.toggle("over", isOver);
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false));
  addEventListener("drop", (event) => {
    mark(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}

// A browser sends no key along when it follows a link, so with a key the Report is fetched and saved.
async function openReport(event) {
  const path = `/report?model=${encodeURIComponent(chosenCard().id)}`;
  event.preventDefault();
  if (!hasKey()) return location.assign(path);
  try {
    await saveFrom(path, `${chosenCard().id}-report.html`);
  } catch (error) {
    say("problem", error.message);
  }
}

listen();
start();
