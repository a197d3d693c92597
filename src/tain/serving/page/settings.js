// The controls: which detector, how sure a flag must be, and how many texts are thought to be AI.

import { byId, make, replace } from "./dom.js";
import { odds, pointMeaning } from "./wording.js";

let cards = [];

/** Offer what the server's detectors can do; `onChange` is told of each choice. */
export function offer(models, onChange) {
  cards = models.filter((each) => each.can_check);
  replace(byId("model"), ...cards.map((each) => make("option", { value: each.id }, `${each.id} ${each.version}`)));
  byId("model-field").hidden = cards.length < 2;
  byId("model").onchange = () => {
    offerPoints(onChange);
    onChange();
  };
  byId("prior").onchange = () => {
    if (chosenPrior() === null) byId("prior").value = 50;
    onChange();
  };
  if (cards.length) offerPoints(onChange);
}

/** The detector that is chosen; undefined where the server has none. */
export function chosenCard() {
  return cards.find((each) => each.id === byId("model").value) ?? cards[0];
}

/** What a request says beside its text. */
export function chosen() {
  return { model: chosenCard().id, target_fpr: chosenPoint().target_fpr, prior: chosenPrior() };
}

function chosenPrior() {
  const share = Number(byId("prior").value) / 100;
  return share > 0 && share < 1 ? share : null;
}

function chosenPoint() {
  const value = document.querySelector("input[name=point]:checked").value;
  return chosenCard().operating_points.find((point) => String(point.target_fpr) === value);
}

function offerPoints(onChange) {
  const { operating_points: points, default_fpr: usual } = chosenCard();
  const choices = points.map((point) =>
    make(
      "label",
      { class: "choice" },
      make("input", {
        type: "radio",
        name: "point",
        value: point.target_fpr,
        checked: point.target_fpr === usual,
        "aria-describedby": "point-hint",
      }),
      make("span", {}, odds(point.target_fpr), point.target_fpr === usual ? make("small", {}, "usual") : ""),
    ),
  );
  const box = replace(document.querySelector("#points .choices"), ...choices);
  box.onchange = () => {
    explain();
    onChange();
  };
  explain();
}

function explain() {
  replace(byId("point-hint"), pointMeaning(chosenPoint()));
}
