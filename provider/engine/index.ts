export { createEngine, engineFor, type Engine, type EngineCounts, type EngineOptions, type Result } from "./engine";
export { EngineError, type Trouble } from "./errors";
export type { Finding } from "./checks";
export type { Change } from "./kind";
export type { Observed } from "./observe";
export * from "./state";
