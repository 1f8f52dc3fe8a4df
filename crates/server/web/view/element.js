// Owns how elements are made: from text and elements only, never from markup.

/** An element with properties, attributes (names with a dash) and children (texts or elements). */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.includes("-")) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** The element of the page with this id; the page has every id that the modules name. */
export function byId(id) {
  return document.getElementById(id);
}

/** A letter or two in one of eight tints, the same for the same user everywhere. */
export function avatar(user, name) {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const letters = words.slice(0, 2).map((word) => [...word][0]).join("");
  let hash = 0;
  for (const character of user) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
  return element("span", { className: `avatar tint-${hash % 8}`, "aria-hidden": "true" }, letters.toUpperCase());
}
