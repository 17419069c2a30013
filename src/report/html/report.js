const at = (id) => document.getElementById(id);
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
for (const element of document.querySelectorAll(".scripted")) element.hidden = false;

const objects = at("objects");
const rules = at("rules");
const entries = [...objects.querySelectorAll("details")].map((element) => ({
  element,
  home: element.parentElement,
  rule: element.dataset.r,
  file: element.dataset.f,
  level: element.dataset.l,
  words: null,
}));
const sets = [...document.querySelectorAll(".set")].map((element) => ({ element, list: element.querySelector(".list") }));
const ruleLists = [...rules.querySelectorAll(".list")];
const wordsOf = (entry) => (entry.words ??= entry.element.textContent.toLowerCase());

// What is looked for.
const search = at("search");
const chosen = { rule: at("rule"), file: at("file") };
const levels = [...document.querySelectorAll("[data-level]")];
const clear = at("clear");
const open = at("open");
let shown = entries;

const relabel = () => {
  open.textContent = shown.length > 0 && shown.every(({ element }) => element.open) ? "Close all" : "Open all";
  open.disabled = shown.length === 0;
};
const apply = () => {
  const words = search.value.toLowerCase().split(/\s+/u).filter(Boolean);
  const off = new Set(levels.filter((button) => button.ariaPressed === "false").map((button) => button.dataset.level));
  const rule = chosen.rule?.value ?? "";
  const file = chosen.file?.value ?? "";
  shown = entries.filter((entry) =>
    !off.has(entry.level) && (rule === "" || entry.rule === rule) && (file === "" || entry.file === file)
    && (words.length === 0 || words.every((word) => wordsOf(entry).includes(word))));
  const found = new Set(shown);
  for (const entry of entries) entry.element.hidden = !found.has(entry);
  for (const { element, list } of sets) element.hidden = !list.querySelector(":scope > details:not([hidden])");
  at("none").hidden = shown.length > 0;
  clear.hidden = words.length === 0 && off.size === 0 && rule === "" && file === "";
  at("count").textContent = `${shown.length.toLocaleString("en")} of ${plural(entries.length, "finding")}`;
  relabel();
};
const reset = () => {
  search.value = "";
  for (const choice of Object.values(chosen)) if (choice) choice.value = "";
  for (const button of levels) button.ariaPressed = "true";
  apply();
};

// Typing is never waited for, however many rows there are.
let waiting = 0;
search.addEventListener("input", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(apply);
});
for (const choice of Object.values(chosen)) choice?.addEventListener("change", apply);
for (const button of levels) {
  button.addEventListener("click", () => {
    button.ariaPressed = button.ariaPressed === "true" ? "false" : "true";
    apply();
  });
}
clear.addEventListener("click", () => {
  reset();
  search.focus();
});
// A rule or a file of the tables above is one to choose.
for (const element of document.querySelectorAll(".pick")) {
  const choice = element.dataset.rule === undefined ? chosen.file : chosen.rule;
  if (!choice) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "pick";
  button.textContent = element.textContent;
  button.title = "Show only these findings";
  button.addEventListener("click", () => {
    choice.value = element.dataset.rule ?? element.dataset.file;
    apply();
    at("findings").scrollIntoView({ block: "start" });
    choice.focus({ preventScroll: true });
  });
  element.replaceWith(button);
}

// What is put together. The rows are moved, so that what is open stays open.
const byRule = at("by-rule");
const byObject = at("by-object");
const put = (together) => {
  const isByRule = together === "rule";
  for (const entry of entries) (isByRule ? ruleLists[Number(entry.rule)] : entry.home).append(entry.element);
  rules.hidden = !isByRule;
  objects.hidden = isByRule;
  byRule.ariaPressed = String(isByRule);
  byObject.ariaPressed = String(!isByRule);
  apply();
};
byRule.addEventListener("click", () => put("rule"));
byObject.addEventListener("click", () => put("object"));

open.addEventListener("click", () => {
  const isOpen = open.textContent === "Open all";
  for (const { element } of shown) element.open = isOpen;
  relabel();
});
let relabelling = 0;
for (const container of [objects, rules]) {
  container.addEventListener("toggle", () => {
    cancelAnimationFrame(relabelling);
    relabelling = requestAnimationFrame(relabel);
  }, true);
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "g" && !isTyping) {
    put(rules.hidden ? "rule" : "object");
  } else if (event.key === "Escape" && !clear.hidden) {
    event.preventDefault();
    reset();
  }
});

// On paper nothing can be opened.
const PRINTED = 200;
addEventListener("beforeprint", () => {
  for (const { element } of shown.slice(0, PRINTED)) {
    if (element.open) continue;
    element.open = true;
    element.dataset.printed = "";
  }
});
addEventListener("afterprint", () => {
  for (const { element } of entries) {
    if ("printed" in element.dataset) element.open = false;
    delete element.dataset.printed;
  }
});
apply();
