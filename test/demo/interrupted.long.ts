// Ctrl-C of the demo at every telling moment, through npm as a person starts it. demo.lab.ts has the two that are most likely to leave something.
import { test } from "node:test";
import { interrupt, moments } from "./interrupt.ts";

for (const moment of Object.keys(moments) as (keyof typeof moments)[])
    test(`Ctrl-C while ${moment} leaves nothing behind`, () => interrupt(moment, "npm run demo"));
