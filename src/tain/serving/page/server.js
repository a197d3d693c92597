// Asking the server. The key lives in this module's memory and nowhere else.

let key = null;

/** What the server said instead of an answer. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export function useKey(value) {
  key = value;
}

export function hasKey() {
  return key !== null;
}

export async function getJson(path) {
  return (await ask(path)).json();
}

/** Where the server has more than the pages need, they offer more. */
export async function addresses() {
  return Object.keys((await getJson("/openapi.json")).paths);
}

export async function postJson(path, body, signal) {
  const headers = { "Content-Type": "application/json" };
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(body), signal })).json();
}

/** An answer that is good, or `Refused` with the server's own words. */
export async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(key === null ? {} : { Authorization: `Bearer ${key}` }) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Is it still running?", 0);
  }
  if (!answer.ok) throw new Refused(await reason(answer), answer.status);
  return answer;
}

async function reason(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return `The server answered with ${answer.status} and no reason.`;
  }
}
