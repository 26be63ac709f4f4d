import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HTTP } from "../../boot/script";
import { INCOMING } from "../../engine/kinds/blobs";
import { lines, raw, sh } from "../../engine/sh";

/** Where the bytes come from, as ingest.sh knows it: an upload, blocks of an upload, a URL, or a file on the master. */
export type From = { from: "file" | "blocks" } | { from: "url" | "master"; where: string };

const texts = new Map<string, string>();
function text(name: string): string {
  const known = texts.get(name);
  if (known !== undefined) return known;
  const read = readFileSync(join(__dirname, name), "utf8");
  texts.set(name, read);
  return read;
}

/** The script that makes an image's directory out of its source; beside it lie the one that clears its chunks away, and the one that says whether a machine may still fetch them. */
export function ingest(name: string, sha256: string, source: From, size?: number): string {
  const remove = lines([sh`SHA=${sha256} HTTP=${HTTP} IN=${INCOMING}`, raw(text("sweep.sh"))]).text;
  const check = lines([sh`HTTP=${HTTP}`, raw(text("check.sh"))]).text;
  const busy = lines([sh`SHA=${sha256} HTTP=${HTTP}`, raw(text("busy.sh"))]).text;
  return lines([
    sh`NAME=${name} SHA=${sha256} HTTP=${HTTP} FROM=${source.from} WHERE=${"where" in source ? source.where : ""} EXPECTED=${size ?? ""}`,
    sh`PART_SH=${text("part.sh")} TABLE_AWK=${text("table.awk")}`,
    sh`printf %s ${remove} >"$OUT/.remove" && printf %s ${check} >"$OUT/.check" && printf %s ${busy} >"$OUT/.busy" || exit 1`,
    raw(text("ingest.sh")),
  ]).text;
}
