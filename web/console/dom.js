/** Elements: found, made and changed no more than needed. Text goes in as text, never as HTML. */

/** @param {string} id @returns {HTMLElement} */
export function at(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element #${id}`);
  return element;
}

/** Writes only what differs, so that a reader's place and selection stay. @param {Element} element @param {string} value */
export function put(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/**
 * @param {string} tag
 * @param {string} [className]
 * @param {...(Node | string)} children
 */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/**
 * Brings a table's rows in line with items, in order, keeping the rows that stay.
 * @template T
 * @param {HTMLElement} body
 * @param {T[]} items
 * @param {{key: (item: T) => string, cells: () => HTMLElement[], fill: (row: HTMLElement, item: T) => void, leave?: (row: HTMLElement) => void}} how
 */
export function syncRows(body, items, { key, cells, fill, leave = (row) => row.remove() }) {
  const rows = new Map(/** @type {HTMLElement[]} */ ([...body.children]).map((row) => [row.dataset.key, row]));
  const wanted = items.map((item) => {
    let row = rows.get(key(item));
    rows.delete(key(item));
    if (!row) {
      row = make("tr", "new", ...cells());
      row.dataset.key = key(item);
    }
    row.classList.remove("gone");
    fill(row, item);
    return row;
  });
  for (const row of rows.values()) leave(row);
  let next = body.firstElementChild;
  for (const row of wanted) {
    while (next?.classList.contains("gone")) next = next.nextElementSibling; // who is leaving keeps its place meanwhile
    if (row === next) next = next.nextElementSibling;
    else body.insertBefore(row, next);
  }
}

/** The element of a row that `cells` marked with this part name. @param {HTMLElement} row @param {string} name */
export function part(row, name) {
  return /** @type {HTMLElement} */ (row.querySelector(`[data-part="${name}"]`));
}

/** @param {string} tag @param {string} name @param {string} [className] */
export function named(tag, name, className) {
  const element = make(tag, className);
  element.dataset.part = name;
  return element;
}
