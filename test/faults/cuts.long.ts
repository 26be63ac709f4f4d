import { cuts } from "./wire.ts";

cuts(Infinity);
