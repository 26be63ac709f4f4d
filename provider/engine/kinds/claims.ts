import { overlap, type Span, subnet } from "../../net";
import type { Kind } from "../kind";
import { sh } from "../sh";

const SUBNET = "subnet ";
const spanOf = (key: string): Span | undefined => (key.startsWith(SUBNET) ? subnet(key.slice(SUBNET.length)) : undefined);

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
  excludes(key) {
    const span = spanOf(key);
    return span && ((other) => overlap(spanOf(other) ?? { first: Infinity, last: -Infinity }, span));
  },
  script: () => ({}),
};
