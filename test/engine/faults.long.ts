import { lives } from "./fault.ts";
import { matrix } from "./matrix.ts";

matrix(lives, { messages: "all", tools: 1 });
