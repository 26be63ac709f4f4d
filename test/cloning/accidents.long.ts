import { accidents } from "./accidents.ts";

/** NETBOOT_EVERY=3 is a third of them, spread over the whole clone all the same, for whoever has an hour and not an evening. */
const every = Number(process.env["NETBOOT_EVERY"] ?? 1);
const some = <T>(points: T[]) => points.filter((_, i) => i % every === 0);
const along = [0.05, 0.1, 0.2, 0.3, 0.3];
const points = some(["start", "disk", "claim", ...along, "verify", "finish"]);
accidents({ power: Math.ceil(24 / every), grown: Math.ceil(10 / every), master: points, cable: points });
