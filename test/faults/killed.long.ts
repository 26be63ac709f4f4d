import { fastWorld } from "./fastWorld.ts";
import { kills } from "./kills.ts";
import { labWorld } from "./labWorld.ts";

kills("to a fast host, before anything is begun", fastWorld("exec"));
kills("to a fast host, with its script on the way", fastWorld("in"));
kills("from a fast host, in the middle of its script's words", fastWorld("out"));
/** NETBOOT_EVERY=8 is one packet in eight, for whoever has half an hour and not an afternoon. */
kills("on the wire to a real master", labWorld, { every: Number(process.env["NETBOOT_EVERY"] ?? 1) });
