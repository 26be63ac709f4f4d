import { accidents } from "./accidents.ts";

accidents({ power: 4, grown: 2, master: ["claim", 0.3], cable: [0.3] });
