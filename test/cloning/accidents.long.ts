import { accidents } from "./accidents.ts";

const along = [0.05, 0.1, 0.2, 0.3, 0.3];
accidents({ power: 24, grown: 10, master: ["start", "disk", "claim", ...along, "verify", "finish"], cable: ["start", "disk", "claim", ...along, "verify", "finish"] });
