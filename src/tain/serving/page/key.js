// Asking for an API key, where the server wants one.

import { byId, replace } from "./dom.js";
import { hasKey, useKey } from "./server.js";

/** Show the field for the key; `again` is called once there is one. */
export function askForKey(error, again) {
  replace(byId("key-problem"), hasKey() ? error.message : "");
  byId("key-form").hidden = false;
  byId("key-form").onsubmit = (event) => {
    event.preventDefault();
    useKey(byId("key").value.trim());
    byId("key").value = "";
    again();
  };
  byId("key").focus();
}

export function keyIsGood() {
  byId("key-form").hidden = true;
}
