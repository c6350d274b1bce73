"use strict";
// One picture is shown at a time; the address after # names it (`#main`) or a card in it (`#main-main.greeting`).

const view = document.getElementById("view");
const search = document.getElementById("search");
const found = document.getElementById("found");
const sections = [...view.querySelectorAll("section")];
const cards = [...view.querySelectorAll("g.card")].map((card) => ({
  card,
  name: card.querySelector("title").textContent.split("\n", 1)[0],
  text: `${card.querySelector("title").textContent} ${card.textContent}`.toLowerCase(),
}));
const MOST_FOUND = 30;
let scale = 1;

function shown() {
  return sections.find((section) => !section.hidden);
}

function zoom(wanted, at) {
  const svg = shown().querySelector("svg");
  const before = svg.getBoundingClientRect();
  const point = at ?? { x: view.clientWidth / 2, y: view.getBoundingClientRect().top + view.clientHeight / 2 };
  const ratio = { x: (point.x - before.left) / before.width, y: (point.y - before.top) / before.height };
  scale = Math.min(3, Math.max(0.1, wanted));
  svg.setAttribute("width", svg.viewBox.baseVal.width * scale);
  svg.setAttribute("height", svg.viewBox.baseVal.height * scale);
  const after = svg.getBoundingClientRect();
  view.scrollLeft += after.left + ratio.x * after.width - point.x;
  view.scrollTop += after.top + ratio.y * after.height - point.y;
  document.getElementById("scale").textContent = `${Math.round(scale * 100)}%`;
}

/** The whole picture, never larger than it was drawn; not so small that its words cannot be read. */
function fit(least = 0.1) {
  const box = shown().querySelector("svg").viewBox.baseVal;
  zoom(Math.max(least, Math.min(1, view.clientWidth / box.width, view.clientHeight / box.height)));
  view.scrollTo(0, 0);
}

function show() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const target = named && view.contains(named) ? named : sections[0];
  const section = target.closest("section");
  const another = section !== shown();
  for (const each of sections) each.hidden = each !== section;
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", link.hash === `#${section.id}`);
  }
  for (const { card } of cards) card.classList.toggle("here", card === target);
  if (another || target === section) fit(0.55);
  if (target !== section) {
    if (scale < 0.7) zoom(1);
    target.scrollIntoView({ block: "center", inline: "center" });
  }
}

function find() {
  const words = search.value.toLowerCase().trim();
  const matches = words ? cards.filter(({ text }) => text.includes(words)).slice(0, MOST_FOUND) : [];
  found.replaceChildren(
    ...matches.map(({ card, name }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const title = document.createElement("b");
      title.textContent = name;
      link.href = `#${card.id}`;
      link.append(title, ` ${[...card.querySelectorAll(".said")].map((line) => line.textContent).join(" ")}`);
      item.append(link);
      return item;
    }),
  );
  if (words && !matches.length) {
    const nothing = document.createElement("li");
    nothing.textContent = found.dataset.nothing;
    found.append(nothing);
  }
  found.hidden = !words;
}

function speak(language) {
  document.documentElement.dataset.shown = language;
  document.documentElement.lang = language;
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}

document.getElementById("smaller").addEventListener("click", () => zoom(scale / 1.25));
document.getElementById("larger").addEventListener("click", () => zoom(scale * 1.25));
document.getElementById("fit").addEventListener("click", () => fit());
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => speak(button.dataset.language));
}
search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") found.querySelector("a")?.click();
  if (event.key === "Escape") found.hidden = true;
});
found.addEventListener("click", (event) => {
  if (event.target.closest("a")) found.hidden = true;
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("#finder")) found.hidden = true;
});
window.addEventListener("hashchange", show);

view.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(scale * Math.exp(-event.deltaY / 400), { x: event.clientX, y: event.clientY });
  },
  { passive: false },
);
view.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "+" || event.key === "=") zoom(scale * 1.25);
  else if (event.key === "-") zoom(scale / 1.25);
  else if (event.key === "0") fit();
});
// A drag on the ground moves the picture; on words it selects them.
view.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.pointerType === "touch" || event.target.closest("text, a")) return;
  const start = { x: event.clientX + view.scrollLeft, y: event.clientY + view.scrollTop };
  const move = (moved) => view.scrollTo(start.x - moved.clientX, start.y - moved.clientY);
  const end = () => {
    view.classList.remove("panning");
    view.removeEventListener("pointermove", move);
  };
  view.classList.add("panning");
  view.addEventListener("pointermove", move);
  window.addEventListener("pointerup", end, { once: true });
  window.addEventListener("pointercancel", end, { once: true });
});

show();
