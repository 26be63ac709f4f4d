import { lives } from "./fault.ts";
import { matrix } from "./matrix.ts";

// A taste for daily work; `npm test` runs faults.lab.ts, `npm run test:long` faults.long.ts.
matrix(lives, { messages: "some", tools: 300 });
