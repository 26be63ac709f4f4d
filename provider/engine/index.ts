export { createEngine, engineFor, type Engine, type EngineCounts, type EngineOptions } from "./engine";
export type { Result } from "./rounds";
export { EngineError, type Trouble } from "./errors";
export type { Finding } from "./checks";
export type { Change } from "./kind";
export type { Observed } from "./observe";
export * from "./state";
