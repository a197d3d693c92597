// Files that people open or drop.

import { ask, Refused } from "./server.js";

const PLAIN = /\.(txt|text|md|markdown)$/i;
export const UPLOAD = "/v1/check/file";

export const isPlain = (file) => PLAIN.test(file.name) || file.type === "text/plain" || file.type === "text/markdown";

/** The text of a plain file, read here. */
export async function readPlain(file) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Refused(`${file.name} is no UTF-8 text. Save it as UTF-8, or copy its text and paste it.`, 0);
  }
}

/** A file of another kind, read and checked by the server. */
export async function checkFile(file, settings, signal) {
  const form = new FormData();
  form.append("file", file);
  for (const [name, value] of Object.entries(settings)) if (value !== null) form.append(name, value);
  return (await ask(UPLOAD, { method: "POST", body: form, signal })).json();
}
