// Making elements. Whatever comes from outside goes in as text, so nothing in it is ever run.

/** An element with attributes and children; children that are no elements become text, empty ones are left out. */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function byId(id) {
  return document.getElementById(id);
}

/** Put children into an element in place of those that it has. */
export function replace(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("--")) element.style.setProperty(name, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...present(children));
  return element;
}

function present(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== "");
}
