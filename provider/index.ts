/** What the constant `__provider` text of every resource requires at run time. */
export { provider } from "./pulumi/provider";
export { diagnose, type Diagnosis, type Planned } from "./pulumi/doctor";
export { discoveredMachines, type DiscoveredMachine, discoveredRows, type DiscoveringMaster, forgetDiscovered, machineNames } from "./pulumi/discovered";
export { named, type Named, patternFault, rows as namedRows, typescript, type Unnamed } from "./discovery/names";
export { machineStatus, type MachineStatus, type SiteStatus, statusRows } from "./pulumi/machines";
export { poweredMachines, type PoweredMachine, type PowerResult, type PowerVerb, switchMachines } from "./pulumi/power";
