import { volumes } from "../kinds/volumes";
import { base } from "../paths";
import { entry } from "../record";
import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Volume = Extract<Check, { check: "volume" }>;

const sized = (bytes: number): string => (bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`);

/** How much is on it, all that is kept of it, and how many are copies of it? The probe has asked already. */
export const volume: Question<Volume> = {
  ask: () => sh`:`,
  judge({ path }, _answer, { seen }) {
    const line = seen.get(entry("volumes", path));
    const { generation = 0, size = 0, used = 0, children = [] } = line === undefined ? {} : volumes.parse(line.split("\t"));
    if (!generation || !size) return { ok: true, what: `the volume ${base(path)} is not there${generation ? " any more" : " yet"}` };
    return { ok: true, what: `the volume ${base(path)} holds ${sized(used)} of ${sized(size)}; ${children.length} ${children.length === 1 ? "volume is a copy" : "volumes are copies"} of it` };
  },
};
