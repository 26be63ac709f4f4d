/** What an unknown machine says of its hardware (provider/imaging/client/register). It comes over an open network: nothing of it is more than a claim. */
export interface Hardware {
  uuid?: string;
  serial?: string;
  maker?: string;
  model?: string;
  firmware?: string;
  version?: string;
  cpu?: string;
  cpus?: number;
  /** Bytes. */
  memory?: number;
  cards: Card[];
  disks: Disk[];
}

interface Card {
  name?: string;
  mac?: string;
  link?: boolean;
}

interface Disk {
  name?: string;
  serial?: string;
  wwn?: string;
  transport?: string;
  /** Bytes. */
  size?: number;
}

/** Most bytes, and most of a text, a card or a disk that are looked at. */
const LIMIT = 16384;
const LONGEST = 64;
const MOST = 32;

/** Only what such a report may hold, each as what it may be; nothing where the text is none of this machine. */
export function understood(text: string, mac: string): Hardware | undefined {
  const raw = text.length <= LIMIT ? parsed(text) : undefined;
  if (!isFields(raw) || (raw.mac !== undefined && raw.mac !== mac)) return undefined;
  return {
    ...texts(raw, ["uuid", "serial", "maker", "model", "firmware", "version", "cpu"]),
    ...numbers(raw, { cpus: 1e5, memory: 2 ** 50 }),
    cards: list(raw.cards).map((card) => ({ ...texts(card, ["name", "mac"]), ...(typeof card.link === "boolean" && { link: card.link }) })),
    disks: list(raw.disks).map((disk) => ({ ...texts(disk, ["name", "serial", "wwn", "transport"]), ...numbers(disk, { size: 2 ** 60 }) })),
  };
}

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => !!value && typeof value === "object" && !Array.isArray(value);
const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.slice(0, MOST).filter(isFields) : []);

/** No character that would do something on a terminal, or turn a line of writing around. */
const plain = (text: string) => text.slice(0, LONGEST).replace(/[^\x20-\x7e]/g, "?").trim();

const texts = <K extends string>(raw: Fields, keys: K[]): Partial<Record<K, string>> =>
  Object.fromEntries(keys.flatMap((key) => (typeof raw[key] === "string" && plain(raw[key]) ? [[key, plain(raw[key])]] : []))) as Partial<Record<K, string>>;

const numbers = <K extends string>(raw: Fields, most: Record<K, number>): Partial<Record<K, number>> =>
  Object.fromEntries(Object.entries<number>(most).flatMap(([key, limit]) => (typeof raw[key] === "number" && raw[key] >= 0 && raw[key] <= limit ? [[key, Math.floor(raw[key])]] : []))) as Partial<Record<K, number>>;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As in "512 GB": what is printed on a disk. */
const size = (bytes: number) => (bytes >= 1e12 ? `${(bytes / 1e12).toFixed(1)} TB` : bytes >= 1e9 ? `${Math.round(bytes / 1e9)} GB` : `${Math.round(bytes / 1e6)} MB`);

/** In a few words each, as a table and a line beside a program have room for. */
export const words = {
  model: ({ maker, model }: Hardware) => [maker, model].filter(Boolean).join(" ") || "-",
  memory: ({ memory }: Hardware) => (memory === undefined ? "-" : `${(memory / 2 ** 30).toFixed(1)} GiB`),
  cpu: ({ cpu, cpus }: Hardware) => [cpus && `${cpus} x`, cpu].filter(Boolean).join(" ") || "-",
  firmware: ({ firmware }: Hardware) => firmware ?? "-",
  disks: ({ disks }: Hardware) => disks.map(({ name = "?", size: bytes, serial }) => `${name} ${bytes === undefined ? "?" : size(bytes)}${serial ? ` (${serial})` : ""}`).join(", ") || "none",
};
