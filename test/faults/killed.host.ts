import { fastWorld } from "./fastWorld.ts";
import { kills } from "./kills.ts";

kills("from a fast host, when all is done and nobody has heard of it", fastWorld("exit"));
