import type { Kind } from "../kind";
import type { KindName } from "../state";
import { artifacts } from "./artifacts";
import { blobs } from "./blobs";
import { claims } from "./claims";
import { directories } from "./directories";
import { files } from "./files";
import { links } from "./links";
import { orders } from "./orders";
import { packages } from "./packages";
import { places } from "./places";
import { powers } from "./powers";
import { reports } from "./reports";
import { services } from "./services";
import { targets } from "./targets";
import { volumes } from "./volumes";

/** Every kind, in the order in which things are made; they go in reverse. */
export const kinds: readonly Kind[] = [packages, directories, blobs, artifacts, links, files, volumes, services, targets, reports, places, orders, powers, claims];

const byName = new Map(kinds.map((kind) => [kind.name, kind]));
export const kindOf = (name: KindName): Kind => byName.get(name)!;
