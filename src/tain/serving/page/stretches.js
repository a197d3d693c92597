// The text as it was read: its stretches shaded, marked without colour too, each with its numbers on hover, focus or tap.

import { make, replace } from "./dom.js";
import { LEVELS, countWords, level, logit, number, words } from "./wording.js";

/** The text with its stretches, what the marks mean, and a place for the numbers of one stretch. */
export function stretchesOf(text, verdict, points) {
  const found = cut(text, verdict.windows);
  const stretches = found.filter((piece) => piece.window).map((piece) => describe(piece, verdict, points));
  stretches.forEach((each, i) => Object.assign(each, { index: i, n: stretches.length }));
  const detail = make("div", { class: "detail" }, make("p", {}, opening(stretches.length)));
  const marks = stretches.map((each) => mark(each, (chosen) => show(chosen, marks, detail)));
  const byPiece = new Map(stretches.map((each, i) => [each.piece, marks[i]]));
  const body = make("div", { class: "read", dir: "auto", role: "group", "aria-label": "The text, stretch by stretch" });
  body.append(...found.map((piece) => byPiece.get(piece) ?? piece.text));
  body.addEventListener("keydown", (event) => walk(event, marks));
  marks[0]?.querySelector("button").setAttribute("tabindex", "0");
  return [legend(stretches), make("div", { class: "reading" }, body, detail), table(stretches)];
}

// The server counts characters as Unicode does, JavaScript in halves of them.
function cut(text, windows) {
  const characters = Array.from(text);
  const pieces = [];
  let done = 0;
  for (const window of windows) {
    if (window.start_index > done) pieces.push({ text: characters.slice(done, window.start_index).join("") });
    const start = Math.max(done, window.start_index);
    pieces.push({ text: characters.slice(start, window.end_index).join(""), window });
    done = window.end_index;
  }
  if (done < characters.length) pieces.push({ text: characters.slice(done).join("") });
  return pieces;
}

function describe(piece, verdict, points) {
  const { score } = piece.window;
  return { piece, text: piece.text, score, threshold: verdict.threshold, level: level(score, verdict.threshold, points) };
}

function opening(n) {
  return n === 1
    ? "The text was read in one stretch."
    : "Point at a stretch, tap it, or walk through them with the arrow keys, to see its numbers.";
}

function told(each) {
  return (
    `Stretch ${each.index + 1} of ${each.n}, ${words(countWords(each.text))}: ${LEVELS[each.level].name}. ` +
    `Score ${logit(each.score)}; the line is at ${logit(each.threshold)}.`
  );
}

function mark(each, choose) {
  const sign = LEVELS[each.level].sign;
  const badge = make(
    "button",
    { type: "button", class: "badge", tabindex: "-1", "aria-label": told(each) },
    `${each.index + 1}${sign && ` ${sign}`}`,
  );
  const stretch = make("span", { class: `stretch ${each.level}` }, badge, each.text);
  for (const event of ["pointerenter", "click", "focusin"]) stretch.addEventListener(event, () => choose(each));
  return stretch;
}

function show(each, marks, detail) {
  marks.forEach((mark, i) => mark.classList.toggle("chosen", i === each.index));
  const { sign, name } = LEVELS[each.level];
  replace(
    detail,
    make("p", {}, make("strong", {}, `Stretch ${each.index + 1} of ${each.n}`), `, ${words(countWords(each.text))}`),
    make("p", { class: each.level }, sign && `${sign} `, name),
    make("p", {}, `Score ${logit(each.score)}, line ${logit(each.threshold)}`),
  );
}

// One stop for Tab, as a long text may have hundreds of stretches; arrows go on from there.
function walk(event, marks) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const badges = marks.map((each) => each.querySelector("button"));
  const at = badges.indexOf(document.activeElement);
  const to = { Home: 0, End: badges.length - 1 }[event.key] ?? (step && at + step);
  if (at < 0 || to === undefined || !badges[to]) return;
  event.preventDefault();
  badges[at].setAttribute("tabindex", "-1");
  badges[to].setAttribute("tabindex", "0");
  badges[to].focus();
}

function legend(stretches) {
  const used = Object.keys(LEVELS).filter((name) => stretches.some((each) => each.level === name));
  const items = used.map((name) =>
    make("li", {}, make("span", { class: `stretch ${name} sample` }, LEVELS[name].sign || "\u2003"), ` ${LEVELS[name].name}`),
  );
  return make(
    "div",
    { class: "legend" },
    make("ul", { "aria-label": "What the marks mean" }, items),
    make("p", { class: "hint" }, "The lines are set for whole texts; a stretch alone crosses them more often. It shows where to look."),
  );
}

function table(stretches) {
  const rows = stretches.map((each) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, number(each.index + 1)),
      make("td", {}, LEVELS[each.level].name),
      make("td", { class: "num" }, logit(each.score)),
      make("td", { class: "num" }, number(countWords(each.text))),
      make("td", { class: "begins", dir: "auto" }, beginning(each.text)),
    ),
  );
  const names = [["Stretch"], ["Where"], ["Score", "num"], ["Words", "num"], ["Begins"]];
  const head = names.map(([name, kind]) => make("th", { scope: "col", class: kind }, name));
  return make(
    "details",
    { class: "table" },
    make("summary", {}, "The stretches as a table"),
    make(
      "div",
      { class: "wide", role: "region", "aria-label": "Stretches", tabindex: "0" },
      make("table", {}, make("thead", {}, make("tr", {}, head)), make("tbody", {}, rows)),
    ),
  );
}

function beginning(text) {
  const flat = text.trim().replace(/\s+/gu, " ");
  const characters = Array.from(flat);
  return characters.length > 60 ? `${characters.slice(0, 60).join("")}…` : flat;
}
