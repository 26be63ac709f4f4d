import { sh } from "../sh";
import type { Question } from "./index";

/** Is it of the Debian family, with the tools that every Debian has? The probe has asked already. */
export const debian: Question = {
  ask: () => sh`:`,
  judge(_check, _answer, { os, missing }) {
    const name = [os.id, os.version].filter(Boolean).join(" ") || "unknown";
    if (![os.id, ...(os.like ?? "").split(" ")].includes("debian"))
      return { ok: false, what: `the system is ${name}, not of the Debian family`, mend: "Use Debian 12 or 13, or a system derived from Debian." };
    if (missing.length > 0) return { ok: false, what: `${name} lacks ${missing.join(", ")}`, mend: `Install what brings ${missing.length === 1 ? "it" : "them"}.` };
    return { ok: true, what: `the system is ${name}` };
  },
};
