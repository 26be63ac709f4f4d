// What the page asks of the master: two listings of nginx's, and the files that have changed since.
import { LIMIT, understood } from "./rows.mjs";

/** Most reports that one look fetches again; who was not looked at for longest comes first. */
const MOST = 100;
/** Most bytes of what a resource declares: ten thousand machines of a Fleet. */
const DECLARED = 4 << 20;
/** Requests on their way together: as many connections as browsers open to one server. */
const TOGETHER = 6;
const PATIENCE = 15_000;

/** An answer that says no, in words for whoever looks at the page. */
class Refused extends Error {}

/** Why a look has failed, in words that are the same in every browser. */
export function inWords(error) {
  if (error instanceof Refused) return error.message;
  if (error.name === "TimeoutError") return `The master has not answered for ${PATIENCE / 1000} s.`;
  return error instanceof SyntaxError ? "What the master answers cannot be read." : `The master does not answer (${error.message}).`;
}

/** What is known, by name: `declared` by file, `reports` by machine. `said` is nothing where the report cannot be read. */
export const memory = () => ({ declared: new Map(), reports: new Map(), requests: 0, bytes: 0 });

/** The page as the master has it now, with the digest of all that belongs to it. */
export const page = (known) => read(known, "./", 64 << 10);

/** Looks once: all machines that resources declare, with what each said last and how long ago by the master's clock. */
export async function look(known) {
  const [declared, reports] = await Promise.all([listing(known, "assigned/", ({ type, name }) => type === "file" && name.endsWith(".json")), listing(known, "reports/", ({ type }) => type === "directory")]);
  await renew(known.declared, declared, Infinity, async (name) => machinesIn(await read(known, `assigned/${encodeURIComponent(name)}`, DECLARED)));
  const machines = new Map([...known.declared.values()].flatMap(({ value }) => Object.entries(value)));
  const wanted = { ...reports, entries: reports.entries.filter(({ name }) => machines.has(name)) };
  await renew(known.reports, wanted, MOST, async (name) => {
    const text = await read(known, `reports/${encodeURIComponent(name)}/status`, LIMIT);
    // A place that nothing was put into yet.
    return text === undefined ? undefined : { said: understood(text, name) };
  });
  const said = new Map([...known.reports].flatMap(([name, { value, time }]) => (value ? [[name, { ...value, age: Math.max(0, (reports.now - time) / 1000) }]] : [])));
  return {
    machines: [...machines].map(([machine, { boots, generation }]) => ({ machine, boots, generation, ...said.get(machine) })),
    unreadable: [...said].flatMap(([name, one]) => (one.said ? [] : [name])),
    unknown: reports.entries.length - wanted.entries.length,
  };
}

/** Fetches what is new or has another time or size, and forgets what is gone. A time of this very second may be that of the file's next writing as well: it is looked at again. */
async function renew(values, { entries, now }, most, fetched) {
  const there = new Set(entries.map(({ name }) => name));
  for (const name of values.keys()) if (!there.has(name)) values.delete(name);
  const due = entries.filter(({ name, time, size }) => ((known) => !known || known.time !== time || known.size !== size || known.unsure)(values.get(name)));
  due.sort((a, b) => (values.get(a.name)?.looked ?? 0) - (values.get(b.name)?.looked ?? 0));
  const [first, again] = [due.filter(({ name }) => !values.has(name)), due.filter(({ name }) => values.has(name))];
  const queue = [...first, ...again.slice(0, most)];
  const worker = async () => {
    for (let one = queue.shift(); one; one = queue.shift()) values.set(one.name, { value: await fetched(one.name), time: one.time, size: one.size, looked: now, unsure: now - one.time < 1000 });
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
}

/** A folder as nginx lists it: `[{ "name", "type", "mtime", "size" }]`. */
async function listing(known, path, wanted) {
  const response = await ask(known, path);
  if (response.status === 404 && path === "assigned/") throw new Refused("The master has no page any more.");
  // A master without an imaging system has no reports.
  if (response.status === 404) return { entries: [], now: Date.now() };
  const list = JSON.parse(await body(known, response, 16 << 20));
  return { entries: list.filter(wanted).map(({ name, mtime, size }) => ({ name, size, time: Date.parse(mtime) })), now: Date.parse(response.headers.get("date")) };
}

/** A file's text; nothing where it is gone, or none that could be right. */
async function read(known, path, most) {
  const response = await ask(known, path);
  return response.status === 404 ? undefined : body(known, response, most);
}

async function ask(known, path) {
  known.requests++;
  // With what the browser has of it: the master answers 304 where that is still right.
  const response = await fetch(path, { cache: "no-cache", credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(PATIENCE) });
  if (response.status === 403) throw new Refused("The master does not show the page to this computer: page.allow does not name its address.");
  if (!response.ok && response.status !== 404) throw new Refused(`The master answers ${response.status} to ${path}.`);
  return response;
}

/** As text, up to what it may have; of what is longer, so much that it is seen to be too long. */
async function body(known, response, most) {
  const decoder = new TextDecoder();
  let text = "";
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    known.bytes += value.length;
    text += decoder.decode(value, { stream: true });
    if (text.length > most) {
      await reader.cancel();
      return text;
    }
  }
}

/** `{ "machines": { "desk-01": { "boots": "clone classroom", "generation": 3 } } }` */
function machinesIn(text) {
  const machines = text === undefined ? {} : JSON.parse(text).machines;
  return Object.fromEntries(Object.entries(machines).map(([name, { boots, generation }]) => [name, { boots: String(boots), ...(Number.isInteger(generation) && { generation }) }]));
}
