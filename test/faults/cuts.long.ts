import { cuts } from "./wire.ts";

/** NETBOOT_EVERY=8 is one packet in eight, for whoever has half an hour and not an afternoon. */
cuts(Infinity, { every: Number(process.env["NETBOOT_EVERY"] ?? 1) });
