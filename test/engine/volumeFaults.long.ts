import { matrix } from "./matrix.ts";
import { plain, volumeLives } from "./volumeLives.ts";

matrix(volumeLives, { messages: "all", tools: 5, plain });
