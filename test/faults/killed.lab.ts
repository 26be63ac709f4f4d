import { kills } from "./kills.ts";
import { labWorld } from "./labWorld.ts";

kills("on the wire to a real master", labWorld, { points: 1 });
