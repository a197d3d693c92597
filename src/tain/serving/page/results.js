// The results of a job as a table that sorts and filters.

import { make, replace } from "./dom.js";
import { getJson } from "./server.js";
import { logit, number, percent } from "./wording.js";

const PAGE = 1000;
const MOST = 20_000; // rows held here; a file has them all
const SHOWN = 200;
const KINDS = { ai: "flagged", human: "not flagged", too_short: "not enough text", failed: "cannot be read" };
const COLUMNS = [
  { name: "Line", of: (row) => row.row, shown: (row) => number(row.line), kind: "num" },
  { name: "Id", of: (row) => row.id ?? "", shown: (row) => row.id ?? "–" },
  { name: "Result", of: (row) => kindOf(row), shown: (row) => row.error ?? KINDS[kindOf(row)] },
  { name: "Score", of: (row) => row.score, shown: (row) => logit(row.score), kind: "num" },
  { name: "Probability", of: (row) => row.probability, shown: (row) => percent(row.probability), kind: "num" },
  { name: "Words", of: (row) => row.n_words, shown: (row) => number(row.n_words), kind: "num" },
];

/** Fetch the results of a job, as far as there are any, and show them. */
export async function showResults(section, job) {
  const rows = await fetchRows(job);
  const view = { rows, column: 0, isDown: false, kind: "", words: "", most: SHOWN };
  const body = make("div", {});
  const draw = () => replace(body, ...table(view, draw));
  section.dataset.job = job.id;
  replace(
    section,
    make("h2", { id: "results-title" }, `Results of ${job.name}`),
    rows.length < job.n_done ? make("p", { class: "notice" }, `The first ${number(rows.length)} rows are here. A file has them all.`) : "",
    controls(view, draw),
    body,
  );
  draw();
  section.hidden = false;
  section.focus();
}

export function closeResults(section, job) {
  if (section.dataset.job === job.id) section.hidden = true;
}

async function fetchRows(job) {
  const rows = [];
  let after = -1;
  while (rows.length < MOST) {
    const page = await getJson(`/v1/jobs/${job.id}/results?limit=${PAGE}&after=${after}`);
    rows.push(...page.data);
    // While the job goes on, next leads to rows that are still to come.
    if (!page.data.length || page.next === null) break;
    after = page.next;
  }
  return rows;
}

const kindOf = (row) => (row.error === null ? row.label : "failed");

function controls(view, draw) {
  const kinds = Object.entries(KINDS).map(([value, name]) => make("option", { value }, name));
  const change = (name) => (event) => {
    Object.assign(view, { [name]: event.target.value, most: SHOWN });
    draw();
  };
  return make(
    "div",
    { class: "row filters" },
    make("label", {}, "Show", make("select", { onchange: change("kind") }, make("option", { value: "" }, "all rows"), kinds)),
    make("label", {}, "Id holds", make("input", { type: "search", autocomplete: "off", oninput: change("words") })),
  );
}

function table(view, draw) {
  const found = sorted(view).filter((row) => (!view.kind || kindOf(row) === view.kind) && (row.id ?? "").includes(view.words));
  const rows = found.slice(0, view.most).map((row) =>
    make("tr", {}, COLUMNS.map((column) => make("td", { class: column.kind }, column.of(row) === null ? "–" : column.shown(row)))),
  );
  const left = found.length - rows.length;
  const more = () => {
    view.most += SHOWN;
    draw();
  };
  return [
    make("p", { class: "hint found", role: "status" }, `${number(found.length)} of ${number(view.rows.length)} rows.`),
    make(
      "div",
      { class: "wide", role: "region", "aria-label": "Results", tabindex: "0" },
      make("table", {}, make("thead", {}, make("tr", {}, COLUMNS.map((_, i) => heading(view, i, draw)))), make("tbody", {}, rows)),
    ),
    left ? make("button", { type: "button", class: "quiet more", onclick: more }, `Show more of the other ${number(left)}`) : "",
  ];
}

function sorted(view) {
  const { of } = COLUMNS[view.column];
  const sign = view.isDown ? -1 : 1;
  // Rows without a number stay at the end whichever way.
  return [...view.rows].sort((a, b) => {
    const [x, y] = [of(a), of(b)];
    if (x === null || y === null) return (x === null) - (y === null) || a.row - b.row;
    return sign * (x < y ? -1 : x > y ? 1 : 0) || a.row - b.row;
  });
}

function heading(view, i, draw) {
  const isOwn = view.column === i;
  const sort = () => {
    Object.assign(view, { column: i, isDown: isOwn ? !view.isDown : COLUMNS[i].kind === "num" && i > 0 });
    draw();
    document.querySelectorAll("#results th button")[i].focus();
  };
  const sign = isOwn ? (view.isDown ? " ▾" : " ▴") : "";
  return make(
    "th",
    { scope: "col", class: COLUMNS[i].kind, "aria-sort": isOwn ? (view.isDown ? "descending" : "ascending") : null },
    make("button", { type: "button", class: "sort", onclick: sort }, COLUMNS[i].name, make("span", { "aria-hidden": "true" }, sign)),
  );
}
