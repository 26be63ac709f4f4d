import { matrix } from "./matrix.ts";
import { plain, volumeLives } from "./volumeLives.ts";

// A taste for daily work; `npm run test:long` runs volumeFaults.long.ts.
matrix(volumeLives, { messages: "some", tools: 300, plain });
