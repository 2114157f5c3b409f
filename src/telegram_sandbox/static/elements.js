/** The page's elements by id, and helpers that create new ones. */

export const all = (selector) => [...document.querySelectorAll(selector)];
export const page = Object.fromEntries(all("[id]").map((node) => [node.id, node]));

/** Creates an element; falsy children are left out, strings become text. */
export function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(Boolean));
  return element;
}

export const div = (className, ...children) => make("div", { className }, ...children);

export function makeIcon(name) {
  const space = "http://www.w3.org/2000/svg";
  const [svg, use] = ["svg", "use"].map((tag) => document.createElementNS(space, tag));
  use.setAttribute("href", `/static/icon.svg#${name}`);
  svg.ariaHidden = "true";
  svg.append(use);
  return svg;
}

export const makeButton = (className, onclick, ...children) =>
  make("button", { type: "button", className, onclick }, ...children);

export const makeIconButton = (name, label, onclick) =>
  Object.assign(makeButton("icon", onclick, makeIcon(name)), { title: label, ariaLabel: label });
