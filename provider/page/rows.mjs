// How what is known of a machine becomes a row: for the page in a browser, and for `netboot status`. Pure, and plain JavaScript, so that neither needs it built.

/**
 * A machine's report (docs/cloning-protocol.md). It comes over an open network: nothing of it is more than a claim.
 * @typedef {object} Said
 * @property {string} [stage]
 * @property {number} [generation]
 * @property {number} [percent] Of the stage.
 * @property {number} [rate] Bytes a second.
 * @property {number} [eta] Seconds.
 * @property {string} [image]
 * @property {string} [disk]
 * @property {string} [error]
 * @property {string} [hostkey]
 * @property {string} [address]
 */

/**
 * @typedef {object} Known
 * @property {string} machine
 * @property {string} [boots] What it is assigned, in a few words.
 * @property {number} [generation] The generation that it is to have, or was ordered last.
 * @property {"none" | "waiting" | "claimed" | "done"} [order] What the master's ledger says, where that can be read.
 * @property {Said} [said]
 * @property {number} [age] Seconds since it said so.
 */

/**
 * @typedef {"failed" | "silent" | "busy" | "waiting" | "done" | "quiet"} Tone
 * @typedef {{ machine: string, boots: string, generation?: number, done?: number, stage: string, percent?: number, rate?: number, eta?: number, age?: number, note: string, tone: Tone }} Row
 * @typedef {Exclude<keyof Row, "tone">} Key
 */

/** Most bytes of a report; the web server takes no more. */
export const LIMIT = 4096;

/** Seconds after which a machine in the middle of something should have been heard again: it reports every two. */
export const SILENCE = 60;

export const UNREADABLE = "its report cannot be read";

/** @type {{ key: Key, name: string, number?: true }[]} */
export const COLUMNS = [
  { key: "machine", name: "Machine" }, { key: "boots", name: "Boots" }, { key: "generation", name: "Gen", number: true }, { key: "done", name: "Done", number: true },
  { key: "stage", name: "Stage" }, { key: "percent", name: "%", number: true }, { key: "rate", name: "MiB/s", number: true }, { key: "eta", name: "Left", number: true },
  { key: "age", name: "Heard", number: true }, { key: "note", name: "Disk or error" },
];

/** What needs a look comes first. @type {Tone[]} */
export const TONES = ["failed", "silent", "busy", "waiting", "done", "quiet"];

const TEXTS = /** @type {const} */ (["image", "disk", "error", "hostkey", "address"]);
/** Numbers, and the most that each can mean. */
const NUMBERS = /** @type {const} */ ({ generation: 1e9, percent: 100, rate: 1e12, eta: 1e8 });

/** No character that would do something on a terminal, or turn a line of writing around. @param {string} text */
const plain = (text) => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 500);

/**
 * Only what a report may hold; nothing where the text is none of this machine.
 * @param {string} text @param {string} machine
 * @returns {Said | undefined}
 */
export function understood(text, machine) {
  const raw = text.length <= LIMIT ? parsed(text) : undefined;
  if (!raw || typeof raw !== "object" || Array.isArray(raw) || (raw.machine !== undefined && raw.machine !== machine)) return undefined;
  const texts = TEXTS.flatMap((key) => (typeof raw[key] === "string" ? [[key, plain(raw[key])]] : []));
  const numbers = Object.entries(NUMBERS).flatMap(([key, most]) => (typeof raw[key] === "number" && raw[key] >= 0 && raw[key] <= most ? [[key, raw[key]]] : []));
  const stage = typeof raw.stage === "string" && /^[a-z][a-z-]{0,30}$/.test(raw.stage) ? { stage: raw.stage } : {};
  return { ...stage, ...Object.fromEntries([...texts, ...numbers]) };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Stages in which nothing moves. */
const STILL = ["done", "failed", "shell", "waiting", "claimed", "-"];

/** @param {Known} known @returns {Row} */
export function row({ machine, boots = "-", generation, order, said = {}, age }) {
  // What it said of an earlier generation is over: it has not begun with this one.
  const earlier = !!generation && said.generation !== undefined && said.generation < generation;
  const fresh = earlier ? {} : said;
  const stage = order === "done" ? "done" : (fresh.stage ?? (order === "claimed" ? "claimed" : generation && order !== "none" ? "waiting" : "-"));
  const done = order === "done" ? generation : said.stage === "done" ? said.generation : undefined;
  const moving = !STILL.includes(stage);
  return {
    machine, boots, ...(generation && { generation }), ...(done !== undefined && { done }), stage,
    ...(moving && { percent: fresh.percent, rate: fresh.rate, eta: fresh.eta }),
    ...(age !== undefined && { age }), note: fresh.error ?? fresh.disk ?? "",
    tone: stage === "failed" ? "failed" : moving ? ((age ?? 0) > SILENCE ? "silent" : "busy") : stage === "done" ? "done" : stage === "waiting" || stage === "claimed" ? "waiting" : "quiet",
  };
}

/** The texts of a row, in the order of COLUMNS. @param {Row} of @returns {string[]} */
export const cells = ({ machine, boots, generation, done, stage, percent, rate, eta, age, note, tone }) => [
  // What a color says on the page is said in words too.
  machine, boots, generation === undefined ? "-" : String(generation), done === undefined ? "-" : String(done), tone === "silent" ? `${stage}, silent` : stage, percent === undefined ? "-" : String(Math.floor(percent)),
  rate ? (rate / 2 ** 20).toFixed(1) : "-", eta === undefined ? "-" : span(eta), age === undefined ? "never" : `${span(age)} ago`, note,
];

/** Seconds as a person says them. @param {number} seconds */
export function span(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

const { compare } = new Intl.Collator("en", { numeric: true });

/** In order by one column, `desk-9` before `desk-10`; what is not known comes last either way; equals by name. @param {Row[]} rows @param {Key} key @param {boolean} down @returns {Row[]} */
export function sorted(rows, key, down) {
  const sign = down ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [one, other] = key === "stage" ? [TONES.indexOf(a.tone), TONES.indexOf(b.tone)] : [a[key], b[key]];
    if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined) || compare(a.machine, b.machine);
    return sign * (typeof one === "number" ? one - Number(other) : compare(one, String(other))) || compare(a.stage, b.stage) || compare(a.machine, b.machine);
  });
}

/** Does every word of the filter stand somewhere in the row? @param {Row} of @param {string} filter */
export function matches(of, filter) {
  const text = [of.tone, ...cells(of)].join(" ").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** How many there are of each tone. @param {Row[]} rows @returns {Record<Tone, number>} */
export const counts = (rows) => /** @type {Record<Tone, number>} */ (Object.fromEntries(TONES.map((tone) => [tone, rows.filter((one) => one.tone === tone).length])));
