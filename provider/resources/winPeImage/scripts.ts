import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lines, raw, sh, type Sh } from "../../engine/sh";
import { templates } from "../../render";
import { hasUnknown, UNKNOWN } from "../../unknown";
import type { DriverFile, WinPeImage } from "./types";

const template = templates(__dirname);

interface Sent {
  sha256: string;
  size: number;
  path: string;
}

const driverFiles = ({ drivers }: WinPeImage): (DriverFile & { path: string; place: string })[] =>
  drivers.flatMap(({ path, files = [] }, i) => files.map((file) => ({ ...file, path: `${path}/${file.name}`, place: `netboot/drivers/${i}/${file.name}` })));

/** What is sent for the build, each content once; nothing of a file that nobody has described. */
export function uploads(input: WinPeImage): Sent[] {
  const { path, sha256, size, bcd, sdi, wim } = input.source;
  const iso = path !== undefined && !wim ? [{ path, sha256, size }] : [];
  const all = [bcd, sdi, wim, ...iso, ...driverFiles(input)].filter((file): file is Sent => file?.sha256 !== undefined && file.size !== undefined);
  return [...new Map(all.map(({ sha256, size, path }) => [sha256, { sha256, size, path }])).values()];
}

/** cmd.exe reads lines that end as on DOS. */
const dos = (text: string) => text.replace(/\r?\n|\r/g, "\n").replace(/\n*$/, "\n").replaceAll("\n", "\r\n");
const textOf = ({ startScript }: WinPeImage): string | undefined => (typeof startScript === "object" ? (startScript.text ?? "") : startScript);

/** What is put into the image: texts, and files of drivers, by their paths in it. winpeshl.exe (Winpeshl.ini, Windows PE's reference) starts the first of them in place of anything else. */
function added(input: WinPeImage): { texts: [place: string, text: string][]; files: [place: string, sha256: string][] } {
  const start = textOf(input);
  const files = driverFiles(input);
  if (start === undefined && !files.length) return { texts: [], files: [] };
  const begin = template("netboot.cmd.njk", { drivers: files.length > 0, start: start !== undefined });
  return {
    texts: [
      ["Windows/System32/winpeshl.ini", dos('[LaunchApps]\n"netboot.cmd"\n')],
      ["Windows/System32/netboot.cmd", dos(begin)],
      ...(start === undefined ? [] : [["netboot/start.cmd", dos(start)] as [string, string]]),
    ],
    files: files.map(({ place, sha256 }) => [place, sha256]),
  };
}

/** The script that makes the image's directory, and the digest of all that decides what comes of it. */
export function making(input: WinPeImage): { script: string; recipe: string } {
  const { name, source, index } = input;
  const { texts, files } = added(input);
  const { bcd, sdi, wim, path, master, sha256 } = source;
  const body: Sh[] = [
    sh`INDEX=${index === undefined ? "" : String(index)}`,
    wim ? sh`BCD=${bcd?.sha256 ?? ""} SDI=${sdi?.sha256 ?? ""} WIM=${wim.sha256 ?? ""}` : sh`SHA=${sha256 ?? ""}`,
    sh`additions() {
:`,
    ...texts.map(([place, text]) => sh`text ${place} ${Buffer.from(text).toString("base64")} || return 1`),
    ...files.map(([place, digest]) => sh`file ${place} ${digest} || return 1`),
    sh`}
ADDED=${texts.length || files.length ? "yes" : ""}`,
    raw(readFileSync(join(__dirname, "build.sh"), "utf8")),
  ];
  // Where an ISO image lies on the master changes nothing in what is made of it, and neither does the name.
  const text = lines(body).text;
  const recipe = hasUnknown([source, index, input.drivers, input.startScript]) ? UNKNOWN : createHash("sha256").update(text).digest("hex");
  return { script: lines([sh`NAME=${name} FROM=${wim ? "files" : path === undefined ? "master" : "iso"} WHERE=${master ?? ""}`, ...body]).text, recipe };
}
