// Taking a result away: as JSON, or as a page that needs nothing else.

import { make } from "./dom.js";
import { ask } from "./server.js";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** Put an answer on the clipboard; gives the words to say afterwards. */
export async function copyJson(answer) {
  const text = JSON.stringify(answer, null, 2);
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Browsers keep the clipboard from pages that came without TLS.
    if (!copyBySelection(text)) return "The browser does not let this page copy.";
  }
  return "Copied.";
}

/** Save a result as one file without script. */
export async function downloadReport(section, answer) {
  const style = await (await fetch("/page/page.css")).text();
  const shown = section.cloneNode(true);
  shown.querySelectorAll(".actions, .detail").forEach((each) => each.remove());
  shown.querySelectorAll(".chosen").forEach((each) => each.classList.remove("chosen"));
  shown.querySelectorAll("details").forEach((each) => each.setAttribute("open", ""));
  shown.querySelectorAll("button").forEach((each) => each.replaceWith(make("span", { class: each.className }, each.textContent)));
  const page = document.implementation.createHTMLDocument("A text, checked with tain");
  page.documentElement.lang = "en";
  page.head.append(
    make("meta", { charset: "utf-8" }),
    make("meta", { "http-equiv": "Content-Security-Policy", content: POLICY }),
    make("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    make("meta", { name: "color-scheme", content: "light dark" }),
    make("style", {}, style),
  );
  page.body.append(make("main", {}, make("h1", {}, "A text, checked with tain"), shown));
  save(`<!doctype html>\n${page.documentElement.outerHTML}\n`, `tain-${answer.id}.html`, "text/html");
}

/** Save a text under a name. */
export function save(text, name, type) {
  saveBlob(new Blob([text], { type: `${type};charset=utf-8` }), name);
}

/** Save what an address of the server gives; a link would send no key along. */
export async function saveFrom(path, name) {
  saveBlob(await (await ask(path)).blob(), name);
}

function saveBlob(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function copyBySelection(text) {
  const field = make("textarea", { class: "unseen", "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  return isCopied;
}
