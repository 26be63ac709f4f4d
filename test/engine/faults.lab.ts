import { matrix } from "./matrix.ts";

matrix({ messages: "all", tools: 25 });
