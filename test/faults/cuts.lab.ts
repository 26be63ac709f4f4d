import { cuts } from "./wire.ts";

cuts(2, { daemons: true });
