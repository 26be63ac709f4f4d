import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Image = Extract<Check, { check: "image" }>;

/** Is an image of the size that the program says? One that is not there yet is asked when it is taken in. */
export const image: Question<Image> = {
  ask: ({ path }) => sh`sed -n 's/^size //p' ${path}/index`,
  judge({ name, size }, answer) {
    const is = Number(answer.trim());
    if (!is) return { ok: true, what: `image ${name} is not there yet` };
    if (is === size) return { ok: true, what: `image ${name} is of a disk of ${size} bytes` };
    return { ok: false, what: `image ${name} is of a disk of ${is} bytes, and not of ${size} as the program says`, mend: `Say size: ${is}, or take another file.` };
  },
};
