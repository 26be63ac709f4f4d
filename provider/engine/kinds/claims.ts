import type { Kind } from "../kind";
import { sh } from "../sh";

/** What no one else on the master may have and no file stands for. The owner's record is all there is of it. */
export const claims: Kind<"claims", never> = {
  name: "claims",
  keys: "name",
  shared: false,
  stable: true,
  probe: sh`:`,
  parse: () => undefined as never,
  digest: () => "-",
  diff: () => undefined,
  observed: () => "",
  script: () => ({}),
};
