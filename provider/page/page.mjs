// The page: reads, never writes. Every text goes into it as text.
import { cells, COLUMNS, counts, matches, row, sorted, TONES, UNREADABLE } from "./rows.mjs";
import { inWords, look, memory, page } from "./source.mjs";

/** Seconds between two looks at the master, and looks between two at the page itself: one that stays open for weeks is not to stay an old one. */
const PACE = 3, RENEWAL = 20;

const by = (id) => document.getElementById(id);
const known = memory();
/** Elements of machines, by name: a row stays the same element, so that nothing flickers and a selection stays. */
const elements = new Map();
/** What the address of the page holds behind its `#`, so that a screen on the wall can keep its view. */
const view = { sort: "stage", down: false, filter: "", tone: "" };
let rows = [];
/** When the master was last seen, by this computer's clock. */
let lately = "";

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
function mark(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
function made(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** The row of a machine: a cell for each column, in `%` a bar before the number. */
function elementOf(machine) {
  const there = elements.get(machine);
  if (there) return there;
  const tr = made("tr", {}, ...COLUMNS.map(({ key, number }) => made("td", { className: `${key}${number ? " number" : ""}` }, ...(key === "percent" ? [made("progress", { max: 100, hidden: true })] : []), "")));
  const texts = [...tr.children].map((td) => td.appendChild(document.createTextNode("")));
  const one = { tr, texts, bar: tr.querySelector("progress") };
  elements.set(machine, one);
  return one;
}

function show() {
  const shown = sorted(rows.filter((one) => (!view.tone || one.tone === view.tone) && matches(one, view.filter)), view.sort, view.down);
  const body = by("rows");
  let at = body.firstChild;
  for (const one of shown) {
    const { tr, texts, bar } = elementOf(one.machine);
    cells(one).forEach((text, i) => put(texts[i], text));
    mark(tr, "class", one.tone);
    bar.hidden = one.percent === undefined;
    if (one.percent !== undefined) bar.value = one.percent;
    if (tr === at) at = at.nextSibling;
    else body.insertBefore(tr, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  const there = new Set(rows.map(({ machine }) => machine));
  for (const name of elements.keys()) if (!there.has(name)) elements.delete(name);
  by("none").hidden = shown.length > 0;
  put(by("none"), nobody());
  const each = counts(rows);
  for (const tone of TONES) {
    const button = by(`tone-${tone}`);
    put(button.firstChild, lately ? String(each[tone]) : "-");
    mark(button, "class", each[tone] ? tone : `${tone} zero`);
    mark(button, "aria-pressed", String(view.tone === tone));
  }
  for (const { key } of COLUMNS) {
    const th = by(`column-${key}`);
    if (view.sort === key) mark(th, "aria-sort", view.down ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  }
}

/** Why no row is there. Before the first look that is not known. */
function nobody() {
  if (!lately) return "Asking the master\u2026";
  if (!rows.length) return "No resource of this master declares a machine.";
  return `${view.tone && !view.filter.trim() ? `No machine is ${view.tone} now.` : "No machine fits the filter."} Esc shows all.`;
}

function changed(change) {
  Object.assign(view, change);
  if (by("filter").value !== view.filter) by("filter").value = view.filter;
  show();
  const words = new URLSearchParams(Object.entries(view).flatMap(([key, value]) => (value ? [[key, String(value)]] : [])));
  // Last: a browser may refuse the hundredth in half a minute.
  history.replaceState(null, "", `#${words}`);
}

/** What is behind the `#`, as far as it means anything. */
function wished() {
  const words = new URLSearchParams(location.hash.slice(1));
  const [sort, tone] = [words.get("sort"), words.get("tone")];
  return {
    sort: COLUMNS.some(({ key }) => key === sort) ? sort : "stage", down: words.get("down") === "true",
    filter: (words.get("filter") ?? "").slice(0, 100), tone: TONES.includes(tone) ? tone : "",
  };
}

function set() {
  put(by("master"), location.hostname);
  by("columns").append(...COLUMNS.map(({ key, name, number }) => {
    const button = made("button", { type: "button", onclick: () => changed({ sort: key, down: view.sort === key && !view.down }) }, name);
    return made("th", { id: `column-${key}`, scope: "col", className: number ? "number" : "" }, button);
  }));
  by("tones").append(...TONES.map((tone) => made("button", { type: "button", id: `tone-${tone}`, onclick: () => changed({ tone: view.tone === tone ? "" : tone }) }, made("b", {}, "0"), tone)));
  by("filter").oninput = ({ target }) => changed({ filter: target.value });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== by("filter") && !event.ctrlKey && !event.metaKey && !event.altKey) (event.preventDefault(), by("filter").focus());
    if (event.key === "Escape") changed({ filter: "", tone: "" });
  });
  addEventListener("hashchange", () => changed(wished()));
  changed(wished());
}

/** In words, which reports were ignored. */
function ignored({ unreadable, unknown }) {
  // Reports come in any order: names that change places at each look cannot be read.
  const named = unreadable.length ? `${unreadable.length} that cannot be read (${[...unreadable].sort().slice(0, 5).join(", ")}${unreadable.length > 5 ? ", …" : ""})` : "";
  return [named, unknown ? `${unknown} of machines that no resource of this master declares` : ""].filter(Boolean).join("; ").replace(/^./, "Reports ignored: $&");
}

async function round() {
  try {
    const [before, bytes] = [known.requests, known.bytes];
    const seen = await look(known);
    rows = seen.machines.map((one) => row("said" in one ? { ...one, said: one.said ?? { error: UNREADABLE } } : one));
    put(by("ignored"), ignored(seen));
    lately = new Date().toTimeString().slice(0, 8);
    put(by("cost"), `Last look at ${lately}: ${known.requests - before} requests, ${Math.ceil((known.bytes - bytes) / 1024)} KiB unpacked.`);
    by("trouble").hidden = true;
    document.body.classList.remove("stale");
    show();
    document.body.dataset.looks = String(Number(document.body.dataset.looks ?? 0) + 1);
  } catch (error) {
    put(by("trouble"), `${inWords(error)} ${lately ? `What is shown is from ${lately}; the` : "The"} page goes on trying.`);
    by("trouble").hidden = false;
    by("none").hidden ||= !lately;
    document.body.classList.add("stale");
  }
}

/** Where the master has another page by now, that takes the place of this one: what is behind the `#` stays. */
async function renewed() {
  const own = document.querySelector("meta[name=version]").content;
  const now = await page(known).catch(() => undefined);
  if (now !== undefined && !now.includes(`name="version" content="${own}"`)) location.reload();
}

/** A page that nobody sees asks nothing. */
const seen = () => (document.hidden ? new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true })) : undefined);

set();
for (let looks = 0; ; looks++) {
  await seen();
  await round();
  if (looks % RENEWAL === 0) await renewed();
  await new Promise((resolve) => setTimeout(resolve, PACE * 1000));
}
